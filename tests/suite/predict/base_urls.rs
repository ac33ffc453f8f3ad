//! Does a base URL go where its client's own path says, and nowhere else?

use emulator::agent::{Agent, Invocation};
use emulator::deployment::{Behaviour, OCID};
use serde_json::{Value, json};

use crate::end_to_end::{body, refused};
use crate::setup::{ROW, Setup, header};

const CHAT: &str =
    r#"{"model": "m", "messages": [{"role": "user", "content": "6.3 3.3 6.0 2.5"}]}"#;

fn base(setup: &Setup) -> String {
    setup.url().replace("/predict", "")
}

async fn function(setup: &Setup, paths: &str) -> Agent {
    let aliases = json!({ "llm": base(setup) }).to_string();
    let program = setup.program.clone().config("MODEL_DEPLOYMENTS", aliases);
    Agent::start(program.config("ALLOWED_PATHS", paths)).await.unwrap()
}

/// A client's call of this path at a gateway whose route names `target`.
fn call(method: &str, path: &str, target: &str, body: &str) -> Invocation {
    let content_type = (!body.is_empty()).then(|| "application/json".to_owned());
    let call = Invocation { content_type, ..Invocation::json(body.to_owned()) };
    header(call.through_gateway(method, path), "model_deployment", target)
}

#[tokio::test]
async fn the_end_of_the_clients_path_is_called() {
    let setup = Setup::new().await;
    let function = function(&setup, "openai,/echo/{},/metrics").await;
    let streamed = |stream: bool| {
        let mut chat: Value = serde_json::from_str(CHAT).unwrap();
        chat["stream"] = stream.into();
        chat.to_string()
    };
    for (method, path, sent, target) in [
        ("GET", "/llm/v1/models", String::new(), "/predict/v1/models"),
        ("GET", "/v1/models", String::new(), "/predict/v1/models"),
        ("GET", "https://gateway.example/llm/v1/models", String::new(), "/predict/v1/models"),
        ("POST", "/llm/v1/chat/completions", CHAT.to_owned(), "/predict/v1/chat/completions"),
        ("POST", "/llm/v1/chat/completions", streamed(false), "/predict/v1/chat/completions"),
        (
            "POST",
            "/llm/v1/chat/completions",
            streamed(true),
            "/predictWithResponseStream/v1/chat/completions",
        ),
        ("POST", "/llm/echo/7?a=b", "{}".to_owned(), "/predict/echo/7?a=b"),
        ("GET", "/llm/metrics", String::new(), "/predict/metrics"),
    ] {
        for named in [base(&setup).as_str(), "llm"] {
            let answer = function.call(call(method, path, named, &sent)).await;
            assert_eq!(answer.status, 200, "{path} {answer:?}");
            let last = setup.deployment.received().pop().unwrap();
            assert_eq!(last.request.target, format!("/{OCID}{target}"));
        }
    }
}

#[tokio::test]
async fn a_path_that_is_not_open_is_404_for_every_method() {
    let setup = Setup::new().await;
    let function = function(&setup, "openai,/echo/{}").await;
    for path in [
        "/",
        "/llm/iris",
        "/llm/v1",
        "/llm/v1/rerank",
        "/v1/messages/count_tokens",
        "/v1/chat/completions/",
        "/v1//completions",
        "/llm/v1/models/m1",
        "/llm/v1/MODELS",
        "/llm/v1/model%73",
        "/models/llm/v1/metrics",
        "/models/llm/metrics",
        "/llm/v1/chat",
        "/llm/echo/",
        "/llm/echo/7/8",
        "/llm/v1/load_lora_adapter",
        "/start_profile",
        "/llm/v1/models/../models/",
    ] {
        for method in ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "BREW"] {
            let sent = if method == "POST" { ROW } else { "" };
            let answer = function.call(call(method, path, "llm", sent)).await;
            refused(&answer, 404, "PathNotAllowed");
        }
    }
    assert!(setup.deployment.received().is_empty());
}

#[tokio::test]
async fn without_open_paths_and_for_direct_calls_it_is_the_plain_prediction() {
    let setup = Setup::new().await;
    let (open, closed) = (function(&setup, "openai").await, function(&setup, "").await);
    for path in ["/", "/llm/iris", "/llm/v1/chat/completions", "/llm//x/"] {
        let answer = closed.call(call("POST", path, "llm", ROW)).await;
        assert_eq!(answer.status, 200, "{path} {answer:?}");
    }
    for function in [&open, &closed] {
        let direct = header(Invocation::json(ROW), "model_deployment", "llm");
        assert_eq!(function.call(direct).await.status, 200);
        for path in ["/llm/v1/load_lora_adapter", "/start_profile"] {
            let answer = function.call(call("POST", path, "llm", ROW)).await;
            refused(&answer, 404, "PathNotAllowed");
        }
    }
    for received in setup.deployment.received() {
        assert_eq!(received.request.target, format!("/{OCID}/predict"));
    }
    let administrator = function(&setup, "/start_profile").await;
    let answer = administrator.call(call("POST", "/llm/start_profile", "llm", "{}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn an_error_there_is_one_that_openai_clients_read() {
    let setup = Setup::new().await;
    let function = function(&setup, "openai").await;
    let chat = || call("POST", "/llm/v1/chat/completions", "llm", CHAT);
    setup.deployment.behave(Behaviour::Close);
    for (call, status, kind, code) in [
        (
            call("GE T", "/llm/v1/models", "llm", ""),
            400,
            "invalid_request_error",
            "InvalidParameter",
        ),
        (
            call("GET", "/llm/v1/m\u{f6}dels", "llm", ""),
            400,
            "invalid_request_error",
            "InvalidParameter",
        ),
        (
            call("POST", "/llm/v1/rerank", "llm", CHAT),
            404,
            "invalid_request_error",
            "PathNotAllowed",
        ),
        (call("PATCH", "/v1/models", "llm", ""), 405, "invalid_request_error", "MethodNotAllowed"),
        (
            call("POST", "/llm/v1/chat/completions", "llm", "{"),
            400,
            "invalid_request_error",
            "CannotParseRequest",
        ),
        (chat(), 502, "api_error", "DeploymentAnswerInvalid"),
    ] {
        let answer = function.call(call).await;
        refused(&answer, status, code);
        let body = body(&answer);
        let error = json!({ "message": body["message"], "type": kind, "code": code });
        assert_eq!((&body["error"], body["code"].as_str()), (&error, Some(code)), "{body}");
        // Nothing was tried twice.
        assert_eq!(answer.header("x-should-retry"), None, "{answer:?}");
    }
    // A prediction's own address is no OpenAI client's.
    let answer = function.call(call("POST", "/x", &setup.url(), "{")).await;
    assert_eq!(body(&answer).get("error"), None);
}

#[tokio::test]
async fn a_client_does_not_try_again_what_was_tried_again_here() {
    let setup = Setup::new().await;
    let function = function(&setup, "openai").await;
    let busy = || (0..8).for_each(|_| setup.deployment.behave(Behaviour::Busy(503, String::new())));
    busy();
    let answer = function.call(call("GET", "/llm/v1/models", "llm", "")).await;
    assert_eq!((answer.status, answer.header("x-should-retry")), (503, Some(&b"false"[..])));
    let answer = function.call(call("GET", "/llm/v1/models", "llm", "")).await;
    assert_eq!((answer.status, answer.header("x-should-retry")), (200, None));
}
