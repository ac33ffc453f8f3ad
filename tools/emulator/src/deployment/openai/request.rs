//! A client's body, and the server's message about one that it cannot read.

use serde_json::{Value, json};

use crate::clock::since_epoch;
use crate::deployment::answer::Answer;
use crate::deployment::call::Call;

/// The name by which a deployment's model goes unless it was given another.
pub(super) const MODEL: &str = "odsc-llm";

/// Returns the body of a call, which is a JSON object.
pub(super) fn body(call: &Call<'_>) -> Result<Value, &'static str> {
    let body = serde_json::from_slice(&call.request.body).ok().filter(Value::is_object);
    body.ok_or("the body is not a JSON object")
}

pub(super) fn model(body: &Value) -> &str {
    body.get("model").and_then(Value::as_str).unwrap_or(MODEL)
}

pub(super) fn created(call: &Call<'_>) -> u64 {
    since_epoch(call.time).as_secs()
}

/// The text of the user's last message in a list of them.
pub(super) fn last_message(messages: &Value) -> Option<String> {
    let from_user = |message: &&Value| message.get("role").is_some_and(|role| role == "user");
    content(messages.as_array()?.iter().rev().find(from_user)?.get("content")?)
}

/// Returns the text of a message, which is a text or a list of parts.
pub(crate) fn content(content: &Value) -> Option<String> {
    if let Some(text) = content.as_str() {
        return Some(text.to_owned());
    }
    let parts = content.as_array()?.iter().filter_map(|part| part.get("text")?.as_str());
    Some(parts.collect::<Vec<_>>().join(" "))
}

/// Returns a model server's own complaint, not in the shape of OCI's.
pub(super) fn refusal(message: &str) -> Answer {
    let error =
        json!({ "message": message, "type": "BadRequestError", "param": null, "code": 400 });
    Answer::new(400, "application/json", json!({ "error": error }).to_string())
}
