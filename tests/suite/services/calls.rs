//! Do calls of other services arrive, signed, with what the entry says and nothing of the client's else?

use emulator::agent::Invocation;
use emulator::services::generative_ai::{COMPARTMENT, OTHER_PROJECT, PROJECT};
use emulator::services::{Behaviour, Received, Service};
use serde_json::{Value, json};

use super::world::{World, called, chat, host, json_of, message, streamed, typed};
use crate::setup::header;

fn text<'a>(received: &'a Received, name: &str) -> Option<&'a str> {
    received.request.text(name)
}

/// A call with what clients send that no service must see.
fn with_secrets(call: Invocation) -> Invocation {
    [
        ("authorization", "Bearer client-token"),
        ("cookie", "session=client-token"),
        ("api-key", "client-token"),
        ("x-api-key", "client-token"),
        ("x-stainless-lang", "python"),
        ("user-agent", "OpenAI/Python 3.57.0"),
        ("openai-beta", "assistants=v2"),
        ("route", "/client"),
        ("enable-streaming", "true"),
        ("accept", "application/json"),
        ("x-request-id", "client-request"),
        ("opc-request-id", "client-id"),
    ]
    .into_iter()
    .fold(call, |call, (name, value)| header(call, name, value))
}

#[tokio::test]
async fn a_chat_arrives_with_the_compartment_and_nothing_of_the_client_s_token() {
    let world = World::new().await;
    let function = world.start().await;
    let answer = function.call(with_secrets(chat("chat", &message("xai.grok-4.3")))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let said = json_of(&answer);
    assert_eq!(said["choices"][0]["message"]["content"], "You said: Grüße an alle");
    let arrived = world.arrived();
    let [received] = arrived.as_slice() else { panic!("{arrived:?}") };
    assert_eq!(received.request.target, "/openai/v1/chat/completions");
    assert_eq!(received.request.body, message("xai.grok-4.3").to_string().into_bytes());
    for name in ["opc-compartment-id", "compartmentid"] {
        assert_eq!(text(received, name), Some(COMPARTMENT));
    }
    assert_eq!(text(received, "content-type"), Some("application/json"));
    assert_eq!(text(received, "accept"), Some("application/json"));
    assert_eq!(text(received, "x-request-id"), Some("client-request"));
    assert_eq!(text(received, "opc-request-id"), Some("client-id"));
    let shown = format!("{:?}", received.request.headers);
    for other in [
        "service_target",
        "model_deployment",
        "x-stainless-lang",
        "openai-beta",
        "route",
        "enable-streaming",
        "cookie",
    ] {
        assert_eq!(text(received, other), None, "{other}: {shown}");
    }
    for (name, value) in &received.request.headers {
        assert!(!String::from_utf8_lossy(value).contains("client-token"), "{name}");
    }
    let line = function.lines().pop().unwrap();
    for field in [
        " target=chat",
        " path=/openai/v1/chat/completions",
        " model=xai.grok-4.3",
        " status=200",
        " tokens_in=",
        " tokens_out=",
    ] {
        assert!(line.contains(field), "{field}: {line}");
    }
    assert!(!line.contains("deployment=") && !line.contains("Grüße"), "{line}");
}

#[tokio::test]
async fn a_target_may_be_a_url_and_the_header_has_three_spellings() {
    let world = World::new().await;
    let function = world.start().await;
    let url = world.services.url(Service::Language);
    let body = json!({ "compartmentId": COMPARTMENT, "documents": [{ "key": "1", "text": "a good day" }] }).to_string();
    let action = "/20221001/actions/batchDetectLanguageSentiments";
    for (name, target, path) in [
        ("service_target", format!("{url}{action}"), "/models/x".to_owned()),
        (
            "service-target",
            format!("{url}/20221001"),
            "/x/actions/batchDetectLanguageSentiments".to_owned(),
        ),
        ("x-service-target", url.clone(), "/x/actions/batchDetectLanguageSentiments".to_owned()),
        ("service_target", format!("language{action}"), "/".to_owned()),
    ] {
        let call =
            header(Invocation::json(body.clone()).through_gateway("POST", &path), name, &target);
        let answer = function.call(call).await;
        assert_eq!(answer.status, 200, "{target}: {answer:?}");
        assert_eq!(world.arrived().pop().unwrap().request.target, action);
    }
    assert_eq!(world.arrived().len(), 4);
}

#[tokio::test]
async fn a_direct_call_means_service_target() {
    let mut world = World::new().await;
    world.program = world.program.config("SERVICE_TARGET", "chat/openai/v1/chat/completions");
    let function = world.start().await;
    let answer = function.call(Invocation::json(message("xai.grok-4.3").to_string())).await;
    assert_eq!(json_of(&answer)["object"], "chat.completion", "{answer:?}");
    // Through a gateway it counts as well.
    let call =
        Invocation::json(message("xai.grok-4.3").to_string()).through_gateway("POST", "/models/x");
    assert_eq!(function.call(call).await.status, 200);
}

#[tokio::test]
async fn a_stream_comes_whole_and_its_tokens_are_in_the_log() {
    let world = World::new().await;
    let function = world.start().await;
    let answer = function.call(chat("chat", &streamed("xai.grok-4.3"))).await;
    assert_eq!(answer.header("content-type"), Some(&b"text/event-stream"[..]));
    let text = String::from_utf8_lossy(&answer.body);
    assert!(text.starts_with("data: {") && text.ends_with("data: [DONE]\n\n"), "{text}");
    let line = function.lines().pop().unwrap();
    let events = text.lines().filter_map(|line| line.strip_prefix("data: {"));
    let usage = events.filter_map(|data| serde_json::from_str::<Value>(&format!("{{{data}")).ok());
    let usage =
        usage.filter_map(|event| event["usage"]["prompt_tokens"].as_u64()).next_back().unwrap();
    assert!(line.contains(&format!(" tokens_in={usage} ")), "{line}");
    // Nobody asked for the usage: there is none, and not 0.
    let mut unasked = streamed("xai.grok-4.3");
    unasked.as_object_mut().unwrap().remove("stream_options");
    assert_eq!(function.call(chat("chat", &unasked)).await.status, 200);
    assert!(!function.lines().pop().unwrap().contains("tokens_"));
}

#[tokio::test]
async fn responses_are_kept_by_project_and_found_again() {
    let world = World::new().await;
    let function = world.start().await;
    let of = |method: &str, path: &str, project: &str, body: String| {
        header(
            called("llm", method, &format!("/models/llm{path}"), body),
            "openai-project",
            project,
        )
    };
    let body = json!({ "model": "xai.grok-4.3", "input": "hello" }).to_string();
    let created = function.call(of("POST", "/responses", PROJECT, body)).await;
    assert_eq!(created.status, 200, "{created:?}");
    let id = json_of(&created)["id"].as_str().unwrap().to_owned();
    let arrived = world.arrived().pop().unwrap();
    assert_eq!(text(&arrived, "openai-project"), Some(PROJECT));
    for (method, path, project, status) in [
        ("GET", format!("/responses/{id}"), PROJECT, 200),
        ("GET", format!("/responses/{id}/input_items"), PROJECT, 200),
        ("GET", format!("/responses/{id}"), OTHER_PROJECT, 404),
        ("DELETE", format!("/responses/{id}"), PROJECT, 200),
        ("GET", format!("/responses/{id}"), PROJECT, 404),
    ] {
        let answer = function.call(of(method, &path, project, String::new())).await;
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
    }
    let line = function.lines().pop().unwrap();
    assert!(line.contains(" path=/openai/v1/responses/{} ") && !line.contains(&id), "{line}");
}

#[tokio::test]
async fn a_file_arrives_byte_for_byte_with_its_boundary() {
    let world = World::new().await;
    let function = world.start().await;
    let form = "multipart/form-data; boundary=\"b o;u=n\"";
    let body = b"--b o;u=n\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nuser_data\r\n--b o;u=n\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n\x00\xff\xfe{\r\n--b o;u=n--\r\n";
    let call = Invocation::json(&body[..]).through_gateway("POST", "/models/llm/files");
    let call = typed(header(call, "service_target", "llm"), Some(form));
    let call = header(call, "openai-project", PROJECT);
    function.call(call).await;
    let received = world.arrived().pop().unwrap();
    assert_eq!(
        (text(&received, "content-type"), received.request.body.as_slice()),
        (Some(form), &body[..])
    );
    assert_eq!(received.request.target, "/openai/v1/files");
}

#[tokio::test]
async fn native_calls_name_their_compartment_and_a_listed_model() {
    let world = World::new().await;
    let function = world.start().await;
    let body = json!({ "compartmentId": COMPARTMENT, "servingMode": { "servingType": "ON_DEMAND", "modelId": "cohere.embed-v4.0" },
        "inputs": ["hello"] });
    let answer = function
        .call(called("native", "POST", "/models/native/actions/embedText", body.to_string()))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(json_of(&answer)["embeddings"].is_array());
    assert!(function.lines().pop().unwrap().contains(" model=cohere.embed-v4.0 "));
}

#[tokio::test]
async fn native_chats_come_whole_and_in_events() {
    let world = World::new().await;
    let function = world.start().await;
    let ask = |streamed: bool| {
        let said =
            json!([{ "role": "USER", "content": [{ "type": "TEXT", "text": "Grüße an alle" }] }]);
        let body = json!({ "compartmentId": COMPARTMENT,
            "servingMode": { "servingType": "ON_DEMAND", "modelId": "meta.llama-3.3-70b-instruct" },
            "chatRequest": { "apiFormat": "GENERIC", "messages": said, "isStream": streamed,
                "streamOptions": { "isIncludeUsage": true } } });
        called("native", "POST", "/models/native/actions/chat", body.to_string())
    };
    let whole = function.call(ask(false)).await;
    assert_eq!(whole.status, 200, "{whole:?}");
    let said = &json_of(&whole)["chatResponse"]["choices"][0]["message"]["content"][0]["text"];
    assert_eq!(said, "You said: Grüße an alle");
    let whole_line = function.lines().pop().unwrap();
    let streamed = function.call(ask(true)).await;
    assert_eq!(streamed.header("content-type"), Some(&b"text/event-stream"[..]), "{streamed:?}");
    assert!(String::from_utf8_lossy(&streamed.body).contains("\"finishReason\""), "{streamed:?}");
    for line in [whole_line, function.lines().pop().unwrap()] {
        let part = " model=meta.llama-3.3-70b-instruct ";
        assert!(
            line.contains(part) && line.contains(" tokens_in=") && line.contains(" tokens_out=")
        );
    }
    assert_eq!(world.arrived().len(), 2);
}

#[tokio::test]
async fn a_secret_is_read_by_its_ocid_alone_and_nobody_may_keep_it() {
    let world = World::new().await;
    let [id, other] = ["password", "other"].map(|name| world.services.secrets().put(name, b"x"));
    let path = |id: &str| format!("/20190301/secretbundles/{id}");
    let entry = json!({ "host": host(&world.services, Service::Secrets),
        "open": [format!("GET {}", path(&id))] });
    let world = world.with_entry("password", entry);
    let function = world.start().await;
    let get = |path: &str| called(&format!("password{path}"), "GET", "/models/password", "");
    let answer = function.call(get(&path(&id))).await;
    assert_eq!((answer.status, &json_of(&answer)["secretId"]), (200, &json!(id)), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some(&b"no-store"[..]));
    world.services.behave(Service::Secrets, Behaviour::Reply(404, Vec::new(), b"{}".to_vec()));
    let answer = function.call(get(&path(&id))).await;
    assert_eq!((answer.status, answer.header("cache-control")), (404, Some(&b"no-store"[..])));
    for closed in [path(&other), path("actions/getByName"), format!("{}/versions", path(&id))] {
        assert_eq!(function.call(get(&closed)).await.status, 403, "{closed}");
    }
    let chat = function.call(chat("chat", &message("xai.grok-4.3"))).await;
    assert_eq!((chat.status, chat.header("cache-control")), (200, None));
    assert_eq!(world.arrived().len(), 3);
}

#[tokio::test]
async fn objects_are_written_read_listed_and_removed_by_names_that_need_encoding() {
    let world = World::new().await;
    let function = world.start().await;
    let large: Vec<u8> = (0..5 * 1024 * 1024_u32).map(|number| number.to_le_bytes()[1]).collect();
    for (name, content) in [
        ("a%20b%2Bc/d%C3%A9.txt", b"hello, world".to_vec()),
        ("a%2Fb", b"{".to_vec()),
        ("empty", Vec::new()),
        ("large", large),
    ] {
        let call = |method: &str, body: Vec<u8>| {
            typed(called("reports", method, &format!("/models/reports/{name}"), body), None)
        };
        let put = function.call(call("PUT", content.clone())).await;
        assert_eq!(put.status, 200, "{name}: {put:?}");
        let received = world.arrived().pop().unwrap();
        assert_eq!(received.request.target, format!("/n/emulated/b/predictions/o/{name}"));
        assert_eq!(received.request.body, content);
        assert_eq!((text(&received, "expect"), text(&received, "transfer-encoding")), (None, None));
        assert!(text(&received, "x-content-sha256").is_some());
        assert_eq!(text(&received, "content-length"), Some(content.len().to_string().as_str()));
        let got = function.call(call("GET", Vec::new())).await;
        assert_eq!((got.status, &got.body[..]), (200, &content[..]), "{name}");
        assert!(got.header("etag").is_some() && got.header("last-modified").is_none());
        if content.len() > 5 {
            let part = function.call(header(call("GET", Vec::new()), "range", "bytes=1-4")).await;
            assert_eq!((part.status, &part.body[..]), (206, &content[1..5]), "{name}");
            assert!(part.header("content-range").is_some());
        }
        let line = function.lines().pop().unwrap();
        assert!(line.contains(" path=/n/emulated/b/predictions/o/{*} "), "{line}");
    }
    let head = function.call(called("reports", "HEAD", "/models/reports/large", "")).await;
    assert_eq!((head.status, head.body.len()), (200, 0), "{head:?}");
    let list = function.call(called("reports", "GET", "/models/reports?limit=3", "")).await;
    assert_eq!(
        (list.status, json_of(&list)["objects"].as_array().unwrap().len()),
        (200, 3),
        "{list:?}"
    );
    let gone = function.call(called("reports", "DELETE", "/models/reports/large", "")).await;
    assert_eq!(gone.status, 204, "{gone:?}");
}

#[tokio::test]
async fn json_goes_to_generative_ai_under_its_plain_name() {
    let world = World::new().await;
    world.services.set_strict_content_type(true);
    let function = world.start().await;
    let call =
        |content_type: &str| typed(chat("chat", &message("xai.grok-4.3")), Some(content_type));
    for content_type in
        ["application/json; charset=utf-8", "application/json;charset=\"UTF-8\"", "text/plain"]
    {
        assert_eq!(function.call(call(content_type)).await.status, 200, "{content_type}");
    }
    assert_eq!(function.call(call("application/json; charset=latin1")).await.status, 400);
    assert_eq!(function.call(call("multipart/form-data; boundary=x")).await.status, 415);
    assert_eq!(
        function.call(header(call("application/json"), "content-encoding", "gzip")).await.status,
        415
    );
    assert_eq!(world.arrived().len(), 3);
}

#[tokio::test]
async fn headers_that_an_entry_sets_arrive() {
    let world = World::new().await;
    let function = world.start().await;
    let call = header(chat("again", &message("anything")), "x-team", "red");
    function.call(call).await;
    let received = world.arrived().pop().unwrap();
    assert_eq!(received.request.values("x-team").collect::<Vec<_>>(), [b"blue"]);
}

#[tokio::test]
async fn a_deployment_is_called_as_before_beside_services() {
    let world = World::new().await;
    let function = world.start().await;
    assert_eq!(function.call(world.setup.call()).await.status, 200);
    assert_eq!(world.setup.deployment.received().len(), 1);
    assert!(world.services.received().is_empty());
}
