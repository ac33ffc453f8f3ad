//! The items that responses and conversations are made of.

use serde_json::{Map, Value, json};

use crate::services::answer::{Answer, invalid};
use crate::services::generative_ai::memory::Memory;

/// Reads the input of a model: a text, or items with types.
pub(super) fn input(body: &Map<String, Value>, memory: &mut Memory) -> Result<Vec<Value>, Answer> {
    match body.get("input") {
        Some(Value::String(text)) => {
            let content = json!([{ "type": "input_text", "text": text }]);
            Ok(vec![item(json!({ "type": "message", "role": "user", "content": content }), memory)])
        }
        Some(Value::Array(items)) => read(items, "input", memory),
        Some(_) => {
            Err(invalid("input", "invalid_type", "input is neither a text nor a list of items"))
        }
        None => Err(invalid("input", "missing_required_parameter", "input is missing")),
    }
}

/// Reads the items of a client, and gives each an id.
pub(super) fn read(items: &[Value], name: &str, memory: &mut Memory) -> Result<Vec<Value>, Answer> {
    // `OpenAI` itself takes an item without a type for a message.
    let typed = |(place, value): (usize, &Value)| {
        if value.get("type").is_some_and(Value::is_string) {
            return Ok(item(value.clone(), memory));
        }
        let param = format!("{name}[{place}]");
        Err(invalid(&param, "invalid_value", &format!("{param} has no type")))
    };
    items.iter().enumerate().map(typed).collect()
}

/// Returns the message of a model.
pub(super) fn message(text: &str, memory: &mut Memory) -> Value {
    json!({
        "id": memory.new_id("msg_"),
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [part(text)],
    })
}

/// Returns a part of such a message.
pub(super) fn part(text: &str) -> Value {
    json!({ "type": "output_text", "text": text, "annotations": [], "logprobs": [] })
}

/// Returns the item with an id and a status.
fn item(mut value: Value, memory: &mut Memory) -> Value {
    if let Some(members) = value.as_object_mut() {
        let id = json!(memory.new_id("msg_"));
        members.entry("id").or_insert(id);
        members.entry("status").or_insert(json!("completed"));
    }
    value
}
