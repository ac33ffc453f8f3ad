//! Ranks documents by the words of a question.

use serde_json::{Value, json};

use super::details;
use crate::services::answer::{Answer, Outcome};
use crate::services::call::Call;
use crate::services::document::set;
use crate::services::generative_ai::likeness::share_of_words;
use crate::services::generative_ai::memory::Memory;
use crate::services::generative_ai::models::Kind;
use crate::services::generative_ai::policy::Resource;

/// Answers with the documents in order, the one with most of the question's words first.
pub(super) fn answer(call: &Call<'_>, memory: &mut Memory) -> Outcome {
    let details = details::read(call)?;
    memory.policies.check(call.caller, Resource::TextRerank)?;
    let model = details::model(&details, &[Kind::Rerank])?;
    let documents = details::texts(&details, "documents")?;
    let Some(question) = details.get("input").and_then(Value::as_str) else {
        return Err(Answer::parameter("input is not a text"));
    };
    let count = match details.get("topN").filter(|count| !count.is_null()) {
        None => documents.len(),
        Some(count) => {
            let count = count.as_u64().and_then(|count| usize::try_from(count).ok());
            count
                .filter(|count| *count > 0)
                .ok_or_else(|| Answer::parameter("topN is not a positive number"))?
        }
    };
    let echo = details.get("isEcho") == Some(&Value::Bool(true));
    let mut ranks: Vec<(f64, Value)> = documents
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let score = share_of_words(question, text);
            let mut rank = json!({ "index": index, "relevanceScore": score });
            if echo {
                set(&mut rank, "document", json!({ "text": text }));
            }
            (score, rank)
        })
        .collect();
    ranks.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let ranks: Vec<Value> = ranks.into_iter().take(count).map(|(_, rank)| rank).collect();
    Ok(Answer::json(&json!({
        "id": memory.new_id("rerank-"),
        "modelId": model.id,
        "modelVersion": "1",
        "documentRanks": ranks,
    })))
}
