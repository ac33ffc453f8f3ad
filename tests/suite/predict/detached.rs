//! Can a prediction be left to itself: is its failure one, does it have its hour, and may it be made again?

use std::sync::Arc;
use std::time::Duration;

use emulator::agent::{Agent, Invocation, Outcome};
use emulator::clock;
use emulator::deployment::Behaviour;
use fn_fdk::Call;
use model_deployment_fn::config::Config;
use model_deployment_fn::front;
use model_deployment_fn::predict::{Forwarder, Predictor};
use oracle_cloud_client::Principal;
use serde_json::{Value, json};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::yield_now;
use tokio::time::{advance, pause, resume, timeout};

use crate::agent::{Answer, Connection, Function, PATIENCE, request};
use crate::setup::{ROW, Setup, header};

const HOUR: Duration = Duration::from_secs(3600);

/// The function and the destinations of its detached calls: of successes and of failures.
struct Detached {
    agent: Agent,
    successes: Receiver<Outcome>,
    failures: Receiver<Outcome>,
}

async fn detached(setup: &Setup) -> Detached {
    let (on_success, successes) = channel(1);
    let (on_failure, failures) = channel(1);
    let program = setup.program.clone().on_success(on_success).on_failure(on_failure);
    let agent = Agent::start(program.detached_timeout(HOUR)).await.unwrap();
    Detached { agent, successes, failures }
}

fn direct(setup: &Setup, body: impl Into<bytes::Bytes>) -> Invocation {
    header(Invocation::json(body), "model_deployment", &setup.url())
}

impl Detached {
    async fn succeeds(&mut self, call: Invocation) -> Value {
        assert_eq!(self.agent.call_detached(call).status, 202);
        let outcome = timeout(PATIENCE, self.successes.recv()).await.unwrap().unwrap();
        assert!(self.failures.try_recv().is_err());
        serde_json::from_slice(&outcome.answer.body).unwrap()
    }

    /// What the function said on the socket of a call that failed.
    async fn fails(&mut self, call: Invocation) -> (u16, Value) {
        assert_eq!(self.agent.call_detached(call).status, 202);
        let outcome = timeout(PATIENCE, self.failures.recv()).await.unwrap().unwrap();
        assert!(self.successes.try_recv().is_err() && outcome.answer.container_kept);
        let wire = outcome.answer.wire.unwrap();
        (wire.status, serde_json::from_slice(&wire.body).unwrap())
    }
}

#[tokio::test]
async fn a_detached_prediction_goes_to_the_destination_of_successes() {
    let setup = Setup::new().await;
    let mut function = detached(&setup).await;
    // Several rows in one body are one call.
    let rows = r#"{"data": [[6.3, 3.3, 6.0, 2.5], [5.1, 3.5, 1.4, 0.2]]}"#;
    let answer = function.succeeds(direct(&setup, rows)).await;
    assert_eq!(answer["prediction"], json!(["virginica", "setosa"]));
}

#[tokio::test]
async fn a_prediction_that_fails_is_no_success_whatever_failed() {
    let setup = Setup::new().await;
    let mut function = detached(&setup).await;
    let without_target = function.fails(Invocation::json(ROW)).await;
    assert_eq!((without_target.0, &without_target.1["code"]), (502, &json!("MissingParameter")));
    for (status, code, tries) in [(404, "NotFound", 1), (500, "Internal", 2)] {
        let text = json!({ "code": code, "message": "x" }).to_string();
        for _ in 0..tries {
            let answer = Behaviour::Answer(status, "application/json", text.clone().into());
            setup.deployment.behave(answer);
        }
        let (wire, body) = function.fails(direct(&setup, ROW)).await;
        assert_eq!((wire, &body["code"]), (502, &json!(code)));
    }
    let large = Behaviour::Answer(200, "application/json", vec![b'1'; fn_fdk::BODY_LIMIT + 1]);
    setup.deployment.behave_only(large);
    let (wire, body) = function.fails(direct(&setup, ROW)).await;
    assert_eq!((wire, &body["code"]), (502, &json!("DeploymentAnswerTooLarge")));
}

#[tokio::test]
async fn a_detached_prediction_outlives_what_passes_and_can_be_made_again() {
    let setup = Setup::new().await;
    let mut function = detached(&setup).await;
    setup.deployment.behave(Behaviour::Busy(503, "0".to_owned()));
    let first = function.succeeds(direct(&setup, ROW)).await;
    assert_eq!(setup.deployment.received().len(), 2);
    assert_eq!(function.succeeds(direct(&setup, ROW)).await, first);
    assert_eq!(function.agent.starts(), 1);
}

