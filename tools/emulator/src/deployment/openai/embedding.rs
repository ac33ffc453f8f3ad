//! Embeddings: how often each letter occurs, normalised, so that equal texts have equal ones.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::generation::tokens;
use super::request::{body, model, refusal};
use crate::deployment::answer::Answer;
use crate::deployment::call::Call;

const LETTERS: usize = 26;

/// Returns the embedding of each text.
pub(in crate::deployment) fn embeddings(call: &Call<'_>) -> Answer {
    let body = match body(call) {
        Ok(body) => body,
        Err(problem) => return refusal(problem),
    };
    let Some(texts) = body.get("input").and_then(inputs) else {
        return refusal("`input` is neither a text nor a list of texts");
    };
    let in_base64 = body.get("encoding_format").is_some_and(|format| format == "base64");
    let item = |(index, text): (usize, &&str)| {
        let vector = letters(text);
        let embedding = if in_base64 {
            json!(STANDARD.encode(vector.map(f32::to_le_bytes).concat()))
        } else {
            json!(vector)
        };
        json!({ "object": "embedding", "index": index, "embedding": embedding })
    };
    let used: usize = texts.iter().map(|text| tokens(text)).sum();
    Answer::json(&json!({
        "object": "list",
        "data": texts.iter().enumerate().map(item).collect::<Vec<_>>(),
        "model": model(&body),
        "usage": { "prompt_tokens": used, "total_tokens": used },
    }))
}

fn inputs(input: &Value) -> Option<Vec<&str>> {
    match input.as_array() {
        Some(texts) => texts.iter().map(Value::as_str).collect(),
        None => Some(vec![input.as_str()?]),
    }
}

/// Returns a vector of length 1; that of a text without letters is 0.
pub(crate) fn letters(text: &str) -> [f32; LETTERS] {
    let mut counts = [0.0_f32; LETTERS];
    for letter in text.bytes().filter(u8::is_ascii_alphabetic) {
        let place = usize::from(letter.to_ascii_lowercase() - b'a');
        if let Some(count) = counts.get_mut(place) {
            *count += 1.0;
        }
    }
    let length = counts.iter().map(|count| count * count).sum::<f32>().sqrt();
    if length > 0.0 { counts.map(|count| count / length) } else { counts }
}
