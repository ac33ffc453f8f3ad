//! The service's own protocol.

mod chat;
mod details;
mod embedding;
mod guardrails;
mod rerank;

use super::memory::Memory;
use crate::services::answer::{Answer, Outcome};
use crate::services::call::Call;

/// Answers a call.
pub(super) fn answer(call: &Call<'_>, memory: &mut Memory) -> Outcome {
    let segments = call.below("/20231130").unwrap_or_default();
    match (call.method(), segments.as_slice()) {
        ("POST", ["actions", "chat"]) => chat::answer(call, memory),
        ("POST", ["actions", "embedText"]) => embedding::answer(call, memory),
        ("POST", ["actions", "rerankText"]) => rerank::answer(call, memory),
        ("POST", ["actions", "applyGuardrails"]) => guardrails::apply(call),
        ("GET", ["guardrailVersions"]) => guardrails::versions(call),
        _ => Err(Answer::unmapped()),
    }
}