/// The same function in this process, whose clock can be moved.
fn in_process(setup: &Setup) -> Function {
    let var = |name: &str| match name {
        "FN_LISTENER" => Some("unix:/tmp/lsnr.sock".to_owned()),
        _ => setup.program.config.get(name).cloned(),
    };
    let config = Config::from_vars(&var).unwrap();
    let principal = Principal::from_vars(&var, clock::now()).unwrap();
    let trust = config.trust().unwrap();
    let forwarder =
        Forwarder::new(&config.rule, &trust, principal, clock::now, config.repeatable).unwrap();
    let (targets, headers) = (config.targets, config.headers);
    let predictor = Predictor { targets, headers, forwarder, tracer: None, metrics: None };
    let predictor = Arc::new(predictor);
    Function::start(move |call: Call| {
        let predictor = predictor.clone();
        async move { front::answer(&predictor, call).await }
    })
}

/// A detached call of a deployment that answers after so long, with so long to be answered, which
/// is at the deployment.
async fn at_the_deployment(
    setup: &Setup,
    function: &Function,
    url: &str,
    (slow, deadline): (Duration, Duration),
) -> Connection {
    let calls = setup.deployment.received().len();
    setup.deployment.behave_only(Behaviour::Slow(slow));
    let deadline = clock::rfc3339(clock::now() + deadline);
    let headers = format!(
        "Fn-Invoke-Type: detached\r\nFn-Deadline: {deadline}\r\nContent-Type: application/json\r\nmodel_deployment: {url}\r\n"
    );
    let mut connection = function.connect().await;
    connection.send(request(&headers, ROW)).await;
    asked(setup, calls + 1).await;
    connection
}

/// Waits until the deployment was asked so often.
async fn asked(setup: &Setup, times: usize) {
    timeout(PATIENCE, async {
        while setup.deployment.received().len() < times {
            yield_now().await;
        }
    })
    .await
    .unwrap();
}

/// Lets so much time pass at once.
async fn pass(time: Duration) {
    pause();
    advance(time).await;
    resume();
}

/// Whether the call goes on after so much more time.
async fn goes_on(connection: &mut Connection, time: Duration) -> bool {
    pass(time).await;
    timeout(Duration::from_millis(500), connection.answer()).await.is_err()
}

/// The answer that is there after so much more time.
async fn after(connection: &mut Connection, time: Duration) -> Answer {
    pass(time).await;
    connection.answer().await
}

fn stream(setup: &Setup) -> String {
    setup.url().replace("/predict", "/predictWithResponseStream")
}

#[tokio::test]
async fn a_stream_is_waited_for_longer_than_any_call_whose_caller_waits() {
    let setup = Setup::new().await;
    let function = in_process(&setup);
    let (before, rest) = (Duration::from_secs(301), Duration::from_secs(3200));
    let mut connection =
        at_the_deployment(&setup, &function, &stream(&setup), (before + rest, HOUR)).await;
    assert!(goes_on(&mut connection, before).await);
    let answer = after(&mut connection, rest).await;
    assert_eq!((answer.status(), &answer.json()["prediction"]), (200, &json!(["virginica"])));
}

#[tokio::test]
async fn more_than_an_hour_is_cut_to_one() {
    let setup = Setup::new().await;
    let function = in_process(&setup);
    let times = (HOUR * 3, HOUR * 2);
    let mut connection = at_the_deployment(&setup, &function, &stream(&setup), times).await;
    assert!(goes_on(&mut connection, Duration::from_secs(3570)).await);
    let answer = after(&mut connection, Duration::from_secs(30)).await;
    assert_eq!((answer.status(), &answer.json()["code"]), (504, &json!("DeploymentTimedOut")));
}

#[tokio::test]
async fn what_is_no_stream_is_asked_for_twice_for_65_s_and_given_up_with_time_left() {
    let setup = Setup::new().await;
    let function = in_process(&setup);
    let times = (HOUR, HOUR);
    let mut connection = at_the_deployment(&setup, &function, &setup.url(), times).await;
    assert!(goes_on(&mut connection, Duration::from_secs(60)).await);
    assert_eq!(setup.deployment.received().len(), 1);
    setup.deployment.behave_only(Behaviour::Slow(HOUR));
    pass(Duration::from_secs(6)).await;
    asked(&setup, 2).await;
    let answer = after(&mut connection, Duration::from_secs(66)).await;
    assert_eq!((answer.status(), &answer.json()["code"]), (504, &json!("DeploymentTimedOut")));
    assert_eq!(setup.deployment.received().len(), 2);
}
