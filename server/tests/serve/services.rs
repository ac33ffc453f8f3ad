//! Are calls of other services counted and told by alias and model, and by nothing that was said?

use emulator::services::generative_ai::COMPARTMENT;
use emulator::services::{Behaviour, Service, Services};
use serde_json::{Value, json};

use crate::client::{exchange, status};
use crate::server::Setup;

const KEPT: &str = "kept-secret";

fn entries(services: &Services) -> String {
    let host = |service| services.url(service).trim_start_matches("https://").to_owned();
    let objects = "/n/emulated/b/predictions/o";
    json!({
        "chat": { "host": host(Service::Inference), "base": "/openai/v1", "open": ["@openai-chat"],
            "compartments": [COMPARTMENT], "models": ["xai.grok-4.3", "openai.gpt-oss-120b"] },
        "any": { "host": host(Service::Inference), "base": "/openai/v1", "open": ["@openai-chat"],
            "compartments": [COMPARTMENT] },
        "native": { "host": host(Service::Inference), "base": "/20231130", "open": ["@genai-native"],
            "compartments": [COMPARTMENT], "models": ["cohere.embed-v4.0"] },
        "objects": { "host": host(Service::ObjectStorage), "base": objects, "mount": "/m",
            "open": [format!("GET,PUT {objects}/{{*}}")] },
    })
    .to_string()
}

fn request(target: &str, method: &str, path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} /m/{path} HTTP/1.1\r\nhost: server\r\nservice_target: {target}\r\n\
         content-type: application/json\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

