//! The Responses API of `OpenAI`: one object, or an event for each step to it.

use serde_json::{Map, Value, json};

use super::generation::{Generation, Kind, generate, tokens};
use super::request::{last_message, refusal};
use crate::deployment::answer::Answer;
use crate::deployment::call::Call;

/// The answer to an input, which is a text or a list of messages.
pub(in crate::deployment) fn responses(call: &Call<'_>) -> Answer {
    let prompt = |input: &Value| input.as_str().map(str::to_owned).or_else(|| last_message(input));
    match generate(call, Kind::Chat, "input", prompt) {
        Ok(generation) if generation.stream => Answer::named_events(&events(&generation)),
        Ok(generation) => Answer::json(&response(&generation, "completed")),
        Err(problem) => refusal(&problem),
    }
}

/// The answer in an event a word, with those before and after them that clients wait for.
fn events(generation: &Generation) -> Vec<Value> {
    let (id, text) = (item_id(generation), generation.text.as_str());
    let place = |event: Value| merged(json!({ "output_index": 0 }), event);
    let of_text = |kind: &str, event: Value| {
        let place = json!({ "item_id": id, "output_index": 0, "content_index": 0 });
        merged(merged(json!({ "type": format!("response.{kind}") }), place), event)
    };
    let words = text
        .split_inclusive(' ')
        .map(|word| of_text("output_text.delta", json!({ "delta": word, "logprobs": [] })));
    let begun = |kind: &str| json!({ "type": format!("response.{kind}"), "response": response(generation, "in_progress") });
    let start = [
        begun("created"),
        begun("in_progress"),
        place(
            json!({ "type": "response.output_item.added", "item": item(generation, "in_progress") }),
        ),
        of_text("content_part.added", json!({ "part": part("") })),
    ];
    let end = [
        of_text("output_text.done", json!({ "text": text, "logprobs": [] })),
        of_text("content_part.done", json!({ "part": part(text) })),
        place(
            json!({ "type": "response.output_item.done", "item": item(generation, "completed") }),
        ),
        json!({ "type": "response.completed", "response": response(generation, "completed") }),
    ];
    let events = start.into_iter().chain(words).chain(end).enumerate();
    events.map(|(number, event)| merged(event, json!({ "sequence_number": number }))).collect()
}

/// The whole response, as far as it has come.
fn response(generation: &Generation, status: &str) -> Value {
    let is_complete = status == "completed";
    let output = if is_complete { vec![item(generation, status)] } else { vec![] };
    json!({
        "id": format!("resp_{}", generation.number),
        "object": "response",
        "created_at": generation.created,
        "status": status,
        "model": generation.model,
        "output": output,
        "error": null,
        "incomplete_details": null,
        "instructions": null,
        "metadata": {},
        "parallel_tool_calls": true,
        "temperature": null,
        "tool_choice": "auto",
        "tools": [],
        "top_p": null,
        "usage": is_complete.then(|| usage(generation)),
    })
}

fn item(generation: &Generation, status: &str) -> Value {
    let content = if status == "completed" { vec![part(&generation.text)] } else { vec![] };
    json!({
        "id": item_id(generation),
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": content,
    })
}

fn item_id(generation: &Generation) -> String {
    format!("msg_{}", generation.number)
}

fn part(text: &str) -> Value {
    json!({ "type": "output_text", "text": text, "annotations": [], "logprobs": [] })
}

fn usage(generation: &Generation) -> Value {
    let (input, output) = (tokens(&generation.prompt), tokens(&generation.text));
    json!({
        "input_tokens": input,
        "input_tokens_details": { "cached_tokens": 0 },
        "output_tokens": output,
        "output_tokens_details": { "reasoning_tokens": 0 },
        "total_tokens": input + output,
    })
}

/// An object with the members of both.
fn merged(one: Value, other: Value) -> Value {
    let members = |value| if let Value::Object(members) = value { members } else { Map::new() };
    Value::Object(members(one).into_iter().chain(members(other)).collect())
}
