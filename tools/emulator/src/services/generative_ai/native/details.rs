//! The parts that all operations of the protocol have: compartment and model.

use serde_json::{Map, Value, json};

use crate::deployment::tokens;
use crate::services::answer::Answer;
use crate::services::call::Call;
use crate::services::generative_ai::models::{self, Kind, Model};
use crate::services::generative_ai::scope::COMPARTMENT;

/// Returns the body of a call, after a check of its compartment.
pub(super) fn read(call: &Call<'_>) -> Result<Map<String, Value>, Answer> {
    let details = call.object().map_err(|message| Answer::parameter(&message))?;
    match details.get("compartmentId").and_then(Value::as_str) {
        Some(COMPARTMENT) => Ok(details),
        Some(_) => Err(Answer::hidden()),
        None => Err(Answer::parameter("compartmentId is missing, or no text")),
    }
}

/// Returns the requested model, which must have one of these kinds.
pub(super) fn model(details: &Map<String, Value>, kinds: &[Kind]) -> Result<Model, Answer> {
    let mode = details.get("servingMode").unwrap_or(&Value::Null);
    let text = |name: &str| mode.get(name).and_then(Value::as_str);
    let id = match (text("servingType"), text("modelId"), text("endpointId")) {
        (Some("ON_DEMAND"), Some(id), None) | (Some("DEDICATED"), None, Some(id)) => Some(id),
        _ => None,
    };
    let id =
        id.ok_or_else(|| Answer::parameter("servingMode must name one model or one endpoint"))?;
    let model = models::find(id)?;
    if kinds.contains(&model.kind) {
        Ok(model)
    } else {
        let message = format!("Model {id} does not support this operation");
        Err(Answer::error(400, "400", &message))
    }
}

/// Returns a list of texts that is not empty.
pub(super) fn texts<'a>(
    details: &'a Map<String, Value>,
    name: &str,
) -> Result<Vec<&'a str>, Answer> {
    let list = details.get(name).and_then(Value::as_array);
    let texts: Option<Vec<&str>> = list.and_then(|list| list.iter().map(Value::as_str).collect());
    let texts = texts.filter(|texts| !texts.is_empty());
    texts.ok_or_else(|| Answer::parameter(&format!("{name} is empty, or not a list of texts")))
}

/// Returns the usage of a prompt and its answer.
pub(super) fn usage(prompt: &str, answer: &str) -> Value {
    let (prompt, completion) = (tokens(prompt), tokens(answer));
    json!({
        "promptTokens": prompt,
        "completionTokens": completion,
        "totalTokens": prompt + completion,
    })
}
