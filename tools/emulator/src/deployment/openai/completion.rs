//! `OpenAI`'s own protocol: the models, the next message of a conversation, and what follows a
//! text.

use serde_json::{Value, json};

use super::generation::{Generation, Kind, generate};
use super::request::{MODEL, created, last_message, refusal};
use crate::deployment::answer::Answer;
use crate::deployment::call::Call;

/// Returns the list of models: one.
pub(in crate::deployment) fn models(call: &Call<'_>) -> Answer {
    let model =
        json!({ "id": MODEL, "object": "model", "created": created(call), "owned_by": "emulator" });
    Answer::json(&json!({ "object": "list", "data": [model] }))
}

/// Returns the next message of a conversation.
pub(in crate::deployment) fn chat(call: &Call<'_>) -> Answer {
    answer(generate(call, Kind::Chat, "messages", last_message))
}

/// Returns the completion of a text.
pub(in crate::deployment) fn completions(call: &Call<'_>) -> Answer {
    let prompt = |prompt: &Value| {
        let first = prompt.as_array().map_or(Some(prompt), |prompts| prompts.first())?;
        first.as_str().map(str::to_owned)
    };
    answer(generate(call, Kind::Text, "prompt", prompt))
}

fn answer(generation: Result<Generation, String>) -> Answer {
    match generation {
        Ok(generation) if generation.stream => Answer::events(&generation.parts()),
        Ok(generation) => Answer::json(&generation.whole()),
        Err(problem) => refusal(&problem),
    }
}
