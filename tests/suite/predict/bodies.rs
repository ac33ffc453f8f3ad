//! Does a body arrive as what it is, or not at all?

use emulator::agent::{Agent, Invocation};
use emulator::deployment::Behaviour;
use serde_json::json;

use crate::end_to_end::{body, refused};
use crate::setup::{ROW, Setup, header};

fn call(target: &str, content_type: &str, sent: impl Into<Vec<u8>>) -> Invocation {
    let content_type = Some(content_type.to_owned()).filter(|text| !text.is_empty());
    let call = Invocation { content_type, ..Invocation::json(sent.into()) };
    header(call.through_gateway("POST", "/c/x"), "model_deployment", target)
}

async fn with_paths(setup: &Setup) -> Agent {
    Agent::start(setup.program.clone().config("ALLOWED_PATHS", "/echo")).await.unwrap()
}

#[tokio::test]
async fn a_prediction_takes_whatever_its_content_type_names() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    for content_type in
        ["image/png", "application/octet-stream", "text/csv; charset=utf-8", "application/x-npy"]
    {
        setup.deployment.behave(Behaviour::Answer(200, "application/json", b"{}".to_vec()));
        let answer = function.call(call(&setup.url(), content_type, b"\x89PNG\0\xff")).await;
        assert_eq!(answer.status, 200, "{content_type} {answer:?}");
        let request = setup.deployment.received().pop().unwrap().request;
        assert_eq!(request.text("content-type"), Some(content_type));
        assert_eq!(request.body, b"\x89PNG\0\xff");
    }
}

#[tokio::test]
async fn what_is_not_named_is_json_and_is_checked() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    for content_type in [
        "",
        "text/plain",
        "Text/Plain; charset=utf-8",
        "application/x-www-form-urlencoded",
        "application/json",
        "application/vnd.x+json",
    ] {
        let answer = function.call(call(&setup.url(), content_type, "a,b")).await;
        refused(&answer, 400, "CannotParseRequest");
        let answer = function.call(call(&setup.url(), content_type, ROW)).await;
        assert_eq!(answer.status, 200, "{content_type} {answer:?}");
        let request = setup.deployment.received().pop().unwrap().request;
        let named = if content_type.ends_with("json") { content_type } else { "application/json" };
        assert_eq!(request.text("content-type"), Some(named));
    }
}

#[tokio::test]
async fn a_content_type_that_is_none_is_refused() {
    let setup = Setup::new().await;
    let function = with_paths(&setup).await;
    for target in [setup.url(), setup.url() + "/echo"] {
        for content_type in ["text/\u{e9}", "json", "/json", "text/", "a b/c", "text/plain/x", ";"]
        {
            let answer = function.call(call(&target, content_type, ROW)).await;
            refused(&answer, 400, "InvalidParameter");
            assert!(body(&answer)["message"].as_str().unwrap().contains("`content-type`"));
        }
    }
    assert!(setup.deployment.received().is_empty());
}

#[tokio::test]
async fn json_that_is_encoded_is_refused_by_the_name_of_its_coding() {
    let setup = Setup::new().await;
    let function = with_paths(&setup).await;
    let encoded = |target: &str, content_type: &str, coding: &str| {
        header(call(target, content_type, b"\x1f\x8b\x08"), "content-encoding", coding)
    };
    for (coding, named) in [
        ("gzip", "gzip"),
        ("BR", "br"),
        ("deflate, gzip", "gzip"),
        ("zstd", "zstd"),
        ("token=hush", "unregistered"),
    ] {
        for content_type in ["application/json", "", "text/plain"] {
            let answer = function.call(encoded(&setup.url(), content_type, coding)).await;
            refused(&answer, 415, "UnsupportedMediaType");
            let message = body(&answer)["message"].to_string();
            assert!(message.contains(&format!("the content encoding `{named}`")), "{message}");
        }
    }
    for coding in ["gz\u{ef}p"] {
        let answer = function.call(encoded(&setup.url(), "application/json", coding)).await;
        refused(&answer, 400, "InvalidParameter");
    }
    let twice = header(encoded(&setup.url(), "image/png", "gzip"), "content-encoding", "br");
    refused(&function.call(twice).await, 400, "InvalidParameter");
    assert!(setup.deployment.received().is_empty());
    let plain = header(call(&setup.url(), "", ROW), "content-encoding", "Identity");
    assert_eq!(function.call(plain).await.status, 200);
    assert_eq!(setup.deployment.received()[0].request.text("content-encoding"), None);
}

