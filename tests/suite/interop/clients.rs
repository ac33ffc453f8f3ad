//! What do people's own clients get of `mdfn local`, and what do they show when they are refused?

use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::local::Local;
use super::python;

const SAID: &str = "This is an Iris virginica.";
const CLOSED: &str = "the path is not open at this function";

/// What a client of OpenAI calls, in this order.
const CALLS: [&str; 8] = [
    "GET /models/llm/v1/models 200",
    "POST /models/llm/v1/chat/completions 200",
    "POST /models/llm/v1/chat/completions 200",
    "POST /models/llm/v1/embeddings 200",
    "GET /models/llm/v1/batches 404",
    "POST /models/llm/v1/load_lora_adapter 404",
    "POST /models/llm/v1/chat/completions 413",
    "GET /models/llm/v1/models 401",
];

#[tokio::test]
#[ignore = "needs OpenAI's client for Python; .ci/interop runs it"]
async fn openai_for_python_chats_streams_embeds_and_shows_why_it_is_refused() {
    let local = Local::start().await;
    let seen = local.serve(python("openai_client.py", &[]), "/llm/v1").await;
    let refused =
        |status: u16, said: &str| json!([status, format!("Error code: {status} - {said}")]);
    let expected = json!({
        "models": ["odsc-llm"],
        "chat": [SAID, "stop"],
        "streamed": ["", "This ", "is ", "an ", "Iris ", "virginica.", null],
        "streamed_finish": "stop",
        "dimensions": [26, 26],
        "distinct": true,
        "closed": refused(404, CLOSED),
        "administrative": refused(404, CLOSED),
        "too_large": refused(413, "Payload Too Large"),
        "stranger": refused(401, "Unauthorized"),
    });
    assert_eq!(seen, expected);
    assert_eq!(local.calls(CALLS.len()).await, CALLS);
}

#[tokio::test]
#[ignore = "needs OpenAI's client for Node; .ci/interop runs it"]
async fn openai_for_node_chats_streams_embeds_and_shows_why_it_is_refused() {
    let Ok(folder) = std::env::var("INTEROP_NODE") else {
        // `.ci/interop` says that it was skipped.
        return;
    };
    let local = Local::start().await;
    let mut client = Command::new("node");
    client.arg(Path::new(&folder).join("client.mjs"));
    let seen = local.serve(client, "/llm/v1").await;
    let expected = json!({
        "models": ["odsc-llm"],
        "chat": [SAID, "stop"],
        "streamed": ["", "This ", "is ", "an ", "Iris ", "virginica.", null],
        "streamed_finish": "stop",
        "dimensions": [26, 26],
        "distinct": true,
        "closed": [404, format!("404 {CLOSED}")],
        "administrative": [404, format!("404 {CLOSED}")],
        "too_large": [413, "413 status code (no body)"],
        "came": { "code": 413, "message": "Payload Too Large" },
        "stranger": [401, "401 status code (no body)"],
    });
    assert_eq!(seen, expected);
    assert_eq!(local.calls(CALLS.len()).await, CALLS);
}

#[tokio::test]
#[ignore = "needs Anthropic's client for Python; .ci/interop runs it"]
async fn anthropic_for_python_has_messages_and_is_told_that_it_cannot_count_tokens() {
    let local = Local::start().await;
    let seen = local.serve(python("anthropic_client.py", &[]), "/llm").await;
    let [count_tokens, too_large] = ["count_tokens", "too_large"].map(|name| seen[name].clone());
    assert_eq!(count_tokens[0], 404);
    assert!(count_tokens[1].as_str().unwrap().contains(CLOSED), "{count_tokens}");
    assert_eq!(too_large[0], 413);
    assert!(too_large[1].as_str().unwrap().contains("Payload Too Large"), "{too_large}");
    let expected = json!({
        "message": [SAID],
        "stop": "end_turn",
        "used": [7, 5],
        "streamed": ["This ", "is ", "an ", "Iris ", "virginica."],
        "streamed_stop": "end_turn",
        "count_tokens": count_tokens,
        "too_large": too_large,
    });
    assert_eq!(seen, expected);
    let calls = [
        "POST /models/llm/v1/messages 200",
        "POST /models/llm/v1/messages 200",
        "POST /models/llm/v1/messages/count_tokens 404",
        "POST /models/llm/v1/messages 413",
    ];
    assert_eq!(local.calls(calls.len()).await, calls);
}

#[tokio::test]
#[ignore = "needs LiteLLM; .ci/interop runs it"]
async fn litellm_completes_streams_embeds_and_shows_why_it_is_refused() {
    let local = Local::start().await;
    let seen = local.serve(python("litellm_client.py", &[]), "/llm/v1").await;
    let expected = json!({
        "chat": [SAID, "stop"],
        "streamed": SAID,
        "streamed_finish": "stop",
        "dimensions": [26, 26],
        "distinct": true,
        "too_large": [413, "litellm.APIError: APIError: OpenAIException - Payload Too Large"],
    });
    assert_eq!(seen, expected);
    let calls = [
        "POST /models/llm/v1/chat/completions 200",
        "POST /models/llm/v1/chat/completions 200",
        "POST /models/llm/v1/embeddings 200",
        "POST /models/llm/v1/chat/completions 413",
    ];
    assert_eq!(local.calls(calls.len()).await, calls);
}
