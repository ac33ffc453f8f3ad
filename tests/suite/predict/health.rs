//! Does a gateway learn whether the function lives and could sign, without a call of any deployment?

use std::time::SystemTime;

use chrono::DateTime;
use emulator::agent::{Agent, Answer, Invocation};
use emulator::deployment::OCID;
use serde_json::json;

use crate::end_to_end::{body, refused};
use crate::setup::{Setup, header};

fn get(path: &str) -> Invocation {
    Invocation { content_type: None, ..Invocation::json("") }.through_gateway("GET", path)
}

fn is_ok(answer: &Answer) {
    assert_eq!((answer.status, &body(answer)["status"]), (200, &json!("ok")), "{answer:?}");
    assert_eq!(body(answer)["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn it_lives_and_is_ready_but_for_a_token_that_has_expired() {
    let setup = Setup::new().await;
    setup.principal.rotate(-10).unwrap();
    let function = setup.start().await;
    is_ok(&function.call(get("/healthz")).await);
    let answer = function.call(get("/readyz")).await;
    refused(&answer, 503, "CredentialsUnavailable");
    assert_eq!(body(&answer)["version"], env!("CARGO_PKG_VERSION"));
    setup.principal.rotate(3600).unwrap();
    for path in ["/healthz", "/models/healthz", "/models/readyz?verbose", "/readyz"] {
        is_ok(&function.call(get(path)).await);
    }
    assert!(setup.deployment.received().is_empty());
    let lines = function.lines().join("\n");
    assert!(lines.contains("not ready: ") && lines.contains("expired"), "{lines}");
}

#[tokio::test]
async fn a_ready_function_says_who_it_is_and_how_much_it_may_call_and_no_name_of_that() {
    let setup = Setup::new().await;
    let program = setup.program.clone().config("ALLOWED_DEPLOYMENTS", OCID);
    let program = program.config("ALLOWED_PATHS", "/items/{}");
    let program = program.config("MODEL_DEPLOYMENTS", format!(r#"{{"iris":"{}"}}"#, setup.url()));
    let function = Agent::start(program).await.unwrap();
    let mut said = body(&function.call(get("/readyz")).await);
    let expires = said["credentials"]["expires"].take();
    let expires = DateTime::parse_from_rfc3339(expires.as_str().unwrap()).unwrap();
    assert!(SystemTime::from(expires) > SystemTime::now());
    let expected = json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "credentials": { "source": "resource_principal", "expires": null },
        "region": said["region"],
        "clock_offset_s": {},
        "allowed": { "aliases": 1, "deployments": 1, "hosts": 1, "paths": 1 },
    });
    assert_eq!(said, expected);
}

#[tokio::test]
async fn head_is_answered_as_get_is_and_without_a_body() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    for path in ["/healthz", "/models/readyz"] {
        let call = Invocation { content_type: None, ..Invocation::json("") };
        let answer = function.call(call.through_gateway("HEAD", path)).await;
        assert_eq!((answer.status, answer.body.len()), (200, 0), "{answer:?}");
        assert_eq!(answer.header("content-type"), Some(&b"application/json"[..]));
    }
}

#[tokio::test]
async fn a_deployments_own_path_of_that_name_and_other_calls_are_no_probe() {
    let setup = Setup::new().await;
    let program = setup.program.clone().config("ALLOWED_PATHS", "/echo/healthz");
    let function = Agent::start(program).await.unwrap();
    let own = setup.url() + "/echo/healthz";
    let answer = function.call(header(get("/models/healthz"), "model_deployment", &own)).await;
    assert_eq!((answer.status, &body(&answer)["path"]), (200, &json!("/echo/healthz")));
    let post = Invocation::json("{}").through_gateway("POST", "/healthz");
    refused(&function.call(post).await, 400, "MissingParameter");
    refused(&function.call(get("/healthz/x")).await, 400, "MissingParameter");
    // Not through a gateway: there is no path.
    assert_eq!(function.call(Invocation::json("")).await.status, 502);
}
