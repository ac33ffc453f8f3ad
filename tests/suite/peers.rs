//! Do the Python functions that the benchmark measures beside ours really predict? `benches/peers/check` installs them.

use std::path::Path;
use std::time::Duration;

use emulator::agent::{Agent, Answer, Invocation, Program};
use emulator::deployment::{Behaviour, Request};
use serde_json::json;

use crate::end_to_end::body;
use crate::setup::{ROW, Setup, header, targeted};

/// Started as `benches/peers/README.md` says.
async fn start(peer: &str, setup: &Setup) -> Agent {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kit = root.join("target/peers").join(peer).join("bin/fdk");
    assert!(kit.exists(), "{} is not there; run benches/peers/check", kit.display());
    let source = root.join("benches/peers").join(format!("{peer}.py"));
    let mut program = Program::new(kit)
        .arguments([source.as_os_str(), "handler".as_ref()])
        .start_timeout(Duration::from_secs(60))
        .timeout(Duration::from_secs(60))
        .config("MODEL_DEPLOYMENT", setup.url())
        .config("HOME", setup.directory().display().to_string())
        .config("REQUESTS_CA_BUNDLE", &setup.program.config["SSL_CERT_FILE"]);
    for (name, value) in setup.principal.variables() {
        program = program.config(name, value);
    }
    Agent::start(program).await.unwrap()
}

/// Two predictions to the default and one each, direct and through a gateway, to the header's address.
async fn predictions(peer: &str, setup: &Setup) -> [Answer; 4] {
    let function = start(peer, setup).await;
    let other = setup.deployment.url("127.0.0.1");
    let direct = header(Invocation::json(ROW), "model_deployment", &other);
    let answers = [
        function.call(Invocation::json(ROW)).await,
        function.call(Invocation::json(ROW)).await,
        function.call(direct).await,
        function.call(targeted(&other, ROW)).await,
    ];
    for answer in &answers {
        assert_eq!(answer.status, 200, "{answer:?} {:?}", function.lines());
    }
    let received = setup.deployment.received();
    assert!(received.iter().all(|received| received.verdict.is_ok()));
    let hosts: Vec<_> = received.iter().map(|received| value(&received.request, "host")).collect();
    let (default, other) = (authority(&setup.url()), authority(&other));
    assert_eq!(hosts, [&default, &default, &other, &other]);
    answers
}

#[tokio::test]
#[ignore = "needs the peers; benches/peers/check installs them"]
async fn the_tutorials_function_predicts_in_pythons_notation_on_a_connection_per_call() {
    let setup = Setup::new().await;
    for answer in predictions("tutorial", &setup).await {
        assert!(answer.body.starts_with(b"{'prediction': ['virginica']"), "{answer:?}");
    }
    assert_eq!(setup.deployment.connections(), 4);
}

#[tokio::test]
#[ignore = "needs the peers; benches/peers/check installs them"]
async fn the_lean_function_predicts_in_json_on_a_connection_per_host() {
    let setup = Setup::new().await;
    for answer in predictions("lean", &setup).await {
        assert_eq!(body(&answer)["prediction"], json!(["virginica"]));
        assert_eq!(answer.header("content-type"), Some(&b"application/json"[..]));
    }
    assert_eq!(setup.deployment.connections(), 2, "one for each host");
}

#[tokio::test]
#[ignore = "needs the peers; benches/peers/check installs them"]
async fn the_lean_function_keeps_statuses_and_takes_new_credentials() {
    let setup = Setup::new().await;
    let function = start("lean", &setup).await;
    let refusal = |status| Behaviour::Answer(status, "application/json", "{}".into());
    setup.deployment.behave(refusal(429));
    assert_eq!(function.call(setup.call()).await.status, 429);
    // Refused once: the second attempt is signed with what the files hold by now.
    setup.principal.rotate(3600).unwrap();
    setup.deployment.behave(refusal(401));
    assert_eq!(function.call(setup.call()).await.status, 200);
    // It expires within the minute that the SDK keeps clear of: the files are read before the next call.
    setup.principal.rotate(30).unwrap();
    setup.deployment.behave(refusal(401));
    assert_eq!(function.call(setup.call()).await.status, 200);
    setup.principal.rotate(3600).unwrap();
    assert_eq!(function.call(setup.call()).await.status, 200);
    let received = setup.deployment.received();
    assert!(received.iter().all(|received| received.verdict.is_ok()));
    let tokens: Vec<&str> = received.iter().map(|received| token(&received.request)).collect();
    let changes: Vec<bool> = tokens.windows(2).map(|pair| pair[0] != pair[1]).collect();
    assert_eq!(changes, [false, true, false, true, true]);
}

/// The session token that a request was signed with.
fn token(request: &Request) -> &str {
    let (_, rest) = value(request, "authorization").split_once("keyId=\"").unwrap();
    rest.split_once('"').unwrap().0
}

fn value<'a>(request: &'a Request, name: &str) -> &'a str {
    let (_, value) = request.headers.iter().find(|(other, _)| other == name).unwrap();
    std::str::from_utf8(value).unwrap()
}

/// Host and port of a URL.
fn authority(url: &str) -> String {
    url.split('/').nth(2).unwrap().to_owned()
}
