//! Calls of functions, at the address that the service names for them.
//!
//! Source: docs/spec/oci-services.md#functions-api.

use std::time::Duration;

use serde_json::{Value, json};

use super::function::Function;
use super::refusal::{Refusal, answer};
use crate::http::Reply;
use crate::streaming::Streams;

const BASE: &str = "/20260325/functions/";
const ACTION: &str = "/actions/invoke";

/// How long an answer is held back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delay(pub(super) Duration);

/// Returns the function that a path calls.
pub(super) fn called(path: &str) -> Option<&str> {
    path.strip_prefix(BASE)?.strip_suffix(ACTION)
}

/// Calls a function, with a body of JSON; detached where there are streams for its result.
pub(super) fn call(
    function: &mut Function,
    body: &[u8],
    detached: Option<&Streams>,
) -> Result<Reply, Refusal> {
    serde_json::from_slice::<Value>(body)
        .map_err(|error| Refusal::parameter(format!("the body is not JSON: {error}")))?;
    if !function.is_active() {
        return Err(Refusal::hidden("an active function"));
    }
    let fate = &function.fate;
    if let Some(streams) = detached {
        function.was_called = true;
        if let (Some(record), Some(stream)) = (&fate.record, function.destination(fate)) {
            streams.put(stream, record.to_string().as_bytes());
        }
        return Ok(answer(202, &json!({})));
    }
    let mut reply = match fate.calls {
        Ok(()) => answer(200, &json!({ "emulated": true })),
        Err((status, code)) => Refusal::new(status, code, "the call was told to fail").into(),
    };
    if !function.was_called {
        reply.extensions_mut().insert(Delay(fate.cold_start));
        function.was_called = true;
    }
    Ok(reply)
}
