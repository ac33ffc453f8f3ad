//! Does a call through socket, signature and TLS bring back what it should, also when something fails on the way?

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use emulator::agent::{Agent, Answer, Invocation};
use emulator::deployment::{Behaviour, Certificate, OCID};
use serde_json::{Value, json};
use tokio::net::TcpSocket;

use crate::setup::{GRACE, PATH, ROW, Setup, header, targeted};

pub(crate) fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("not JSON: {:?}", answer.body))
}

/// Checks an error of the function's own, as the caller sees it, and that the container lives.
pub(crate) fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, body(answer)["code"].as_str()), (status, Some(code)), "{answer:?}");
    assert_eq!(answer.header("content-type"), Some(&b"application/json"[..]));
    assert!(answer.container_kept);
    let shown = String::from_utf8_lossy(&answer.body);
    for inner in ["localhost", "127.0.0.1", "/tmp/", "reqwest", "hyper", "ST$"] {
        assert!(!shown.contains(inner), "shows {inner}: {shown}");
    }
}

#[tokio::test]
async fn a_prediction_comes_back_with_status_type_and_request_id() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    let answer = function.call(header(setup.call(), "opc-request-id", "client-id")).await;
    assert_eq!(
        (answer.status, &body(&answer)["prediction"]),
        (200, &json!(["virginica"])),
        "{answer:?}"
    );
    assert_eq!(answer.header("content-type"), Some(&b"application/json"[..]));
    assert_eq!(answer.header("opc-request-id"), Some(&b"client-id"[..]));
    let received = setup.deployment.received();
    let verified = received[0].verdict.as_ref().unwrap();
    assert_eq!(
        verified.headers,
        "date (request-target) host content-length content-type x-content-sha256"
    );
}

#[tokio::test]
async fn a_body_is_forwarded_byte_for_byte() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    let odd = "\n{ \"data\" : [[6.30,3.3e0,6.0,2.5]],\"b\":1,\"b\":2, \"\\u00e9\":\"é\" }\n";
    let answer = function.call(targeted(&setup.url(), odd)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(setup.deployment.received()[0].request.body, odd.as_bytes());
}

#[tokio::test]
async fn only_the_listed_headers_reach_the_deployment() {
    let setup = Setup::new().await;
    let program = setup.program.clone().config("ALLOWED_PATHS", "openai");
    let function = Agent::start(program).await.unwrap();
    let mut call = setup.call();
    for (name, value) in [
        ("authorization", "Bearer client-token"),
        ("cookie", "a=b"),
        ("date", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("host", "gateway.example"),
        ("opc-obo-token", "x"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-content-sha256", "x"),
        ("route", "/v1/chat/completions"),
        ("traceparent", "00-1-2-3"),
        ("accept", "application/json"),
    ] {
        call = header(call, name, value);
    }
    assert_eq!(function.call(call).await.status, 200);
    let request = &setup.deployment.received()[0].request;
    let mut names: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "accept",
        "accept-encoding",
        "authorization",
        "content-length",
        "content-type",
        "date",
        "host",
        "opc-request-id",
        "route",
        "traceparent",
        "user-agent",
        "x-content-sha256",
    ];
    assert_eq!(names, expected);
    assert!(request.text("authorization").unwrap().starts_with("Signature version=\"1\""));
}

#[tokio::test]
async fn two_calls_use_one_tls_connection_also_after_a_freeze() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    for _ in 0..3 {
        assert_eq!(function.call(setup.call()).await.status, 200);
    }
    assert_eq!((setup.deployment.connections(), function.starts()), (1, 1));
}

