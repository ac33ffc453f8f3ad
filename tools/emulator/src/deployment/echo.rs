//! A container's own endpoint, which returns its request.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::answer::Answer;
use super::call::{Call, Target};

/// The methods that a custom endpoint can have.
pub(super) const METHODS: [&str; 4] = ["GET", "POST", "PUT", "DELETE"];

/// Returns the request, as the container sees it.
pub(super) fn answer(call: &Call<'_>, target: Target<'_>) -> Answer {
    Answer::json(&json!({
        "method": call.request.method,
        "path": target.suffix,
        "query": target.query,
        "contentType": call.request.text("content-type"),
        "bytes": call.request.body.len(),
        "body": STANDARD.encode(&call.request.body),
    }))
}
