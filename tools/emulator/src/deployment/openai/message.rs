//! The same conversation in Anthropic's protocol, which vLLM serves beside `OpenAI`'s.
//!
//! Source: docs/spec/oci-services.md#anthropic-api.

use serde_json::{Value, json};

use super::generation::{Generation, Kind, generate, tokens};
use super::request::last_message;
use crate::deployment::answer::Answer;
use crate::deployment::call::Call;

/// Why every text ends.
const END: &str = "end_turn";

/// Returns the next message of a conversation.
pub(in crate::deployment) fn messages(call: &Call<'_>) -> Answer {
    match generate(call, Kind::Chat, "messages", last_message) {
        Ok(generation) if generation.stream => Answer::named_events(&events(&generation)).done(),
        Ok(generation) => Answer::json(&whole(&generation)),
        Err(problem) => {
            let error = json!({ "type": "BadRequestError", "message": problem });
            Answer::json(&json!({ "type": "error", "error": error })).with_status(400)
        }
    }
}

/// Returns the answer in one object.
fn whole(generation: &Generation) -> Value {
    let text = json!({ "type": "text", "text": generation.text });
    message(generation, &[text], Some(END), &generation.text)
}

/// Returns the answer in an event a word, with those before and after them that Anthropic's clients
/// wait for.
fn events(generation: &Generation) -> Vec<Value> {
    let start = message(generation, &[], None, "");
    let block = json!({ "type": "text", "text": "" });
    let words = generation.text.split_inclusive(' ').map(|word| {
        let delta = json!({ "type": "text_delta", "text": word });
        json!({ "type": "content_block_delta", "index": 0, "delta": delta })
    });
    let (end, used) = (json!({ "stop_reason": END }), usage(generation, &generation.text));
    [
        json!({ "type": "message_start", "message": start }),
        json!({ "type": "content_block_start", "index": 0, "content_block": block }),
    ]
    .into_iter()
    .chain(words)
    .chain([
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": end, "usage": used }),
        json!({ "type": "message_stop" }),
    ])
    .collect()
}

fn message(generation: &Generation, content: &[Value], stop: Option<&str>, said: &str) -> Value {
    json!({
        "id": generation.id(),
        "type": "message",
        "role": "assistant",
        "model": generation.model,
        "content": content,
        "stop_reason": stop,
        "usage": usage(generation, said),
    })
}

/// Returns the usage so far.
fn usage(generation: &Generation, said: &str) -> Value {
    json!({ "input_tokens": tokens(&generation.prompt), "output_tokens": tokens(said) })
}
