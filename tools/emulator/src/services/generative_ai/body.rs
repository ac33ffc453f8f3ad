//! Reads the body of a call in `OpenAI`'s protocol.

use serde_json::{Map, Value};

use super::super::answer::{Answer, OpenAiError, invalid};
use super::super::call::Call;

/// The most members that metadata has, and the most characters of each value.
const MAX_METADATA: usize = 16;
const MAX_METADATA_VALUE: usize = 512;

/// Returns the body of a call, which is a JSON object.
pub(super) fn object(call: &Call<'_>) -> Result<Map<String, Value>, Answer> {
    call.object().map_err(|message| {
        Answer::openai(400, &OpenAiError { message: &message, param: None, code: None })
    })
}

/// Returns a member that is a text.
pub(super) fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Result<&'a str, Answer> {
    let text = body.get(name).and_then(Value::as_str);
    text.ok_or_else(|| invalid(name, "invalid_type", &format!("{name} is missing, or not a text")))
}

/// Returns a member that is true, false, or absent.
pub(super) fn flag(body: &Map<String, Value>, name: &str, otherwise: bool) -> Result<bool, Answer> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(otherwise),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(invalid(name, "invalid_type", &format!("{name} is not true or false"))),
    }
}

/// Returns the metadata of a body, or an empty object if there is none.
pub(super) fn metadata(body: &Map<String, Value>) -> Result<Value, Answer> {
    let refused = |message: &str| Err(invalid("metadata", "invalid_value", message));
    let members = match body.get("metadata") {
        None | Some(Value::Null) => return Ok(Value::Object(Map::new())),
        Some(Value::Object(members)) => members,
        Some(_) => return refused("metadata is not an object"),
    };
    let is_short = |value: &Value| {
        value.as_str().is_some_and(|text| text.chars().count() <= MAX_METADATA_VALUE)
    };
    if members.len() > MAX_METADATA || !members.values().all(is_short) {
        return refused("metadata has at most 16 members, texts of up to 512 characters");
    }
    Ok(Value::Object(members.clone()))
}
