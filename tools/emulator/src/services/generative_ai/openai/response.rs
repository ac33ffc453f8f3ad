//! The JSON of a response, whole or as events.

use serde_json::{Map, Value, json};

use super::items;
use crate::deployment::tokens;
use crate::services::document::{set, text as member};
use crate::services::event::Event;
use crate::services::generative_ai::text;

/// A response before it is written.
pub(super) struct Response<'a> {
    pub(super) id: String,
    pub(super) created: u64,
    pub(super) model: &'a str,
    /// The body of the request.
    pub(super) body: &'a Map<String, Value>,
    pub(super) metadata: Value,
    pub(super) store: bool,
    /// All items that the model sees: earlier ones and those of the request.
    pub(super) known: &'a [Value],
    /// The output.
    pub(super) message: Value,
    pub(super) text: String,
}

impl Response<'_> {
    /// Returns the response in one object.
    pub(super) fn document(&self, status: &str) -> Value {
        let is_done = status == "completed";
        let output = if is_done { json!([self.message]) } else { json!([]) };
        let echo = |name: &str, otherwise: Value| {
            self.body.get(name).filter(|value| !value.is_null()).cloned().unwrap_or(otherwise)
        };
        let conversation = self.body.get("conversation").and_then(conversation_id);
        json!({
            "id": self.id,
            "object": "response",
            "created_at": self.created,
            "status": status,
            "background": echo("background", json!(false)),
            "error": null,
            "incomplete_details": null,
            "instructions": echo("instructions", Value::Null),
            "max_output_tokens": echo("max_output_tokens", Value::Null),
            "model": self.model,
            "output": output,
            "parallel_tool_calls": echo("parallel_tool_calls", json!(true)),
            "previous_response_id": echo("previous_response_id", Value::Null),
            "conversation": conversation.map(|id| json!({ "id": id })),
            "store": self.store,
            "temperature": echo("temperature", json!(1.0)),
            "text": echo("text", json!({ "format": { "type": "text" } })),
            "tool_choice": echo("tool_choice", json!("auto")),
            "tools": echo("tools", json!([])),
            "top_p": echo("top_p", json!(1.0)),
            "truncation": echo("truncation", json!("disabled")),
            "usage": if is_done { usage(self.known, &self.text) } else { Value::Null },
            "metadata": self.metadata,
        })
    }

    /// Returns the response as events, one a word, and those before and after them.
    pub(super) fn events(&self) -> Vec<Event> {
        let id = member(&self.message, "id");
        let place = json!({ "output_index": 0, "content_index": 0, "item_id": id });
        let with = |kind: &str, more: Value| {
            let mut event = place.clone();
            if let (Some(members), Value::Object(more)) = (event.as_object_mut(), more) {
                members.insert("type".to_owned(), json!(kind));
                members.extend(more);
            }
            event
        };
        let whole =
            |kind: &str, status: &str| json!({ "type": kind, "response": self.document(status) });
        let mut begun = self.message.clone();
        set(&mut begun, "status", "in_progress");
        set(&mut begun, "content", json!([]));
        let item =
            |kind: &str, item: &Value| json!({ "type": kind, "output_index": 0, "item": item });
        let words = self.text.split_inclusive(' ').map(|word| {
            with("response.output_text.delta", json!({ "delta": word, "logprobs": [] }))
        });
        let events = [
            whole("response.created", "in_progress"),
            whole("response.in_progress", "in_progress"),
            item("response.output_item.added", &begun),
            with("response.content_part.added", json!({ "part": items::part("") })),
        ];
        let after = [
            with("response.output_text.done", json!({ "text": self.text, "logprobs": [] })),
            with("response.content_part.done", json!({ "part": items::part(&self.text) })),
            item("response.output_item.done", &self.message),
            whole("response.completed", "completed"),
        ];
        let numbered = |(number, mut event): (usize, Value)| {
            set(&mut event, "sequence_number", number);
            Event::Named(event)
        };
        events.into_iter().chain(words).chain(after).enumerate().map(numbered).collect()
    }
}

/// Returns the id of a conversation, which is a text or in an object.
pub(super) fn conversation_id(conversation: &Value) -> Option<&str> {
    conversation.get("id").unwrap_or(conversation).as_str()
}

/// Returns the usage of these items and the answer.
pub(super) fn usage(known: &[Value], answer: &str) -> Value {
    let input: usize = text::of_user(known).iter().map(|text| tokens(text)).sum();
    let output = tokens(answer);
    json!({
        "input_tokens": input,
        "input_tokens_details": { "cached_tokens": 0 },
        "output_tokens": output,
        "output_tokens_details": { "reasoning_tokens": 0 },
        "total_tokens": input + output,
    })
}
