//! Does a body name a target where the operator lets it, and under the same check?

use emulator::agent::{Agent, Invocation};
use serde_json::json;

use crate::end_to_end::{body, refused};
use crate::setup::{ROW, Setup, header, targeted};

fn enveloped(endpoint: &str) -> Invocation {
    Invocation::json(json!({ "ENDPOINT": endpoint, "PAYLOAD": ROW }).to_string())
}

#[tokio::test]
async fn an_envelope_names_the_target_of_a_caller_without_headers() {
    let setup = Setup::new().await;
    let program = setup
        .program
        .clone()
        .config("ACCEPT_ENVELOPE", "true")
        .config("MODEL_DEPLOYMENTS", json!({ "iris": setup.url() }).to_string());
    let function = Agent::start(program).await.unwrap();
    let plain = Invocation::json(format!(r#"{{"PAYLOAD": {ROW}, "ENDPOINT": "iris"}}"#));
    for call in [enveloped(&setup.url()), enveloped("iris"), plain] {
        let answer = function.call(call).await;
        assert_eq!((answer.status, &body(&answer)["prediction"][0]), (200, &json!("virginica")));
    }
    for received in setup.deployment.received() {
        assert_eq!(received.request.body, ROW.as_bytes());
        assert!(received.verdict.is_ok());
    }
    // The same check, the same answers.
    let gateway = |call: Invocation| call.through_gateway("POST", "/models/any");
    let elsewhere = gateway(enveloped("https://attacker.example/"));
    refused(&function.call(elsewhere).await, 403, "TargetNotAllowed");
    let broken = json!({ "ENDPOINT": "iris", "PAYLOAD": "{" }).to_string();
    refused(&function.call(gateway(Invocation::json(broken))).await, 400, "CannotParseRequest");
    refused(&function.call(gateway(Invocation::json(ROW))).await, 400, "MissingParameter");
    assert_eq!(setup.deployment.received().len(), 3);
}

#[tokio::test]
async fn a_header_decides_before_an_envelope_and_without_the_setting_there_is_none() {
    let setup = Setup::new().await;
    let program = setup.program.clone().config("ACCEPT_ENVELOPE", "true");
    let function = Agent::start(program).await.unwrap();
    let envelope = json!({ "ENDPOINT": "https://attacker.example/", "PAYLOAD": "{}" }).to_string();
    // The route chose; the body is the model's, which makes nothing of it.
    let answer = function.call(targeted(&setup.url(), envelope.clone())).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(setup.deployment.received()[0].request.body, envelope.as_bytes());

    let without = setup.start().await;
    let call = enveloped(&setup.url()).through_gateway("POST", "/models/any");
    refused(&without.call(call).await, 400, "MissingParameter");
    let with_header = header(Invocation::json(ROW), "model_deployment", &setup.url());
    assert_eq!(without.call(with_header).await.status, 200);
}
