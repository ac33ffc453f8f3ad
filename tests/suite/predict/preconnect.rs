//! Is the connection for the first call there before the call, where it is known whither; and does it cost nothing elsewhere?

use std::time::Duration;

use emulator::agent::{Agent, Invocation, Program};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};

use crate::setup::{PATH, ROW, Setup};

const PATIENCE: Duration = Duration::from_secs(10);

fn unnamed() -> Invocation {
    Invocation::json(ROW).through_gateway("POST", PATH)
}

fn probe() -> Invocation {
    Invocation { content_type: None, ..Invocation::json("") }.through_gateway("GET", "/healthz")
}

/// Waits for a connection to the deployment.
async fn connected(setup: &Setup) {
    timeout(PATIENCE, setup.deployment.connected(1)).await.unwrap();
}

/// A host that takes connections and says nothing, and the function with a deployment there as its default.
async fn silent_default(setup: &Setup) -> (TcpListener, Program) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, real) = (listener.local_addr().unwrap().port(), setup.deployment.port());
    let default = setup.url().replace(&real.to_string(), &port.to_string());
    let hosts = format!("localhost:{real},localhost:{port}");
    let program = setup.program.clone().config("ALLOWED_HOSTS", hosts);
    (listener, program.config("MODEL_DEPLOYMENT", default).never_frozen())
}

#[tokio::test]
async fn the_connection_to_the_default_or_the_only_alias_is_there_before_the_first_call() {
    for (variable, named) in [("MODEL_DEPLOYMENT", None), ("MODEL_DEPLOYMENTS", Some("iris"))] {
        let setup = Setup::new().await;
        let value = named.map_or(setup.url(), |name| format!(r#"{{"{name}":"{}"}}"#, setup.url()));
        let program = setup.program.clone().config(variable, value).never_frozen();
        let function = Agent::start(program).await.unwrap();
        connected(&setup).await;
        assert!(setup.deployment.received().is_empty(), "{variable}");
        let call = named.map_or_else(unnamed, |name| crate::setup::targeted(name, ROW));
        assert_eq!(function.call(call).await.status, 200, "{variable}");
        assert_eq!(setup.deployment.connections(), 1, "{variable}");
        assert_eq!(function.call(setup.call()).await.status, 200, "{variable}");
        assert_eq!(setup.deployment.connections(), 1, "{variable}");
    }
}

#[tokio::test]
async fn a_connection_that_was_closed_before_the_first_call_costs_it_no_try() {
    let setup = Setup::new().await;
    let program = setup.program.clone().config("MODEL_DEPLOYMENT", setup.url()).never_frozen();
    let function = Agent::start(program).await.unwrap();
    connected(&setup).await;
    setup.deployment.close_idle().await;
    assert_eq!(function.call(unnamed()).await.status, 200);
    assert_eq!(setup.deployment.connections(), 2);
    let line = function.lines().into_iter().find(|line| line.contains("message=predicted"));
    assert!(line.as_ref().is_some_and(|line| line.contains(" tries=1 ")), "{line:?}");
}

#[tokio::test]
async fn a_call_that_arrives_before_the_connection_does_not_wait_for_a_host_that_is_silent() {
    let setup = Setup::new().await;
    let (listener, program) = silent_default(&setup).await;
    let function = Agent::start(program).await.unwrap();
    let start = Instant::now();
    let call = function.call(unnamed());
    let connections = async {
        let first = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
        let second = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
        (start.elapsed(), first, second)
    };
    tokio::select! {
        (waited, ..) = connections => assert!(waited < Duration::from_secs(3), "{waited:?}"),
        answer = call => panic!("{answer:?}"),
    }
}

#[tokio::test]
async fn a_first_call_that_goes_elsewhere_ends_the_connection_and_nothing_was_sent_over_it() {
    let setup = Setup::new().await;
    for call in [setup.call(), probe()] {
        let (listener, program) = silent_default(&setup).await;
        let function = Agent::start(program).await.unwrap();
        let (mut stream, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
        assert_eq!(function.call(call).await.status, 200);
        let mut sent = Vec::new();
        // It may be reset: what it had begun is dropped.
        drop(timeout(PATIENCE, stream.read_to_end(&mut sent)).await.unwrap());
        // Of TLS, no more than the first word of a handshake.
        assert!(sent.is_empty() || (sent[0], sent[5]) == (22, 1), "{sent:?}");
        assert!(function.lines().iter().all(|line| !line.contains("level=error")));
    }
}

#[tokio::test]
async fn without_one_deployment_to_expect_nothing_is_connected() {
    let setup = Setup::new().await;
    let url = setup.url();
    let aliases = format!(r#"{{"iris":"{url}","other":"{url}"}}"#);
    for program in
        [setup.program.clone(), setup.program.clone().config("MODEL_DEPLOYMENTS", aliases)]
    {
        let function = Agent::start(program.never_frozen()).await.unwrap();
        assert_eq!(function.call(probe()).await.status, 200);
        assert_eq!(setup.deployment.connections(), 0);
    }
}
