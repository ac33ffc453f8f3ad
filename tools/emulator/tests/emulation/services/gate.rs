//! Whose requests are let in, and what is remembered of them.

use emulator::services::generative_ai::Resource;
use emulator::services::{Behaviour, Service};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::{Request, Setup, in_compartment};
use crate::deployment::client::{Call, bounded};

const CHAT: &str = "/openai/v1/chat/completions";
const BODY: &str =
    r#"{"model":"xai.grok-4.3","messages":[{"role":"user","content":"Hello there."}]}"#;

/// A chat with these header lines.
fn chat(further: &str) -> Request<'_> {
    let call = Call { further, body: BODY.as_bytes(), ..Call::PREDICT };
    Request { service: Service::Inference, target: CHAT, call, by_user: false }
}

#[tokio::test]
async fn principals_and_users_are_let_in_by_their_signatures_and_nobody_else() {
    let (setup, headers) = (Setup::new().await, in_compartment());
    let request = chat(&headers);
    for by_user in [false, true] {
        let answer = setup.send(&Request { by_user, ..request }).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let signed = String::from_utf8(setup.sign(&request)).unwrap();
    for (what, changed) in [
        ("body", signed.replace("Hello", "Hallo")),
        ("path", signed.replacen(CHAT, "/openai/v1/responses", 1)),
        ("key id", signed.replacen("keyId=\"ST$", "keyId=\"", 1)),
        ("scheme", signed.replacen("authorization: Signature ", "authorization: Bearer ", 1)),
        ("nothing", signed.replacen("authorization:", "x-authorization:", 1)),
        ("coverage", signed.replacen("(request-target) host", "(request-target)", 1)),
    ] {
        let mut connection = setup.connect(Service::Inference).await;
        let answer = connection.call(changed.as_bytes()).await.unwrap();
        assert_eq!(answer.refusal(), (401, "NotAuthenticated".to_owned()), "{what}");
    }
    let verdicts: Vec<bool> =
        setup.services.received().iter().map(|received| received.verdict.is_ok()).collect();
    assert_eq!(verdicts, [true, true, false, false, false, false, false, false]);
}

#[tokio::test]
async fn each_service_has_a_host_of_its_own_with_and_without_tls() {
    let (setup, headers) = (Setup::new().await, in_compartment());
    let elsewhere = setup.send(&Request { service: Service::Language, ..chat(&headers) }).await;
    assert_eq!(elsewhere.status, 404);
    let plain = setup.services.plain_url(Service::Inference);
    let mut stream = TcpStream::connect(plain.strip_prefix("http://").unwrap()).await.unwrap();
    let further = format!("{headers}connection: close\r\n");
    stream.write_all(&setup.sign(&chat(&further))).await.unwrap();
    let mut answer = String::new();
    bounded(stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("You said: Hello there."));
    let services: Vec<Service> =
        setup.services.received().iter().map(|received| received.service).collect();
    assert_eq!(services, [Service::Language, Service::Inference]);
}

#[tokio::test]
async fn what_came_is_remembered_with_all_of_its_headers_and_nothing_else() {
    let setup = Setup::new().await;
    let headers = format!("{}cookie: a=b\r\nx-stainless-lang: python\r\n", in_compartment());
    setup.send(&chat(&headers)).await;
    let received = setup.services.received().pop().unwrap();
    assert_eq!(received.request.text("cookie"), Some("a=b"));
    assert_eq!(received.request.text("x-stainless-lang"), Some("python"));
    assert_eq!(received.request.text("model_deployment"), None);
    assert_eq!(received.request.body, BODY.as_bytes());
    assert_eq!(received.request.target, CHAT);
}

#[tokio::test]
async fn a_content_type_with_parameters_is_refused_only_where_that_is_switched_on() {
    let (setup, headers) = (Setup::new().await, in_compartment());
    let content_type = "application/json; charset=utf-8";
    let call = Call { content_type, ..chat(&headers).call };
    let request = Request { call, ..chat(&headers) };
    assert_eq!(setup.send(&request).await.status, 200);
    setup.services.set_strict_content_type(true);
    let refusal = setup.send(&request).await.refusal();
    assert_eq!(refusal, (401, "SIGNATURE_NOT_VALID".to_owned()));
    assert_eq!(setup.send(&chat(&headers)).await.status, 200);
}

#[tokio::test]
async fn headers_that_a_get_or_delete_carries_unsigned_do_not_matter() {
    let setup = Setup::new().await;
    let further = format!("{}content-type: application/json\r\n", in_compartment());
    let target = "/20231130/guardrailVersions";
    let answer = setup.bare(Service::Inference, "GET", target, &further).await;
    assert_eq!(answer.status, 200);
    let further = "content-type: application/json\r\ncontent-length: 0\r\n";
    let target = format!("/20210201/queues/{}/messages/unknown", emulator::services::QUEUE);
    let answer = setup.bare(Service::Queue, "DELETE", &target, further).await;
    assert_eq!(answer.refusal(), (404, "NotFound".to_owned()));
}

#[tokio::test]
async fn without_a_policy_a_principal_is_told_404_and_a_user_is_served() {
    let (setup, headers) = (Setup::new().await, in_compartment());
    setup.services.revoke(Resource::Response);
    let body = json!({ "model": "openai.gpt-oss-120b", "input": "Hello" }).to_string();
    let call = Call { further: &headers, body: body.as_bytes(), ..Call::PREDICT };
    let target = "/openai/v1/responses";
    let request = Request { service: Service::Inference, target, call, by_user: false };
    let refusal = setup.send(&request).await.refusal();
    assert_eq!(refusal, (404, "NotAuthorizedOrNotFound".to_owned()));
    assert_eq!(setup.send(&Request { by_user: true, ..request }).await.status, 200);
    assert_eq!(setup.send(&chat(&headers)).await.status, 200);
}

#[tokio::test]
async fn each_service_has_a_clock_of_its_own() {
    let (setup, headers) = (Setup::new().await, in_compartment());
    setup.services.set_clock_offset(Service::Inference, 3600);
    let answer = setup.send(&chat(&headers)).await;
    assert_eq!(answer.refusal(), (401, "NotAuthenticated".to_owned()));
    assert!(answer.text().contains("clock skew"), "{}", answer.text());
    let target = "/20231130/models";
    let answer = setup.bare(Service::GenerativeAi, "GET", target, "").await;
    assert_eq!(answer.refusal(), (400, "InvalidParameter".to_owned()));
}

#[tokio::test]
async fn a_body_in_chunks_is_refused() {
    let (setup, headers) = (Setup::new().await, in_compartment());
    let signed = String::from_utf8(setup.sign(&chat(&headers))).unwrap();
    let (head, _) = signed.split_once("content-length: ").unwrap();
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n0\r\n\r\n");
    let mut connection = setup.connect(Service::Inference).await;
    let answer = connection.call(chunked.as_bytes()).await.unwrap();
    assert_eq!(answer.refusal(), (411, "LengthRequired".to_owned()));
}

#[tokio::test]
async fn what_a_test_asks_for_is_answered_once_and_in_order() {
    let (setup, headers) = (Setup::new().await, in_compartment());
    for behaviour in [
        Behaviour::Throttle(Some("1".to_owned())),
        Behaviour::Throttle(None),
        Behaviour::NestedError,
        Behaviour::PlainError,
        Behaviour::Redirect("https://elsewhere.example/".to_owned()),
        Behaviour::Reply(500, vec![("x-more".to_owned(), "yes".to_owned())], b"oh".to_vec()),
    ] {
        setup.services.behave(Service::Inference, behaviour);
    }
    let answer = setup.send(&chat(&headers)).await;
    assert_eq!(answer.refusal(), (429, "TooManyRequests".to_owned()));
    assert_eq!(answer.header("retry-after"), Some("1"));
    let answer = setup.send(&chat(&headers)).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, None));
    let answer = setup.send(&chat(&headers)).await;
    assert_eq!(answer.refusal(), (400, "400".to_owned()));
    let inner = answer.json()["message"].as_str().unwrap().to_owned();
    let inner: serde_json::Value = serde_json::from_str(&inner).unwrap();
    assert_eq!(inner["error"]["code"], "unsupported_value");
    let answer = setup.send(&chat(&headers)).await;
    assert_eq!((answer.status, answer.header("content-type")), (422, Some("text/plain")));
    let answer = setup.send(&chat(&headers)).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (302, Some("https://elsewhere.example/"))
    );
    let answer = setup.send(&chat(&headers)).await;
    assert_eq!(
        (answer.status, answer.header("x-more"), answer.text().as_str()),
        (500, Some("yes"), "oh")
    );
    assert_eq!(setup.send(&chat(&headers)).await.status, 200);
}
