//! Embeddings of texts.

use serde_json::{Value, json};

use super::details;
use crate::deployment::{letters, tokens};
use crate::services::answer::{Answer, Outcome};
use crate::services::call::Call;
use crate::services::document::set;
use crate::services::generative_ai::memory::Memory;
use crate::services::generative_ai::models::Kind;
use crate::services::generative_ai::policy::Resource;

/// The most texts of a call.
const MAX_INPUTS: usize = 96;
/// The allowed lengths of an embedding.
const DIMENSIONS: [u64; 4] = [256, 512, 1024, 1536];

/// Answers with the embedding of each text: how often each letter occurs, and zeros up to the
/// requested length.
pub(super) fn answer(call: &Call<'_>, memory: &mut Memory) -> Outcome {
    let details = details::read(call)?;
    memory.policies.check(call.caller, Resource::TextEmbedding)?;
    let model = details::model(&details, &[Kind::Embedding])?;
    let inputs = details::texts(&details, "inputs")?;
    if inputs.len() > MAX_INPUTS {
        return Err(Answer::parameter("inputs has more than 96 texts"));
    }
    let length = match details.get("outputDimensions").filter(|length| !length.is_null()) {
        None => DIMENSIONS.into_iter().max(),
        Some(length) => length.as_u64().filter(|length| DIMENSIONS.contains(length)),
    };
    let length = length.and_then(|length| usize::try_from(length).ok());
    let length = length
        .ok_or_else(|| Answer::parameter("outputDimensions is not 256, 512, 1024 or 1536"))?;
    let embedding = |text: &&str| {
        let mut numbers = letters(text).to_vec();
        numbers.resize(length, 0.0);
        numbers
    };
    let used: usize = inputs.iter().map(|text| tokens(text)).sum();
    let mut answer = json!({
        "id": memory.new_id("embed-"),
        "modelId": model.id,
        "modelVersion": "1",
        "embeddings": inputs.iter().map(embedding).collect::<Vec<_>>(),
        "usage": { "promptTokens": used, "completionTokens": 0, "totalTokens": used },
    });
    if details.get("isEcho") == Some(&Value::Bool(true)) {
        set(&mut answer, "inputs", inputs);
    }
    Ok(Answer::json(&answer))
}
