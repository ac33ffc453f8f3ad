//! Do the custom paths of a deployment work as they were opened, with every method, query and content type?

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use devkit::agent::{Agent, Invocation};
use devkit::deployment::{Behaviour, OCID};
use serde_json::{Value, json};

use crate::end_to_end::{body, refused};
use crate::setup::{ROW, Setup, header, targeted};

async fn function(setup: &Setup, paths: &str) -> Agent {
    Agent::start(setup.program.clone().config("ALLOWED_PATHS", paths)).await.unwrap()
}

/// A call of `target` by a client that used this method, path and content type at the gateway.
fn call(method: &str, path: &str, target: &str, content_type: &str, body: &str) -> Invocation {
    let content_type = Some(content_type.to_owned()).filter(|text| !text.is_empty());
    let call = Invocation { content_type, ..Invocation::json(body.to_owned()) };
    header(call.through_gateway(method, path), "model_deployment", target)
}

#[tokio::test]
async fn method_path_query_type_and_body_reach_the_container() {
    let setup = Setup::new().await;
    let function = function(&setup, "/echo,/echo/{}").await;
    let named = setup.url() + "/echo/7";
    for (method, path, content_type, sent, seen_type) in [
        ("GET", "/c/x?limit=3&after=a%20b&&flag", "", "", json!(null)),
        ("DELETE", "/c/x", "", "", json!(null)),
        ("POST", "/c/x?a=%2F", "application/json", "{\"a\": 1.50}", json!("application/json")),
        ("PUT", "/c/x", "application/vnd.x+json; v=1", "[]", json!("application/vnd.x+json; v=1")),
        ("POST", "/c/x", "text/csv; charset=UTF-8", "1,2\n3,4", json!("text/csv; charset=UTF-8")),
        ("PUT", "/c/x", "application/octet-stream", "\0\u{1}{", json!("application/octet-stream")),
        ("POST", "/c/x", "text/plain", "no json", json!("text/plain")),
        // Without a body there is nothing to check; the signature wants a type all the same.
        ("POST", "/c/x", "", "", json!("application/json")),
        ("POST", "/c/x", "", "{}", json!("application/json")),
    ] {
        let answer = function.call(call(method, path, &named, content_type, sent)).await;
        assert_eq!(answer.status, 200, "{method} {answer:?}");
        let query = path.split_once('?').map(|(_, query)| query);
        let expected = json!({
            "method": method, "path": "/echo/7", "query": query, "contentType": seen_type,
            "bytes": sent.len(), "body": STANDARD.encode(sent),
        });
        assert_eq!(body(&answer), expected, "{method}");
    }
    assert!(setup.deployment.received().iter().all(|received| received.verdict.is_ok()));
    let signed = setup.deployment.received()[0].verdict.clone().unwrap().headers;
    assert_eq!(signed, "date (request-target) host");
    let lines = function.lines().join("\n");
    assert!(lines.contains("path=/predict/echo/7 ") && !lines.contains("limit=3"), "{lines}");
}

