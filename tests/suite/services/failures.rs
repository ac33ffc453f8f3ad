//! What does a caller have of a service that fails, and how often is it asked?

use std::time::{Duration, Instant};

use emulator::agent::{Agent, Answer};
use emulator::services::generative_ai::COMPARTMENT;
use emulator::services::{Behaviour, Service};
use serde_json::json;

use super::world::{World, called, chat, host, json_of, message, streamed};
use crate::end_to_end::refused;
use crate::setup::header;

async fn ask(function: &Agent) -> Answer {
    function.call(chat("chat", &message("xai.grok-4.3"))).await
}

async fn stream(function: &Agent) -> Answer {
    function.call(chat("chat", &streamed("xai.grok-4.3"))).await
}

fn reply(status: u16) -> Behaviour {
    Behaviour::Reply(
        status,
        vec![("content-type".to_owned(), "application/json".to_owned())],
        b"{}".to_vec(),
    )
}

#[tokio::test]
async fn a_stream_that_was_cut_is_502_and_one_with_an_error_inside_passes() {
    let world = World::new().await;
    let function = world.start().await;
    world.behave(Behaviour::EndAfter(2));
    refused(&stream(&function).await, 502, "ServiceStreamFailed");
    world.behave(Behaviour::ErrorAfter(2));
    let answer = stream(&function).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(String::from_utf8_lossy(&answer.body).contains("\"error\""));
    world.behave(Behaviour::Pieces(3));
    assert!(String::from_utf8_lossy(&stream(&function).await.body).ends_with("data: [DONE]\n\n"));
}

