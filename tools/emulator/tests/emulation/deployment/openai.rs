//! The OpenAI-compatible server behind the deployment.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::client::{Setup, events};

const ANSWER: &str = "This is an Iris virginica.";

fn conversation(stream: bool) -> Value {
    json!({
        "model": "odsc-llm",
        "messages": [
            { "role": "user", "content": "Which flower has 1, 2, 3?" },
            { "role": "assistant", "content": "Please send four numbers." },
            { "role": "user", "content": [{ "type": "text", "text": "sepal 6.3 x 3.3, petal 6.0 x 2.5." }] },
        ],
        "stream": stream,
        "stream_options": { "include_usage": true },
    })
}

fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or_else(|| panic!("{pointer} is not in {value}"))
}

#[tokio::test]
async fn the_models_are_listed() {
    let list = Setup::new().await.get("/predict/v1/models").await.json();
    assert_eq!(
        (at(&list, "/object"), at(&list, "/data/0/id")),
        (&json!("list"), &json!("odsc-llm"))
    );
    assert_eq!(at(&list, "/data").as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn chat_is_about_the_numbers_of_the_last_message() {
    let setup = Setup::new().await;
    let answer = setup.post("/predict/v1/chat/completions", &conversation(false)).await.json();
    let message = json!({ "role": "assistant", "content": ANSWER });
    assert_eq!(at(&answer, "/choices/0/message"), &message);
    assert_eq!(at(&answer, "/choices/0/finish_reason"), "stop");
    assert_eq!(
        (at(&answer, "/object"), at(&answer, "/model")),
        (&json!("chat.completion"), &json!("odsc-llm"))
    );
    let usage = json!({ "prompt_tokens": 8, "completion_tokens": 5, "total_tokens": 13 });
    assert_eq!(at(&answer, "/usage"), &usage);
    let other = json!({ "messages": [{ "role": "user", "content": "Hello" }] });
    let answer = setup.post("/predict/v1/chat/completions", &other).await.json();
    let text = at(&answer, "/choices/0/message/content").as_str().unwrap();
    assert!(text.starts_with("Please send four numbers: sepal length"), "{text}");
}

#[tokio::test]
async fn chat_streams_a_chunk_a_word_and_sends_the_same_events_sized_to_predict() {
    let setup = Setup::new().await;
    let streamed =
        setup.post("/predictWithResponseStream/v1/chat/completions", &conversation(true)).await;
    assert!(streamed.is_streamed(), "{streamed:?}");
    assert_eq!(streamed.header("content-type"), Some("text/event-stream"));
    let chunks = events(&streamed.text());
    // Role, five words, the end, the usage; `[DONE]` has a chunk as well.
    assert_eq!((chunks.len(), streamed.chunks.len()), (8, 9));
    let choices: Vec<&Value> =
        chunks.iter().filter_map(|chunk| chunk.pointer("/choices/0")).collect();
    let said = choices.iter().filter_map(|choice| choice.pointer("/delta/content")?.as_str());
    assert_eq!(said.collect::<String>(), ANSWER);
    assert_eq!(at(&chunks[0], "/choices/0/delta/role"), "assistant");
    assert_eq!(at(&chunks[6], "/choices/0/finish_reason"), "stop");
    assert_eq!(at(&chunks[7], "/usage/completion_tokens"), 5);
    assert!(chunks.iter().all(|chunk| at(chunk, "/object") == "chat.completion.chunk"));

    let sized = setup.post("/predict/v1/chat/completions", &conversation(true)).await;
    assert_eq!(sized.header("content-length"), Some(sized.text().len().to_string().as_str()));
    let varying = |text: &str| {
        let mut events = events(text);
        for event in &mut events {
            event.as_object_mut().unwrap().retain(|name, _| name != "id" && name != "created");
        }
        events
    };
    assert_eq!(varying(&sized.text()), varying(&streamed.text()));
}

#[tokio::test]
async fn completions_answer_whole_and_word_by_word() {
    let setup = Setup::new().await;
    let body = json!({ "prompt": ["6.3 3.3 6.0 2.5"] });
    let answer = setup.post("/predict/v1/completions", &body).await.json();
    assert_eq!(at(&answer, "/choices/0/text"), ANSWER);
    assert_eq!(at(&answer, "/object"), "text_completion");
    let body = json!({ "prompt": "6.3 3.3 6.0 2.5", "stream": true });
    let answer = setup.post("/predictWithResponseStream/v1/completions", &body).await;
    let events = events(&answer.text());
    let said = events.iter().map(|event| at(event, "/choices/0/text").as_str().unwrap());
    assert_eq!(said.collect::<String>(), ANSWER);
    assert_eq!(at(events.last().unwrap(), "/choices/0/finish_reason"), "stop");
}

#[tokio::test]
async fn messages_answer_in_the_protocol_of_anthropic_whole_and_word_by_word() {
    let setup = Setup::new().await;
    let answer = setup.post("/predict/v1/messages", &conversation(false)).await.json();
    let expected = json!({
        "id": "chatcmpl-0",
        "type": "message",
        "role": "assistant",
        "model": "odsc-llm",
        "content": [{ "type": "text", "text": ANSWER }],
        "stop_reason": "end_turn",
        "usage": { "input_tokens": 8, "output_tokens": 5 },
    });
    assert_eq!(answer, expected);
    let streamed = setup.post("/predictWithResponseStream/v1/messages", &conversation(true)).await;
    assert_eq!(streamed.header("content-type"), Some("text/event-stream"));
    let text = streamed.text();
    let events: Vec<(&str, Value)> = text
        .split_terminator("\n\n")
        .filter_map(|event| event.strip_prefix("event: ")?.split_once("\ndata: "))
        .map(|(name, data)| (name, serde_json::from_str(data).unwrap()))
        .collect();
    assert!(events.iter().all(|(name, event)| at(event, "/type") == name), "{text}");
    let said = events.iter().filter_map(|(_, event)| event.pointer("/delta/text")?.as_str());
    assert_eq!(said.collect::<String>(), ANSWER);
    let frame: Vec<&str> = events
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| *name != "content_block_delta")
        .collect();
    let expected = [
        "message_start",
        "content_block_start",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert!(frame == expected && text.ends_with("data: [DONE]\n\n"), "{text}");
    let answer = setup.post("/predict/v1/messages", &json!({})).await;
    assert_eq!((answer.status, at(&answer.json(), "/type")), (400, &json!("error")));
}

#[tokio::test]
async fn several_rows_get_a_sentence_each() {
    let body = json!({ "prompt": "6.3 3.3 6.0 2.5, 5.1 3.5 1.4 0.2" });
    let answer = Setup::new().await.post("/predict/v1/completions", &body).await.json();
    assert_eq!(at(&answer, "/choices/0/text"), &format!("{ANSWER} This is an Iris setosa."));
}

#[tokio::test]
async fn responses_answer_whole_and_step_by_step() {
    let setup = Setup::new().await;
    for input in [json!("6.3 3.3 6.0 2.5"), conversation(false)["messages"].clone()] {
        let answer = setup.post("/predict/v1/responses", &json!({ "input": input })).await.json();
        assert_eq!(
            (at(&answer, "/object"), at(&answer, "/status")),
            (&json!("response"), &json!("completed"))
        );
        assert_eq!(at(&answer, "/output/0/content/0/text"), ANSWER);
        assert_eq!(at(&answer, "/usage/output_tokens"), 5);
    }
    let body = json!({ "input": "6.3 3.3 6.0 2.5", "stream": true });
    let streamed = setup.post("/predictWithResponseStream/v1/responses", &body).await;
    let text = streamed.text();
    let events: Vec<Value> = text
        .split_terminator("\n\n")
        .map(|event| event.split_once("\ndata: ").unwrap())
        .map(|(_, data)| serde_json::from_str(data).unwrap())
        .collect();
    let said = events.iter().filter(|event| event["type"] == "response.output_text.delta");
    assert_eq!(said.map(|event| event["delta"].as_str().unwrap()).collect::<String>(), ANSWER);
    let kinds: Vec<&str> = events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .filter(|kind| *kind != "response.output_text.delta")
        .collect();
    let expected = [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ];
    assert_eq!(kinds, expected);
    assert!(events.iter().enumerate().all(|(number, event)| event["sequence_number"] == number));
    assert_eq!(at(events.last().unwrap(), "/response/output/0/content/0/text"), ANSWER);
    let answer = setup.post("/predict/v1/responses", &json!({ "input": 1 })).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn embeddings_are_the_same_as_numbers_and_as_base64() {
    let setup = Setup::new().await;
    let body = json!({ "input": ["aA b", "123"] });
    let numbers = setup.post("/predict/v1/embeddings", &body).await.json();
    let vector: Vec<f64> = at(&numbers, "/data/0/embedding")
        .as_array()
        .unwrap()
        .iter()
        .map(|number| number.as_f64().unwrap())
        .collect();
    assert_eq!(vector.len(), 26);
    let length: f64 = vector.iter().map(|number| number * number).sum();
    assert!((length - 1.0).abs() < 1e-6, "{vector:?}");
    assert!((vector[0] - 2.0 * vector[1]).abs() < 1e-6, "{vector:?}");
    assert_eq!(at(&numbers, "/data/1/embedding"), &json!(vec![0.0; 26]));
    assert_eq!(at(&numbers, "/usage/total_tokens"), 3);

    let body = json!({ "input": "b aa", "encoding_format": "base64" });
    let base64 = setup.post("/predict/v1/embeddings", &body).await.json();
    let bytes = STANDARD.decode(at(&base64, "/data/0/embedding").as_str().unwrap()).unwrap();
    let floats =
        bytes.chunks(4).map(|four| f64::from(f32::from_le_bytes(four.try_into().unwrap())));
    assert_eq!(floats.collect::<Vec<_>>(), vector);
}

#[tokio::test]
async fn a_request_that_the_server_does_not_understand_is_400_in_its_own_shape() {
    let setup = Setup::new().await;
    for path in ["chat/completions", "completions", "responses", "embeddings"] {
        for action in ["predict", "predictWithResponseStream"] {
            let answer = setup.post(&format!("/{action}/v1/{path}"), &json!({})).await;
            assert_eq!(answer.status, 400);
            assert_eq!(at(&answer.json(), "/error/code"), 400);
        }
    }
}

#[tokio::test]
async fn metrics_count_requests_and_the_version_is_told() {
    let setup = Setup::new().await;
    let version = setup.get("/predict/version").await.json();
    assert_eq!(at(&version, "/version"), env!("CARGO_PKG_VERSION"));
    let metrics = setup.get("/predict/metrics").await;
    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4"));
    assert!(metrics.text().ends_with("\ndeployment_requests_total 2\n"), "{metrics:?}");
}

#[tokio::test]
async fn administrative_paths_exist() {
    let setup = Setup::new().await;
    for path in ["v1/load_lora_adapter", "v1/unload_lora_adapter", "start_profile", "stop_profile"]
    {
        let answer = setup.post(&format!("/predict/{path}"), &json!({})).await;
        assert_eq!((answer.status, answer.json()), (200, json!({})), "{path}");
    }
}
