//! Streams that fail, each in one way.

use std::io::ErrorKind;

use emulator::deployment::Behaviour;

use super::client::{Call, Setup};

const STREAM: Call<'static> = Call { path: "/predictWithResponseStream", ..Call::PREDICT };

#[tokio::test]
async fn a_stream_that_fails_ends_with_its_trailer_and_keeps_the_connection() {
    let setup = Setup::new().await;
    let half = setup.call(STREAM).await.half();
    let mut connection = setup.connect().await;
    setup.deployment.behave(Behaviour::StreamFailure);
    let answer = connection.call(&setup.sign(STREAM)).await.unwrap();
    assert!(answer.status == 200 && answer.is_streamed(), "{answer:?}");
    assert_eq!(answer.chunks, [half]);
    assert_eq!(answer.trailers, "StreamFailure: the model died");
    let next = connection.call(&setup.sign(STREAM)).await.unwrap();
    assert_eq!((next.status, next.trailers.as_str()), (200, ""));
}

#[tokio::test]
async fn a_stream_is_reset_after_half_of_it() {
    let setup = Setup::new().await;
    let half = setup.call(STREAM).await.half();
    setup.deployment.behave(Behaviour::ResetStream);
    let broken = setup.connect().await.call(&setup.sign(STREAM)).await.unwrap_err();
    assert_eq!(broken.error, Some(ErrorKind::ConnectionReset));
    assert!(broken.bytes.ends_with(&[&half[..], b"\r\n"].concat()), "{broken:?}");
}

#[tokio::test]
async fn a_stream_stalls_after_half_of_it() {
    let setup = Setup::new().await;
    let half = setup.call(STREAM).await.half();
    setup.deployment.behave(Behaviour::StallStream);
    let mut connection = setup.connect().await;
    connection.send(&setup.sign(STREAM)).await;
    assert!(connection.is_silent_after(&[&half[..], b"\r\n"].concat()).await);
}

#[tokio::test]
async fn a_connection_is_reset_before_the_answer() {
    let setup = Setup::new().await;
    setup.deployment.behave(Behaviour::Reset);
    let broken = setup.connect().await.call(&setup.sign(Call::PREDICT)).await.unwrap_err();
    assert_eq!((broken.error, broken.bytes.len()), (Some(ErrorKind::ConnectionReset), 0));
}