#[tokio::test]
async fn a_response_that_failed_passes_and_one_without_an_end_does_not() {
    let world = World::new().await;
    let function = world.start().await;
    let body = json!({ "model": "xai.grok-4.3", "input": "hello", "stream": true, "store": false })
        .to_string();
    let call = || called("quiet", "POST", "/models/quiet/responses", body.clone());
    world.behave(Behaviour::ResponseFailed);
    let answer = function.call(call()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(String::from_utf8_lossy(&answer.body).contains("response.failed"));
    world.behave(Behaviour::EndAfter(3));
    refused(&function.call(call()).await, 502, "ServiceStreamFailed");
}

#[tokio::test]
async fn silence_lasts_until_the_deadline_and_is_504() {
    let world = World::new().await;
    let function = world.start_for(Duration::from_secs(2)).await;
    for behaviour in [Behaviour::StallAfter(2), Behaviour::Hang] {
        world.behave(behaviour);
        let start = Instant::now();
        refused(&stream(&function).await, 504, "ServiceTimedOut");
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn an_answer_of_401_is_asked_once_more_with_fresh_credentials() {
    let world = World::new().await;
    let function = world.start().await;
    world.behave(reply(401));
    assert_eq!(ask(&function).await.status, 200);
    assert_eq!(world.arrived().len(), 2);
    world.behave(reply(401));
    world.behave(reply(401));
    let answer = ask(&function).await;
    refused(&answer, 502, "CredentialsRefused");
    assert!(!json_of(&answer)["message"].as_str().unwrap().contains("deployment"));
    assert_eq!(world.arrived().len(), 4);
}

#[tokio::test]
async fn a_service_s_clock_is_learned_and_is_its_own() {
    let world = World::new().await;
    let function = world.start().await;
    world.services.set_clock_offset(Service::Inference, 900);
    assert_eq!(ask(&function).await.status, 200);
    assert_eq!(ask(&function).await.status, 200);
    let verdicts: Vec<bool> =
        world.services.received().iter().map(|one| one.verdict.is_ok()).collect();
    assert_eq!(verdicts, [false, true, true]);
    assert_eq!(function.call(world.setup.call()).await.status, 200);
    assert_eq!(world.setup.deployment.received().len(), 1);
}

#[tokio::test]
async fn a_post_is_repeated_only_where_the_service_did_not_act_or_the_entry_says_so() {
    let world = World::new().await;
    let function = world.start().await;
    for (alias, behaviour, status, requests) in [
        ("chat", Behaviour::Throttle(Some("1".to_owned())), 200, 2),
        ("chat", Behaviour::Throttle(None), 200, 2),
        ("chat", Behaviour::Throttle(Some("60".to_owned())), 429, 1),
        ("chat", reply(503), 200, 2),
        ("chat", reply(500), 500, 1),
        ("chat", reply(502), 502, 1),
        ("chat", Behaviour::Close, 502, 1),
        ("again", reply(500), 200, 2),
        ("again", Behaviour::Cut, 200, 2),
    ] {
        let before = world.services.received().len();
        world.behave(behaviour.clone());
        let answer = function.call(chat(alias, &message("xai.grok-4.3"))).await;
        assert_eq!(answer.status, status, "{alias} {behaviour:?}: {answer:?}");
        assert_eq!(world.services.received().len() - before, requests, "{alias} {behaviour:?}");
    }
}

#[tokio::test]
async fn every_attempt_of_a_call_has_the_same_retry_token_and_another_call_another() {
    const TOKEN: &str = "opc-retry-token";
    let world = World::new().await;
    let function = world.start().await;
    let body = json!({ "compartmentId": COMPARTMENT, "inputs": ["hello"],
        "servingMode": { "servingType": "ON_DEMAND", "modelId": "cohere.embed-v4.0" } });
    let embed = || called("native", "POST", "/models/native/actions/embedText", body.to_string());
    let mut tokens = Vec::new();
    for call in [embed(), embed(), header(embed(), TOKEN, "the-client-s")] {
        let before = world.services.received().len();
        world.behave(reply(503));
        assert_eq!(function.call(call).await.status, 200);
        let arrived = world.arrived().split_off(before);
        let sent = arrived.iter().map(|one| one.request.values(TOKEN).collect::<Vec<_>>());
        let [first, second] = sent.collect::<Vec<_>>().try_into().unwrap();
        assert_eq!((first.len(), &first), (1, &second));
        tokens.push(String::from_utf8(first[0].to_vec()).unwrap());
    }
    assert!(tokens[0].len() == 32 && tokens[1].len() == 32 && tokens[0] != tokens[1], "{tokens:?}");
    assert_eq!(tokens[2], "the-client-s");
    let twice = header(header(embed(), TOKEN, "a"), TOKEN, "b");
    refused(&function.call(twice).await, 400, "InvalidParameter");
    // Chats of OpenAI's protocol take none.
    function.call(header(chat("chat", &message("xai.grok-4.3")), TOKEN, "a")).await;
    assert_eq!(world.arrived().pop().unwrap().request.text(TOKEN), None);
}

#[tokio::test]
async fn clients_that_repeat_by_themselves_are_told_not_to() {
    let world = World::new().await;
    let function = world.start().await;
    world.behave(Behaviour::EndAfter(1));
    let answer = stream(&function).await;
    assert_eq!((answer.status, answer.header("x-should-retry")), (502, Some(&b"false"[..])));
    let answer = function.call(chat("chat", &message("gpt-4"))).await;
    assert_eq!((answer.status, answer.header("x-should-retry")), (403, None));
}

#[tokio::test]
async fn errors_of_a_service_pass_byte_for_byte_whatever_their_shape() {
    let world = World::new().await;
    let function = world.start().await;
    let oci =
        r#"{"code": "404",  "message": "Authorization failed or requested resource not found."}"#;
    let openai = r#"{"error": {"message":"x",  "type":"invalid_request_error", "param":null}}"#;
    let nested = r#"{"code": "400", "message": "{\"error\": {\"param\":  \"temperature\"}}"}"#;
    for (status, content_type, body) in [
        (404, "application/json", oci),
        (400, "application/json; charset=utf-8", openai),
        (400, "application/json", nested),
        (422, "text/plain", "missing field `model` at line 1"),
    ] {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        world.behave(Behaviour::Reply(status, headers, body.as_bytes().to_vec()));
        let answer = ask(&function).await;
        assert_eq!((answer.status, &answer.body[..]), (status, body.as_bytes()), "{answer:?}");
        assert_eq!(answer.header("content-type"), Some(content_type.as_bytes()));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_too_much_is_not_taken() {
    let world = World::new().await;
    let function = world.start().await;
    world.behave(Behaviour::Redirect("https://localhost:1/".to_owned()));
    refused(&ask(&function).await, 502, "ServiceAnswerInvalid");
    world.behave(Behaviour::Reply(200, Vec::new(), vec![b'x'; 6 * 1024 * 1024 + 1]));
    refused(&ask(&function).await, 502, "ServiceAnswerTooLarge");
    world.behave(Behaviour::Cut);
    refused(&ask(&function).await, 502, "ServiceAnswerInvalid");
}

#[tokio::test]
async fn a_client_that_has_the_newest_version_is_told_so() {
    let world = World::new().await;
    let entry = json!({ "host": host(&world.services, Service::ObjectStorage),
        "open": ["GET /n/emulated/b/predictions/o/{}"], "headers": ["if-none-match"], "returns": ["etag"] });
    let world = world.with_entry("cached", entry);
    let function = world.start().await;
    let newest = vec![("etag".to_owned(), "\"7\"".to_owned())];
    world.services.behave(Service::ObjectStorage, Behaviour::Reply(304, newest, Vec::new()));
    let call = called("cached/n/emulated/b/predictions/o/x", "GET", "/x", "");
    let answer = function.call(header(call, "if-none-match", "\"7\"")).await;
    assert_eq!((answer.status, answer.header("etag")), (304, Some(&b"\"7\""[..])), "{answer:?}");
    assert!(answer.body.is_empty());
    let sent = world.arrived().pop().unwrap();
    assert_eq!(sent.request.text("if-none-match"), Some("\"7\""));
}