#[tokio::test]
async fn a_direct_call_takes_the_header_or_the_default() {
    let setup = Setup::new().await;
    let direct = || Invocation {
        content_type: Some("text/plain".into()),
        body: ROW.into(),
        ..Invocation::default()
    };
    let function = setup.start().await;
    let answer = function.call(header(direct(), "model_deployment", &setup.url())).await;
    assert_eq!(
        (answer.status, &body(&answer)["prediction"][0]),
        (200, &json!("virginica")),
        "{answer:?}"
    );
    assert_eq!(answer.header("fn-http-status"), None);
    let with_default = setup
        .program
        .clone()
        .config("MODEL_DEPLOYMENTS", json!({ "iris": setup.url() }).to_string());
    let with_default = Agent::start(with_default.config("MODEL_DEPLOYMENT", "iris")).await.unwrap();
    assert_eq!(with_default.call(direct()).await.status, 200);
    let alias = targeted("iris", ROW);
    assert_eq!(with_default.call(alias).await.status, 200);
    let types: Vec<_> = setup
        .deployment
        .received()
        .iter()
        .map(|r| r.request.text("content-type").unwrap().to_owned())
        .collect();
    assert_eq!(types, ["application/json"; 3]);
}

#[tokio::test]
async fn a_call_without_a_usable_target_is_refused() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    let gateway = || Invocation::json(ROW).through_gateway("POST", PATH);
    refused(&function.call(gateway()).await, 400, "MissingParameter");
    let twice = header(setup.call(), "model_deployment", &setup.url());
    refused(&function.call(twice).await, 400, "InvalidParameter");
    let aliased = header(setup.call(), "x-model-deployment", &setup.url());
    refused(&function.call(aliased).await, 400, "InvalidParameter");
    let elsewhere = setup.url().replace("localhost", "127.0.0.1");
    for url in ["", "https://attacker.example/", "${request.path[x]}", elsewhere.as_str()] {
        refused(&function.call(targeted(url, ROW)).await, 403, "TargetNotAllowed");
    }
    assert!(setup.deployment.received().is_empty());
    assert_eq!(function.starts(), 1);
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    for text in ["", " \n", "{", "{'a': 1}", "[1, 2,]", "\u{feff}{}", "nul", "{} {}"] {
        refused(&function.call(targeted(&setup.url(), text)).await, 400, "CannotParseRequest");
    }
    let bytes: &[u8] = b"\"\xff\"";
    refused(&function.call(targeted(&setup.url(), bytes)).await, 400, "CannotParseRequest");
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    assert_eq!(function.call(targeted(&setup.url(), deep)).await.status, 400);
    assert_eq!((setup.deployment.received().len(), function.starts()), (1, 1));
}

#[tokio::test]
async fn an_answer_of_the_model_passes_whatever_its_status() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    for (status, content_type, text) in [
        (200, "application/json", "{}"),
        (200, "application/json", "false"),
        (200, "application/json", "\"text\""),
        (400, "application/json", r#"{"object":"error","message":"x"}"#),
        (404, "application/json", r#"{"code":"NotAuthorizedOrNotFound","message":"x"}"#),
        (422, "text/plain", "not like this"),
        (501, "text/html", "<html>Not Implemented</html>"),
    ] {
        setup.deployment.behave(Behaviour::Answer(status, content_type, text.into()));
        let answer = function.call(setup.call()).await;
        assert_eq!((answer.status, &answer.body[..]), (status, text.as_bytes()));
        assert_eq!(answer.header("content-type"), Some(content_type.as_bytes()));
        assert!(answer.header("opc-request-id").is_some() && answer.container_kept);
    }
    // A direct caller learns that the call failed.
    setup.deployment.behave(Behaviour::Answer(404, "application/json", "{}".into()));
    let direct = header(Invocation::json(ROW), "model_deployment", &setup.url());
    assert_eq!(function.call(direct).await.status, 502);
    assert_eq!(function.starts(), 1);
}

#[tokio::test]
async fn a_404_is_asked_again_with_another_token_and_not_with_the_same() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    // So near its end it is read again for every request.
    setup.principal.rotate(60).unwrap();
    setup.deployment.behave(Behaviour::Answer(404, "application/json", "{}".into()));
    assert_eq!(function.call(setup.call()).await.status, 404);
    assert_eq!(setup.deployment.received().len(), 1);
}