#[tokio::test]
async fn the_routes_own_query_is_not_mixed_with_the_callers() {
    let setup = Setup::new().await;
    let function = function(&setup, "/echo/{}").await;
    let named = setup.url() + "/echo/7?key=operator";
    let answer = function.call(call("GET", "/c/x?key=caller", &named, "", "")).await;
    assert_eq!(body(&answer)["query"], "key=operator");
    // The model's own prediction takes none: the caller's stays at the gateway.
    let answer =
        function.call(call("POST", "/c/x?a=b", &setup.url(), "application/json", ROW)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(setup.deployment.received()[1].request.target, format!("/{OCID}/predict"));
}

#[tokio::test]
async fn what_was_not_opened_and_what_administers_is_refused() {
    let setup = Setup::new().await;
    let openai = function(&setup, "openai").await;
    for tail in
        ["/echo", "/v1/load_lora_adapter", "/v1/unload_lora_adapter", "/start_profile", "/v1/x"]
    {
        let target = setup.url() + tail;
        refused(&openai.call(targeted(&target, "{}")).await, 403, "TargetNotAllowed");
    }
    let closed = setup.start().await;
    let target = setup.url() + "/v1/models";
    refused(
        &closed.call(call("GET", "/v1/models", &target, "", "")).await,
        403,
        "TargetNotAllowed",
    );
    assert!(setup.deployment.received().is_empty());
    let administrator = function(&setup, "openai,/v1/load_lora_adapter").await;
    let target = setup.url() + "/v1/load_lora_adapter";
    assert_eq!(administrator.call(targeted(&target, "{}")).await.status, 200);
}

#[tokio::test]
async fn other_methods_and_bodies_that_no_signature_covers_are_refused() {
    let setup = Setup::new().await;
    let function = function(&setup, "/echo").await;
    let custom = setup.url() + "/echo";
    for method in ["PATCH", "HEAD", "OPTIONS", "TRACE", "get"] {
        let answer = function.call(call(method, "/x", &custom, "", "")).await;
        refused(&answer, 405, "MethodNotAllowed");
    }
    for method in ["GET", "PUT", "DELETE"] {
        let answer = function.call(call(method, "/x", &setup.url(), "application/json", ROW)).await;
        refused(&answer, 405, "MethodNotAllowed");
    }
    for method in ["GET", "DELETE"] {
        let answer = function.call(call(method, "/x", &custom, "application/json", "{}")).await;
        refused(&answer, 400, "InvalidParameter");
    }
    for (content_type, text) in [("application/json", "{"), ("", "no json"), ("text/x+json", "{}}")]
    {
        let answer = function.call(call("POST", "/x", &custom, content_type, text)).await;
        refused(&answer, 400, "CannotParseRequest");
    }
    assert!(setup.deployment.received().is_empty());
}

#[tokio::test]
async fn a_base_url_leaves_the_path_to_the_caller() {
    let setup = Setup::new().await;
    let base = setup.url().replace("/predict", "");
    let aliases = json!({ "llm": base }).to_string();
    let program = setup.program.clone().config("ALLOWED_PATHS", "openai,/echo/{}");
    let function = Agent::start(program.config("MODEL_DEPLOYMENTS", aliases)).await.unwrap();
    let chat = json!({ "model": "odsc-llm", "messages": [{ "role": "user", "content": "6.3 3.3 6.0 2.5" }] });
    let streamed = |stream: Value| {
        let mut chat = chat.clone();
        chat["stream"] = stream;
        chat.to_string()
    };
    for (method, path, sent, target) in [
        ("GET", "/llm/v1/models", String::new(), "/predict/v1/models"),
        ("GET", "/v1/models", String::new(), "/predict/v1/models"),
        ("POST", "/llm/v1/chat/completions", chat.to_string(), "/predict/v1/chat/completions"),
        (
            "POST",
            "/llm/v1/chat/completions",
            streamed(json!(false)),
            "/predict/v1/chat/completions",
        ),
        (
            "POST",
            "/llm/v1/chat/completions",
            streamed(json!(true)),
            "/predictWithResponseStream/v1/chat/completions",
        ),
        ("POST", "/llm/echo/7?a=b", "{}".to_owned(), "/predict/echo/7?a=b"),
        ("POST", "/llm/iris", ROW.to_owned(), "/predict"),
        // Nothing but the model's prediction is left where no path is open.
        ("POST", "/llm/v1/nothing", ROW.to_owned(), "/predict"),
    ] {
        for named in [base.as_str(), "llm"] {
            let content_type = if sent.is_empty() { "" } else { "application/json" };
            let answer = function.call(call(method, path, named, content_type, &sent)).await;
            assert_eq!(answer.status, 200, "{path} {answer:?}");
            let last = setup.deployment.received().pop().unwrap();
            assert_eq!(last.request.target, format!("/{OCID}{target}"));
        }
    }
    for path in ["/llm/v1/load_lora_adapter", "/start_profile"] {
        let answer = function.call(call("POST", path, "llm", "application/json", ROW)).await;
        refused(&answer, 403, "TargetNotAllowed");
    }
}

#[tokio::test]
async fn a_direct_call_reaches_a_custom_path_by_configuration() {
    let setup = Setup::new().await;
    let target = setup.url() + "/v1/chat/completions";
    let program = setup.program.clone().config("ALLOWED_PATHS", "openai");
    let function = Agent::start(program.config("MODEL_DEPLOYMENT", target)).await.unwrap();
    let chat = json!({ "model": "odsc-llm", "messages": [{ "role": "user", "content": "6.3 3.3 6.0 2.5" }] });
    // `fn invoke` calls every body text/plain.
    let call = Invocation {
        content_type: Some("text/plain".into()),
        ..Invocation::json(chat.to_string())
    };
    let answer = function.call(call).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let text = body(&answer)["choices"][0]["message"]["content"].to_string();
    assert!(text.contains("virginica"), "{text}");
    let received = &setup.deployment.received()[0].request;
    assert_eq!(received.text("content-type"), Some("application/json"));
}

#[tokio::test]
async fn a_url_longer_than_any_gateway_lets_pass_is_refused() {
    let setup = Setup::new().await;
    let function = function(&setup, "/echo/{}").await;
    let base = setup.url().replace("/predict", "");
    for (length, status) in [(8_192, 200), (8_193, 400), (65_400, 400), (70_000, 400)] {
        let query = format!("/echo/7?{}", "x".repeat(length - "/echo/7".len()));
        let path = format!("/echo/{}", "x".repeat(length - "/echo/".len()));
        for url in [query, path] {
            let answer = function.call(call("GET", &url, &base, "", "")).await;
            assert_eq!(answer.status, status, "{length} {:?}", answer.body);
        }
    }
    assert_eq!(function.starts(), 1);
}

#[tokio::test]
async fn the_older_route_header_opens_nothing_that_administers_and_is_not_repeated() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    let routed = |route: &str| header(setup.call(), "route", route);
    assert_eq!(function.call(routed("/v1/chat/completions")).await.status, 200);
    assert_eq!(setup.deployment.received()[0].request.text("route"), Some("/v1/chat/completions"));
    let administrative = ["/v1/load_lora_adapter", "/start_profile"];
    let climbing =
        ["/v1/x/../load_lora_adapter", "//start_profile", "/start_profile/", "start_profile", ""];
    for route in administrative.iter().chain(&climbing) {
        refused(&function.call(routed(route)).await, 403, "TargetNotAllowed");
    }
    let twice = header(routed("/v1/embeddings"), "route", "/start_profile");
    refused(&function.call(twice).await, 403, "TargetNotAllowed");
    assert_eq!(setup.deployment.received().len(), 1);
    // What a POST to that path does, nobody knows.
    setup.deployment.behave(Behaviour::Close);
    refused(&function.call(routed("/v1/responses")).await, 502, "DeploymentAnswerInvalid");
    let opened = setup.program.clone().config("ALLOWED_PATHS", "/start_profile");
    let opened = Agent::start(opened.config("RETRY_PATHS", "openai")).await.unwrap();
    assert_eq!(opened.call(routed("/start_profile")).await.status, 200);
    setup.deployment.behave(Behaviour::Close);
    assert_eq!(opened.call(routed("/v1/responses")).await.status, 200);
}

#[tokio::test]
async fn a_content_type_that_no_header_carries_is_the_callers_mistake() {
    let setup = Setup::new().await;
    let function = function(&setup, "/echo").await;
    let target = setup.url() + "/echo";
    let answer = function.call(call("POST", "/x", &target, "text/\u{e9}", "x")).await;
    refused(&answer, 400, "InvalidParameter");
    assert!(setup.deployment.received().is_empty());
}
