//! Do the examples do what they show?

use std::path::PathBuf;

use emulator::agent::{Agent, Intent, Invocation, Program};
use emulator::monitoring::Monitoring;
use emulator::object_storage::{BUCKETS, COMPARTMENT, ObjectStorage};
use tokio::process::Command;

use crate::setup::Setup;

/// The program of an example.
pub(crate) fn example(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path = tests.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is built by `cargo build --examples`", path.display());
    path
}

#[tokio::test]
async fn hello_greets_whoever_the_body_names() {
    let function = Agent::start(Program::new(example("hello"))).await.unwrap();
    for (body, greeting) in [("", "Hello, World!\n"), ("Ada\n", "Hello, Ada!\n")] {
        let answer = function.call(Invocation { body: body.into(), ..Invocation::default() }).await;
        assert_eq!((answer.status, &answer.body[..]), (200, greeting.as_bytes()));
    }
}

async fn started(name: &str) -> Agent {
    Agent::start(Program::new(example(name))).await.unwrap()
}

fn through_gateway(method: &str, url: &str) -> Invocation {
    let intent = Intent::Gateway { method: method.to_owned(), url: url.to_owned() };
    Invocation { intent, ..Invocation::default() }
}

#[tokio::test]
async fn json_takes_a_typed_request_and_refuses_another() {
    let function = started("json").await;
    let call =
        |body: &str| Invocation { body: body.to_owned().into(), ..through_gateway("POST", "/") };
    let answer = function.call(call(r#"{"name": "Ada"}"#)).await;
    assert_eq!((answer.status, &answer.body[..]), (200, &br#"{"message":"Hello, Ada!"}"#[..]));
    let answer = function.call(call(r#"{"name": 7}"#)).await;
    let body = String::from_utf8(answer.body.to_vec()).unwrap();
    assert_eq!(answer.status, 400, "{body}");
    assert!(body.contains("expected a string at line 1 column 10"), "{body}");
}

#[tokio::test]
async fn axum_keeps_routes_statuses_and_streams() {
    let function = started("axum").await;
    let item = function.call(through_gateway("GET", "/items/13")).await;
    assert_eq!((item.status, &item.body[..]), (200, &b"13"[..]));
    assert_eq!(function.call(through_gateway("GET", "/items/x")).await.status, 400);
    assert_eq!(function.call(through_gateway("PUT", "/items/13")).await.status, 405);
    let rows = function.call(through_gateway("GET", "/rows")).await;
    let framing = rows.wire.as_ref().unwrap().headers.iter();
    assert!(framing.clone().any(|(name, _)| name == "transfer-encoding"), "{framing:?}");
    assert_eq!(String::from_utf8_lossy(&rows.body).lines().count(), 1000);
    assert_eq!(function.call(through_gateway("GET", "/id")).await.body.len(), 26);
}

#[tokio::test]
async fn stream_makes_its_answer_while_it_is_sent() {
    let function = started("stream").await;
    let call = |body: &str| Invocation { body: body.to_owned().into(), ..Invocation::default() };
    let answer = function.call(call("3")).await;
    assert_eq!((answer.status, &answer.body[..]), (200, &b"number,square\n0,0\n1,1\n2,4\n"[..]));
    assert_eq!(function.call(call("three")).await.status, 502);
}

#[tokio::test]
async fn state_is_loaded_before_the_first_call() {
    let function = started("state").await;
    let answer = function.call(Invocation { body: "Ada".into(), ..Invocation::default() }).await;
    assert_eq!((answer.status, &answer.body[..]), (200, &b"Welcome, Ada!\n"[..]));
}

/// What an example says, and its exit code, where nobody starts it as a platform does.
async fn started_by_a_person(name: &str, var: (&str, &str)) -> (Option<i32>, String) {
    let mut command = Command::new(example(name));
    let output = command.env_clear().env(var.0, var.1).output().await.unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test]
async fn a_function_that_a_person_starts_says_how_to_try_it() {
    for name in ["hello", "state"] {
        let (code, said) = started_by_a_person(name, ("HOME", "/")).await;
        assert!(said.contains("FN_LISTENER is not set") && said.contains("mdfn invoke"), "{said}");
        assert_eq!((code, said.lines().count()), (Some(if name == "hello" { 64 } else { 1 }), 1));
        let (_, said) = started_by_a_person(name, ("LOG_LEVEL", "loud")).await;
        assert!(said.contains("LOG_LEVEL is not `off`, `error`"), "{said}");
    }
}

#[tokio::test]
async fn metric_posts_a_point_that_monitoring_takes() {
    let setup = Setup::new().await;
    let monitoring = Monitoring::start(setup.issuer.clone(), &setup.authority).await.unwrap();
    let compartment = "ocid1.compartment.oc1..aaaaaaaametrics";
    let mut command = Command::new(example("metric"));
    command.args([compartment, "examples", "queue_length", "7"]);
    command.env_clear().env("OCI_CLI_ENDPOINT", monitoring.url());
    command.env("SSL_CERT_FILE", &setup.program.config["SSL_CERT_FILE"]);
    let output = command.envs(setup.principal.variables()).output().await.unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success() && said.contains("\"failedMetricsCount\":0"), "{said}");
    let taken = monitoring.taken();
    assert_eq!(taken.len(), 1, "{:?}", monitoring.refused());
    assert_eq!(taken[0]["name"], "queue_length");
    assert_eq!(taken[0]["datapoints"][0]["value"], 7.0);
}

#[tokio::test]
async fn buckets_lists_every_page_with_signed_requests() {
    let setup = Setup::new().await;
    let storage = ObjectStorage::start(setup.issuer.clone(), &setup.authority).await.unwrap();
    let run = async |compartment: &str| {
        let mut command = Command::new(example("buckets"));
        command.arg(compartment).env_clear().env("OCI_CLI_ENDPOINT", storage.url());
        command.env("SSL_CERT_FILE", &setup.program.config["SSL_CERT_FILE"]);
        let output = command.envs(setup.principal.variables()).output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
    };
    let (success, listed, errors) = run(COMPARTMENT).await;
    assert!(success, "{errors}");
    assert_eq!(listed.lines().collect::<Vec<_>>(), BUCKETS);
    let (success, _, errors) = run("ocid1.compartment.oc1..another").await;
    assert!(!success && errors.contains("BucketNotFound"), "{errors}");
}
