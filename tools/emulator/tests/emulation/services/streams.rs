//! Streams, and the ways in which they come and end.

use std::time::{Duration, Instant};

use emulator::services::{Behaviour, Service};
use serde_json::{Value, json};

use super::client::{Request, Setup, in_compartment};
use crate::deployment::client::{Answer, Call, events};

const TARGET: &str = "/openai/v1/chat/completions";

fn body(with_usage: bool) -> String {
    json!({
        "model": "xai.grok-4.3",
        "messages": [{ "role": "user", "content": "Grüße 🌸 an alle" }],
        "stream": true,
        "stream_options": { "include_usage": with_usage },
    })
    .to_string()
}

async fn chat(setup: &Setup, with_usage: bool) -> Answer {
    let (headers, body) = (in_compartment(), body(with_usage));
    let call = Call { further: &headers, body: body.as_bytes(), ..Call::PREDICT };
    let service = Service::Inference;
    setup.send(&Request { service, target: TARGET, call, by_user: false }).await
}

fn said(events: &[Value]) -> String {
    let pieces = events
        .iter()
        .filter_map(|event| event.pointer("/choices/0/delta/content").and_then(Value::as_str));
    pieces.collect()
}

#[tokio::test]
async fn a_chat_comes_word_by_word_with_what_was_used_only_if_asked() {
    let setup = Setup::new().await;
    for with_usage in [true, false] {
        let answer = chat(&setup, with_usage).await;
        assert_eq!(answer.header("content-type"), Some("text/event-stream"));
        let events = events(&answer.text());
        assert_eq!(said(&events), "You said: Grüße 🌸 an alle");
        assert_eq!(answer.chunks.len(), events.len() + 1);
        let used = events.iter().filter(|event| event["usage"].is_object()).count();
        assert_eq!(used, usize::from(with_usage));
    }
}

#[tokio::test]
async fn pieces_end_within_events_and_characters() {
    let setup = Setup::new().await;
    setup.services.behave(Service::Inference, Behaviour::Pieces(3));
    let answer = chat(&setup, true).await;
    assert!(answer.chunks.iter().rev().skip(1).all(|chunk| chunk.len() == 3));
    assert!(answer.chunks.iter().any(|chunk| std::str::from_utf8(chunk).is_err()));
    assert_eq!(said(&events(&answer.text())), "You said: Grüße 🌸 an alle");
}

#[tokio::test]
async fn the_first_piece_is_waited_for() {
    let setup = Setup::new().await;
    for behaviour in
        [Behaviour::Pause(Duration::from_millis(300)), Behaviour::Slow(Duration::from_millis(300))]
    {
        setup.services.behave(Service::Inference, behaviour);
        let start = Instant::now();
        assert_eq!(said(&events(&chat(&setup, false).await.text())), "You said: Grüße 🌸 an alle");
        assert!(start.elapsed() >= Duration::from_millis(300));
    }
}

#[tokio::test]
async fn a_stream_ends_before_its_time_in_order_with_an_error_or_not_at_all() {
    let setup = Setup::new().await;
    setup.services.behave(Service::Inference, Behaviour::EndAfter(2));
    let text = chat(&setup, false).await.text();
    assert!(text.matches("data: ").count() == 2 && !text.contains("[DONE]"), "{text}");

    setup.services.behave(Service::Inference, Behaviour::ErrorAfter(2));
    let text = chat(&setup, false).await.text();
    let last = text.trim_end().rsplit_once("data: ").unwrap().1;
    let last: Value = serde_json::from_str(last).unwrap();
    assert_eq!(last["error"]["type"], "server_error");

    let (headers, body) = (in_compartment(), body(false));
    let call = Call { further: &headers, body: body.as_bytes(), ..Call::PREDICT };
    let service = Service::Inference;
    let request = setup.sign(&Request { service, target: TARGET, call, by_user: false });
    for behaviour in [Behaviour::BreakAfter(2), Behaviour::Cut, Behaviour::Close] {
        setup.services.behave(service, behaviour.clone());
        let broken = setup.connect(service).await.call(&request).await.unwrap_err();
        let text = String::from_utf8_lossy(&broken.bytes).into_owned();
        assert_eq!(text.is_empty(), matches!(behaviour, Behaviour::Close), "{text}");
    }
    setup.services.behave(service, Behaviour::StallAfter(1));
    let mut connection = setup.connect(service).await;
    connection.send(&request).await;
    assert!(connection.is_silent_after(b"\n\n\r\n").await);
}

#[tokio::test]
async fn a_response_comes_event_by_event_and_may_fail() {
    let setup = Setup::new().await;
    let body = json!({ "model": "xai.grok-4.3", "input": "Hello there", "stream": true });
    for (behaviour, last) in
        [(None, "response.completed"), (Some(Behaviour::ResponseFailed), "response.failed")]
    {
        if let Some(behaviour) = behaviour {
            setup.services.behave(Service::Inference, behaviour);
        }
        let text = setup.post("/responses", &body).await.text();
        let events: Vec<(&str, Value)> = text
            .split_terminator("\n\n")
            .filter_map(|event| event.strip_prefix("event: ")?.split_once("\ndata: "))
            .map(|(name, data)| (name, serde_json::from_str(data).unwrap()))
            .collect();
        for (number, (name, data)) in events.iter().enumerate() {
            assert_eq!((&data["type"], &data["sequence_number"]), (&json!(name), &json!(number)));
        }
        assert_eq!(events.first().unwrap().0, "response.created");
        assert_eq!(events.last().unwrap().0, last);
        let said: String = events.iter().filter_map(|(_, data)| data["delta"].as_str()).collect();
        assert_eq!(said, "You said: Hello there");
    }
}