fn question(model: &str, streamed: bool) -> String {
    json!({ "model": model, "messages": [{ "role": "user", "content": KEPT }], "stream": streamed,
        "stream_options": { "include_usage": streamed } })
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_counted_by_alias_and_model() {
    let setup = Setup::new().await.with("ADMIN_ADDRESS", "127.0.0.1:0");
    let services = setup.services().await;
    let setup = setup.with("ALLOWED_SERVICES", entries(&services));
    let server = setup.start().await;
    let chat = "chat/completions";
    let embed = json!({ "compartmentId": COMPARTMENT, "inputs": [KEPT],
        "servingMode": { "servingType": "ON_DEMAND", "modelId": "cohere.embed-v4.0" } });
    // What is stored is not what a model says.
    let stored = r#"{"usage":{"prompt_tokens":1000,"completion_tokens":1000}}"#;
    let mut told = Vec::new();
    for (target, method, path, body) in [
        ("chat", "POST", chat, question("xai.grok-4.3", false)),
        ("chat", "POST", chat, question("openai.gpt-oss-120b", true)),
        ("any", "POST", chat, question("meta.llama-3.3-70b-instruct", false)),
        ("native", "POST", "actions/embedText", embed.to_string()),
        ("objects", "PUT", "usage.json", stored.to_owned()),
        ("objects", "GET", "usage.json", String::new()),
        ("chat", "POST", chat, question("xai.grok-4.3", true).replace("include_usage", "x")),
    ] {
        let before = server.lines().len();
        let answer = exchange(&server.address, request(target, method, path, &body)).await;
        assert_eq!(status(&answer), 200, "{target} {path}: {answer}");
        let line = server.line_behind(before).await;
        assert_eq!((&line["message"], &line["target"]), (&json!("predicted"), &json!(target)));
        let of = |name: &str| line[name].as_u64();
        told.push((line["model"].as_str().map(str::to_owned), of("tokens_in"), of("tokens_out")));
    }
    let model = |name: &str| Some(name.to_owned());
    let [grok, gpt, any, embedded, put, got, unasked] = told.try_into().unwrap();
    for (told, named) in [
        (&grok, model("xai.grok-4.3")),
        (&gpt, model("openai.gpt-oss-120b")),
        (&any, None),
        (&embedded, model("cohere.embed-v4.0")),
    ] {
        assert!(told.0 == named && told.1.is_some_and(|tokens| tokens > 0), "{told:?}");
    }
    assert!(grok.2.is_some_and(|tokens| tokens > 0) && gpt.2.is_some_and(|tokens| tokens > 0));
    assert_eq!((put.1, got.1, got.2), (None, None, None));
    assert_eq!((unasked.0, unasked.1), (model("xai.grok-4.3"), None));
    for received in services.received() {
        assert!(received.verdict.is_ok(), "{:?}", received.verdict);
    }

    let scrape = "GET /metrics HTTP/1.1\r\nhost: server\r\nconnection: close\r\n\r\n";
    let metrics = exchange(&server.admin, scrape).await;
    for (target, name, (_, input, output)) in [
        ("chat", "xai.grok-4.3", &grok),
        ("chat", "openai.gpt-oss-120b", &gpt),
        ("any", "other", &any),
        ("native", "cohere.embed-v4.0", &embedded),
    ] {
        for (direction, count) in [("in", input), ("out", output)] {
            let Some(count) = count else { continue };
            let labels = format!("target=\"{target}\",direction=\"{direction}\",model=\"{name}\"");
            let series = format!("model_deployment_tokens_total{{{labels}}} {count}\n");
            assert!(metrics.contains(&series), "{series}: {metrics}");
        }
    }
    assert!(
        metrics.contains("model_deployment_calls_total{target=\"objects\",status=\"200\"} 2\n")
    );
    for text in [&metrics, &server.text()] {
        assert!(
            !text.contains(KEPT) && !text.contains("meta.llama") && !text.contains("usage.json")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_was_cut_ends_with_an_error_and_one_with_an_end_does_not() {
    let setup = Setup::new().await;
    let services = setup.services().await;
    let setup = setup.with("ALLOWED_SERVICES", entries(&services));
    let server = setup.start().await;
    let long = "x".repeat(10_000);
    let completed = format!(
        "data: {{\"type\":\"response.created\"}}\n\nevent: response.completed\n\
         data: {{\"type\":\"response.completed\",\"response\":{{\"text\":\"{long}\"}}}}\n\n"
    );
    let events = vec![("content-type".to_owned(), "text/event-stream".to_owned())];
    for (behaviour, code) in [
        (Behaviour::EndAfter(2), Some("ServiceStreamFailed")),
        (Behaviour::BreakAfter(2), Some("ServiceAnswerInvalid")),
        (Behaviour::ErrorAfter(2), None),
        (Behaviour::Pieces(7), None),
        (Behaviour::Reply(200, events.clone(), completed.into_bytes()), None),
        (Behaviour::Reply(200, events.clone(), Vec::new()), Some("ServiceStreamFailed")),
        (Behaviour::Reply(200, events, b": ping\n\n".to_vec()), Some("ServiceStreamFailed")),
    ] {
        services.behave(Service::Inference, behaviour.clone());
        let before = server.lines().len();
        let body = question("xai.grok-4.3", true);
        let answer =
            exchange(&server.address, request("chat", "POST", "chat/completions", &body)).await;
        assert_eq!(status(&answer), 200, "{behaviour:?}: {answer}");
        let line = server.line_behind(before).await;
        assert_eq!(line["code"].as_str(), code, "{behaviour:?}: {line}");
        let told = answer.split_once("\nevent: error\ndata: ").map(|(_, error)| error);
        let told = told.map(|error| serde_json::from_str(error.split("\n\n").next().unwrap()));
        let told = told.map(|error: Result<Value, _>| error.unwrap());
        // OpenAI's clients look at the member `error` alone.
        for member in ["/code", "/error/code"] {
            let said = told.as_ref().and_then(|told| told.pointer(member)?.as_str());
            assert_eq!(said, code, "{behaviour:?}: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_a_service_arrives_as_it_came_and_a_refusal_is_its_own() {
    let setup = Setup::new().await;
    let services = setup.services().await;
    let setup = setup.with("ALLOWED_SERVICES", entries(&services));
    let server = setup.start().await;
    let call = async |body: &str| {
        exchange(&server.address, request("chat", "POST", "chat/completions", body)).await
    };
    let streamed = call(&question("xai.grok-4.3", true)).await;
    assert!(streamed.contains("content-type: text/event-stream"), "{streamed}");
    assert!(streamed.contains(KEPT) && streamed.contains("data: [DONE]"), "{streamed}");
    let refused = call(&question("gpt-4", true)).await;
    let (head, body) = refused.split_once("\r\n\r\n").unwrap();
    assert_eq!(status(head), 403);
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["code"], "ParameterNotAllowed");
    assert_eq!(services.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_own_authorities_count_for_a_host_that_only_an_entry_names() {
    let setup = Setup::new().await.with("ALLOWED_HOSTS", "elsewhere.example");
    let services = setup.services().await;
    let setup = setup.with("ALLOWED_SERVICES", entries(&services));
    let server = setup.start().await;
    let body = question("xai.grok-4.3", false);
    let answer =
        exchange(&server.address, request("chat", "POST", "chat/completions", &body)).await;
    assert_eq!(status(&answer), 200, "{answer}");
}
