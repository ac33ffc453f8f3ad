//! `OpenAI`'s own protocol: the models, the next message of a conversation, and what follows a
//! text.

use serde_json::{Value, json};

use super::generation::{Generation, Kind, generate};
use super::request::{MODEL, created, last_message, refusal};
use crate::deployment::answer::Answer;
use crate::deployment::call::Call;

/// The models that can be asked: one.
pub(in crate::deployment) fn models(call: &Call<'_>) -> Answer {
    let model =
        json!({ "id": MODEL, "object": "model", "created": created(call), "owned_by": "emulator" });
    Answer::json(&json!({ "object": "list", "data": [model] }))
}

/// The next message of a conversation.
pub(in crate::deployment) fn chat(call: &Call<'_>) -> Answer {
    answer(generate(call, Kind::Chat, last_message))
}

/// What follows a text.
pub(in crate::deployment) fn completions(call: &Call<'_>) -> Answer {
    let prompt = |body: &Value| {
        let prompt = body.get("prompt")?;
        let first = prompt.as_array().map_or(Some(prompt), |prompts| prompts.first())?;
        first.as_str().map(str::to_owned)
    };
    answer(generate(call, Kind::Text, prompt))
}

fn answer(generation: Result<Generation, String>) -> Answer {
    match generation {
        Ok(generation) if generation.stream => Answer::events(&generation.parts()),
        Ok(generation) => Answer::json(&generation.whole()),
        Err(problem) => refusal(&problem),
    }
}
