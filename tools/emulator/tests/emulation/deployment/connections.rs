//! How connections end that nothing is wrong with.

use emulator::deployment::Behaviour;

use super::client::{Call, Connection, Setup, bounded};

/// Whether a connection was closed in order.
async fn is_closed(connection: &mut Connection) -> bool {
    let broken = connection.answer().await.unwrap_err();
    broken.bytes.is_empty() && broken.error.is_none()
}

#[tokio::test]
async fn a_connection_is_closed_after_an_answer_that_did_not_announce_it() {
    let setup = Setup::new().await;
    let mut connection = setup.connect().await;
    setup.deployment.behave(Behaviour::CloseAfter);
    let answer = connection.call(&setup.sign(Call::PREDICT)).await.unwrap();
    assert_eq!((answer.status, answer.header("connection")), (200, None));
    assert!(is_closed(&mut connection).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_connections_are_closed_on_demand_and_new_ones_are_served() {
    let setup = Setup::new().await;
    for _ in 0..20 {
        let mut connections = [setup.connect().await, setup.connect().await];
        for connection in &mut connections {
            assert_eq!(connection.call(&setup.sign(Call::PREDICT)).await.unwrap().status, 200);
        }
        bounded(setup.deployment.close_idle()).await;
        for connection in &mut connections {
            assert!(is_closed(connection).await);
        }
    }
    assert_eq!(setup.deployment.connections(), 40);
}

#[tokio::test]
async fn a_connection_with_a_request_under_way_is_not_waited_for() {
    let setup = Setup::new().await;
    let half = setup.call(Call::PREDICT).await.half();
    let chunk = [&half[..], b"\r\n"].concat();
    for (behaviour, end) in
        [(Behaviour::Hang, Vec::new()), (Behaviour::Stall, half), (Behaviour::StallStream, chunk)]
    {
        let arrived = setup.deployment.received().len();
        setup.deployment.behave(behaviour);
        let mut connection = setup.connect().await;
        connection.send(&setup.sign(Call::PREDICT)).await;
        bounded(async {
            while setup.deployment.received().len() == arrived {
                tokio::task::yield_now().await;
            }
        })
        .await;
        bounded(setup.deployment.close_idle()).await;
        assert!(connection.is_silent_after(&end).await);
    }
}

#[tokio::test]
async fn closing_with_no_connection_returns() {
    let setup = Setup::new().await;
    bounded(setup.deployment.close_idle()).await;
    drop(setup.connect().await);
    bounded(setup.deployment.close_idle()).await;
}