#[tokio::test]
async fn only_the_listed_headers_come_back() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    for (name, passes) in
        [("retry-after", true), ("set-cookie", false), ("server", false), ("x-internal", false)]
    {
        setup.deployment.behave(Behaviour::Header(name, "7".into()));
        assert_eq!(function.call(setup.call()).await.header(name).is_some(), passes, "{name}");
    }
}

#[tokio::test]
async fn a_broken_answer_is_an_error_that_shows_nothing() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    setup.deployment.behave(Behaviour::Redirect("https://attacker.example/".into()));
    refused(&function.call(setup.call()).await, 502, "DeploymentAnswerInvalid");
    setup.deployment.behave(Behaviour::ChunkedWithLength);
    assert_eq!(function.call(setup.call()).await.status, 200);
    setup.deployment.behave(Behaviour::Answer(
        200,
        "application/json",
        vec![b' '; 6 * 1024 * 1024 + 1],
    ));
    refused(&function.call(setup.call()).await, 502, "DeploymentAnswerTooLarge");
    assert_eq!(function.call(setup.call()).await.status, 200);
    assert_eq!(function.starts(), 1);
}

#[tokio::test]
async fn a_large_body_passes_both_ways() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    let large = format!("{{\"data\": [], \"padding\": \"{}\"}}", "x".repeat(5 * 1024 * 1024));
    setup.deployment.behave(Behaviour::Answer(200, "application/json", large.clone().into()));
    let answer = function.call(targeted(&setup.url(), large.clone())).await;
    assert_eq!((answer.status, answer.body.len()), (200, large.len()));
    assert!(setup.deployment.received()[0].verdict.is_ok());
}

#[tokio::test]
async fn a_deployment_that_hangs_is_504_at_the_deadline() {
    let mut setup = Setup::new().await;
    setup.program = setup.program.timeout(Duration::from_secs(2)).grace(GRACE);
    let function = setup.start().await;
    for behaviour in [Behaviour::Hang, Behaviour::Stall] {
        setup.deployment.behave(behaviour);
        let start = Instant::now();
        refused(&function.call(setup.call()).await, 504, "DeploymentTimedOut");
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    }
    assert_eq!((function.call(setup.call()).await.status, function.starts()), (200, 1));
}

#[tokio::test]
async fn a_deployment_that_hangs_is_504_before_the_container_is_killed() {
    let mut setup = Setup::new().await;
    setup.program = setup.program.timeout(Duration::from_secs(2));
    let function = setup.start().await;
    // The answer has 100 ms before the kill, which a machine that does other things may take from it.
    for _ in 0..3 {
        setup.deployment.behave(Behaviour::Hang);
        let answer = function.call(setup.call()).await;
        if answer.container_kept {
            return refused(&answer, 504, "DeploymentTimedOut");
        }
    }
    panic!("{:?}", function.lines());
}

#[tokio::test]
async fn a_deployment_that_cannot_be_reached_or_trusted_is_502() {
    for certificate in [Certificate::OtherName, Certificate::Expired] {
        let setup = Setup::with(certificate).await;
        let function = setup.start().await;
        refused(&function.call(setup.call()).await, 502, "DeploymentUnreachable");
        assert!(setup.deployment.received().is_empty());
    }
    // A port that is taken, where nobody listens.
    let silent = TcpSocket::new_v4().unwrap();
    silent.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let host = format!("localhost:{}", silent.local_addr().unwrap().port());
    let setup = Setup::new().await;
    let program = setup.program.clone().config("ALLOWED_HOSTS", &host);
    let function = Agent::start(program).await.unwrap();
    let url = format!("https://{host}/{OCID}/predict");
    refused(&function.call(targeted(&url, ROW)).await, 502, "DeploymentUnreachable");
    let lines = function.lines().join("\n");
    assert!(lines.contains("code=DeploymentUnreachable"), "{lines}");
    assert!(
        !lines.contains(&url) && !lines.contains("virginica") && !lines.contains("6.3"),
        "{lines}"
    );
}

