//! The paths that an `OpenAI`-compatible model server has, with the Iris model in the part of the language model.
//!
//! Source: docs/spec/oci-services.md#openai-api.

use serde_json::{Value, json};

use super::answer::Answer;
use super::model::Model;
use super::route::{Call, json_answer};
use crate::clock::since_epoch;

mod embedding;
mod generation;
mod message;

pub(super) use embedding::embeddings;
pub(super) use message::messages;

use generation::{Generation, Kind};

/// The name by which a deployment's model goes unless it was given another.
const MODEL: &str = "odsc-llm";

/// The models that can be asked: one.
pub(super) fn models(call: &Call<'_>) -> Answer {
    let model =
        json!({ "id": MODEL, "object": "model", "created": created(call), "owned_by": "emulator" });
    json_answer(&json!({ "object": "list", "data": [model] }))
}

/// The next message of a conversation.
pub(super) fn chat(call: &Call<'_>) -> Answer {
    answer(generation(call, Kind::Chat, last_message))
}

/// What follows a text.
pub(super) fn completions(call: &Call<'_>) -> Answer {
    let prompt = |body: &Value| {
        let prompt = body.get("prompt")?;
        let first = prompt.as_array().map_or(Some(prompt), |prompts| prompts.first())?;
        first.as_str().map(str::to_owned)
    };
    answer(generation(call, Kind::Text, prompt))
}

fn answer(generation: Result<Generation, String>) -> Answer {
    match generation {
        Ok(generation) if generation.stream => Answer::events(&generation.parts()),
        Ok(generation) => json_answer(&generation.whole()),
        Err(problem) => refusal(&problem),
    }
}

/// What the model says to a call, or what is wrong with that.
fn generation(
    call: &Call<'_>,
    kind: Kind,
    prompt: fn(&Value) -> Option<String>,
) -> Result<Generation, String> {
    let body = body(call)?;
    let prompt =
        prompt(&body).ok_or_else(|| format!("`{}` has no text of a user", kind.member()))?;
    let flag = |value: Option<&Value>| value.and_then(Value::as_bool).unwrap_or_default();
    Ok(Generation {
        kind,
        number: call.number,
        created: created(call),
        model: model(&body).to_owned(),
        text: reply(call.model, &prompt),
        prompt,
        stream: flag(body.get("stream")),
        with_usage: flag(body.pointer("/stream_options/include_usage")),
    })
}

/// The text of the user's last message.
fn last_message(body: &Value) -> Option<String> {
    let messages = body.get("messages")?.as_array()?;
    let from_user = |message: &&Value| message.get("role").is_some_and(|role| role == "user");
    content(messages.iter().rev().find(from_user)?.get("content")?)
}

/// The text of a message, which is a text or a list of parts.
fn content(content: &Value) -> Option<String> {
    if let Some(text) = content.as_str() {
        return Some(text.to_owned());
    }
    let parts = content.as_array()?.iter().filter_map(|part| part.get("text")?.as_str());
    Some(parts.collect::<Vec<_>>().join(" "))
}

/// What the model says to a text with the numbers of one row.
fn reply(model: &Model, prompt: &str) -> String {
    let number = |word: &str| word.trim_end_matches('.').parse::<f64>().ok();
    let row: Vec<f64> = prompt
        .split(|sign: char| !sign.is_ascii_digit() && !matches!(sign, '.' | '-'))
        .filter_map(number)
        .collect();
    model.class(&row).map_or_else(
        || format!("Please send four numbers: {}.", model.features().join(", ")),
        |class| format!("This is an Iris {class}."),
    )
}

/// The body of a call, which is a JSON object.
fn body(call: &Call<'_>) -> Result<Value, &'static str> {
    let body = serde_json::from_slice(&call.request.body).ok().filter(Value::is_object);
    body.ok_or("the body is no JSON object")
}

fn model(body: &Value) -> &str {
    body.get("model").and_then(Value::as_str).unwrap_or(MODEL)
}

fn created(call: &Call<'_>) -> u64 {
    since_epoch(call.time).as_secs()
}

/// How many tokens a text is taken for: its words.
fn tokens(text: &str) -> usize {
    text.split_whitespace().count()
}

/// A model server's own complaint, not in the shape of OCI's.
fn refusal(message: &str) -> Answer {
    let error =
        json!({ "message": message, "type": "BadRequestError", "param": null, "code": 400 });
    Answer::new(400, "application/json", json!({ "error": error }).to_string())
}
