//! Do the custom paths of a deployment work as they were opened, with every method, query and content type?

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use emulator::agent::{Agent, Invocation};
use emulator::deployment::{Behaviour, OCID};
use serde_json::json;

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
async fn the_older_route_header_names_an_open_path_once_and_is_in_the_log() {
    let setup = Setup::new().await;
    let function = function(&setup, "/v1/chat/completions,/v1/responses").await;
    let routed = |route: &str| header(setup.call(), "route", route);
    assert_eq!(function.call(routed("/v1/chat/completions")).await.status, 200);
    assert_eq!(setup.deployment.received()[0].request.text("route"), Some("/v1/chat/completions"));
    let lines = function.lines().join("\n");
    assert!(lines.contains("path=/predict route=/v1/chat/completions "), "{lines}");
    let closed = ["/sleep", "/flush_cache", "/metrics", "/v1/load_lora_adapter", "/start_profile"];
    let climbing = ["/v1/x/../responses", "//v1/responses", "/v1/responses/", "v1/responses", ""];
    let unreadable = ["/v1/respons\u{e9}", "/v1/responses?a=b", "/v1/r%65sponses"];
    for route in closed.iter().chain(&climbing).chain(&unreadable) {
        refused(&function.call(routed(route)).await, 403, "TargetNotAllowed");
    }
    let twice = header(routed("/v1/responses"), "route", "/v1/responses");
    refused(&function.call(twice).await, 403, "TargetNotAllowed");
    let closed = setup.start().await;
    for route in ["/v1/chat/completions", "/sleep"] {
        refused(&closed.call(routed(route)).await, 403, "TargetNotAllowed");
    }
    assert_eq!(setup.deployment.received().len(), 1);
    // What a POST to that path does, nobody knows.
    setup.deployment.behave(Behaviour::Close);
    refused(&function.call(routed("/v1/responses")).await, 502, "DeploymentAnswerInvalid");
    let opened = setup.program.clone().config("ALLOWED_PATHS", "/start_profile,/v1/responses");
    let opened = Agent::start(opened.config("RETRY_PATHS", "openai")).await.unwrap();
    assert_eq!(opened.call(routed("/start_profile")).await.status, 200);
    setup.deployment.behave(Behaviour::Close);
    assert_eq!(opened.call(routed("/v1/responses")).await.status, 200);
}

#[tokio::test]
async fn a_token_in_the_callers_query_stays_here_and_the_rest_passes() {
    let setup = Setup::new().await;
    let function = function(&setup, "/echo/{}").await;
    let named = setup.url() + "/echo/7";
    for (query, passed) in [
        ("?access_token=secret", json!(null)),
        ("?a=%2F&access_token=secret&b", json!("a=%2F&b")),
        ("?access%5ftoken=secret&a=1", json!("a=1")),
        ("?my_access_token=1", json!("my_access_token=1")),
    ] {
        let answer = function.call(call("GET", &format!("/c/x{query}"), &named, "", "")).await;
        assert_eq!(body(&answer)["query"], passed, "{query}");
    }
    assert!(!function.lines().join("\n").contains("secret"));
}

#[tokio::test]
async fn a_method_that_is_not_taken_is_answered_with_those_that_are() {
    let setup = Setup::new().await;
    let function = function(&setup, "/echo").await;
    let custom = setup.url() + "/echo";
    for (target, allowed) in [(&custom, "GET, POST, PUT, DELETE"), (&setup.url(), "POST")] {
        let answer = function.call(call("PATCH", "/x", target, "", "")).await;
        refused(&answer, 405, "MethodNotAllowed");
        assert_eq!(answer.header("allow"), Some(allowed.as_bytes()));
    }
}