#[tokio::test]
async fn a_refused_signature_is_made_anew_once_with_what_the_files_hold() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    // Refused once: read again, signed again, and the client sees nothing of it.
    setup.deployment.behave(Behaviour::Answer(401, "application/json", "{}".into()));
    assert_eq!(function.call(setup.call()).await.status, 200);
    assert_eq!(setup.deployment.received().len(), 2);
    // Refused twice: our error, not the client's 401.
    for _ in 0..2 {
        setup.deployment.behave(Behaviour::Answer(401, "application/json", "{}".into()));
    }
    refused(&function.call(setup.call()).await, 502, "CredentialsRefused");
    assert_eq!(setup.deployment.received().len(), 4);
}

#[tokio::test]
async fn oci_signing_48_a_wrong_clock_is_corrected_once_and_remembered() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    for (offset, requests) in [(600, 2), (600, 1), (-600, 2), (0, 2)] {
        setup.deployment.set_clock_offset(offset);
        let before = setup.deployment.received().len();
        assert_eq!(function.call(setup.call()).await.status, 200, "{offset}");
        assert_eq!(setup.deployment.received().len() - before, requests, "{offset}");
    }
}

#[tokio::test]
async fn credentials_are_taken_from_the_files_as_they_are_replaced() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    assert_eq!(function.call(setup.call()).await.status, 200);
    setup.principal.rotate(3600).unwrap();
    assert_eq!(function.call(setup.call()).await.status, 200);
    // The valid ones serve on where expired ones are written over them.
    setup.principal.rotate(-10).unwrap();
    assert_eq!(function.call(setup.call()).await.status, 200);
    setup.principal.rotate(3600).unwrap();
    assert_eq!(function.call(setup.call()).await.status, 200);
    assert_eq!(setup.deployment.received().len(), 4, "an expired token was sent");
    assert_eq!(function.starts(), 1);

    setup.principal.rotate(-10).unwrap();
    let function = setup.start().await;
    let expired = function.call(setup.call()).await;
    refused(&expired, 500, "CredentialsUnavailable");
    assert_eq!(setup.deployment.received().len(), 4, "an expired token was sent");
    setup.principal.rotate(3600).unwrap();
    assert_eq!(function.call(setup.call()).await.status, 200);
    assert_eq!(function.starts(), 1);
}

#[tokio::test]
async fn oci_signing_49_nothing_secret_is_in_any_log_line() {
    let mut setup = Setup::new().await;
    setup.program = setup.program.config("LOG_LEVEL", "debug");
    let function = setup.start().await;
    let secret = header(setup.call(), "authorization", "Bearer client-token-secret");
    assert_eq!(function.call(secret).await.status, 200);
    setup.deployment.behave(Behaviour::Cut);
    function.call(setup.call()).await;
    function.call(targeted(&setup.url(), "{\"secret-body\": ")).await;
    let sent = setup.deployment.received();
    let authorization = sent[0].request.text("authorization").unwrap();
    let token = authorization.split("ST$").nth(1).unwrap().split('"').next().unwrap();
    let lines = function.lines().join("\n");
    assert!(lines.contains("predicted") && lines.contains(OCID), "{lines}");
    for secret in [
        &token[..20],
        &token[token.len() - 20..],
        "client-token-secret",
        "Signature ",
        "secret-body",
        "6.3, 3.3",
    ] {
        assert!(!lines.contains(secret), "{secret}: {lines}");
    }
}

#[tokio::test]
async fn fn_contract_9_an_agent_that_connects_at_the_create_event_is_never_refused() {
    let setup = Setup::new().await;
    for start in 0..200 {
        let function = Agent::start(setup.program.clone()).await;
        let function = function.unwrap_or_else(|error| panic!("start {start}: {error}"));
        function.stop().await;
    }
}