#[tokio::test]
async fn what_passes_unread_passes_with_its_coding() {
    let setup = Setup::new().await;
    let function = with_paths(&setup).await;
    let custom = setup.url() + "/echo";
    for (target, content_type) in [
        (custom.clone(), "multipart/form-data; boundary=x"),
        (custom.clone(), "application/json"),
        (custom, "text/csv"),
        (setup.url(), "application/octet-stream"),
    ] {
        setup.deployment.behave(Behaviour::Answer(200, "application/json", b"{}".to_vec()));
        let sent = call(&target, content_type, b"\x1f\x8b\x08");
        let answer = function.call(header(sent, "content-encoding", "gzip")).await;
        assert_eq!(answer.status, 200, "{content_type} {answer:?}");
        let request = setup.deployment.received().pop().unwrap().request;
        assert_eq!(request.text("content-encoding"), Some("gzip"));
        assert_eq!(request.text("content-type"), Some(content_type));
    }
}

#[tokio::test]
async fn an_answer_is_asked_for_plain_and_keeps_the_coding_that_it_has() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    setup.deployment.behave(Behaviour::Reply(200, headers, b"\x1f\x8b\x08".to_vec()));
    let asked = header(setup.call(), "accept-encoding", "gzip, br");
    let answer = function.call(asked).await;
    assert_eq!((answer.status, &answer.body[..]), (200, &b"\x1f\x8b\x08"[..]));
    assert_eq!(answer.header("content-encoding"), Some(&b"gzip"[..]));
    let request = setup.deployment.received().pop().unwrap().request;
    assert_eq!(request.text("accept-encoding"), Some("identity"));
}

#[tokio::test]
async fn a_text_in_another_encoding_is_named() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    let utf16 = |mark: &[u8], big: bool| {
        let units = ROW
            .encode_utf16()
            .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
        mark.iter().copied().chain(units).collect::<Vec<u8>>()
    };
    for (sent, name) in [
        ([b"\xef\xbb\xbf", ROW.as_bytes()].concat(), "a UTF-8 byte order mark"),
        (utf16(b"\xff\xfe", false), "a UTF-16 byte order mark"),
        (utf16(b"\xfe\xff", true), "a UTF-16 byte order mark"),
        (utf16(b"", false), "UTF-16"),
        (utf16(b"", true), "UTF-16"),
        (b"\xff\xfe\0\0{\0\0\0}\0\0\0".to_vec(), "a UTF-32 byte order mark"),
        (b"{\0\0\0}\0\0\0".to_vec(), "UTF-32"),
    ] {
        let answer = function.call(call(&setup.url(), "application/json", sent)).await;
        refused(&answer, 400, "CannotParseRequest");
        let message = body(&answer)["message"].to_string();
        assert!(message.contains(&format!("begins with {name};")), "{name}: {message}");
    }
    assert!(setup.deployment.received().is_empty());
}

#[tokio::test]
async fn an_id_that_is_none_is_replaced() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    let longest = "x".repeat(64);
    for (id, kept) in [
        ("client-id", true),
        (longest.as_str(), true),
        (&"x".repeat(65), false),
        ("two words", false),
        ("\u{e9}", false),
        ("", false),
    ] {
        let answer = function.call(header(setup.call(), "opc-request-id", id)).await;
        let request = setup.deployment.received().pop().unwrap().request;
        let call_id = answer.header("fn-call-id").map(|id| String::from_utf8(id.to_vec()).unwrap());
        let expected = if kept { Some(id.to_owned()) } else { call_id };
        assert_eq!(request.text("opc-request-id").map(str::to_owned), expected, "{id}");
    }
    let twice = header(header(setup.call(), "opc-request-id", "a"), "opc-request-id", "b");
    assert_eq!(function.call(twice).await.status, 200);
    let request = setup.deployment.received().pop().unwrap().request;
    let ids = request.headers.iter().filter(|(name, _)| name == "opc-request-id").count();
    assert_eq!((ids, request.text("opc-request-id").map(str::len)), (1, Some(26)));
}

#[tokio::test]
async fn an_envelope_that_is_not_one_is_not_sent_to_the_default() {
    let setup = Setup::new().await;
    let program = setup.program.clone().config("ACCEPT_ENVELOPE", "TRUE\n");
    let function = Agent::start(program.config("MODEL_DEPLOYMENT", setup.url())).await.unwrap();
    for sent in [
        json!({ "ENDPOINT": ["x"], "PAYLOAD": {} }).to_string(),
        json!({ "ENDPOINT": setup.url() }).to_string(),
        r#"{"ENDPOINT": "a", "ENDPOINT": "b", "PAYLOAD": {}}"#.to_owned(),
    ] {
        let sent = Invocation::json(sent).through_gateway("POST", "/x");
        let answer = function.call(sent).await;
        refused(&answer, 400, "InvalidParameter");
        assert!(body(&answer)["message"].as_str().unwrap().contains("`ENDPOINT`"));
    }
    assert!(setup.deployment.received().is_empty());
    let plain = Invocation::json(ROW).through_gateway("POST", "/x");
    assert_eq!(function.call(plain).await.status, 200);
}
