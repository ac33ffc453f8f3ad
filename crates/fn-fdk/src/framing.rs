//! Which headers an answer may not set.
//!
//! Source: docs/spec/fn-container-contract.md#responses.

use http::HeaderName;

use super::call;

/// Whether a header is the platform's own.
pub(super) fn is_reserved(name: &HeaderName) -> bool {
    let reserved =
        ["fn-call-id", "fn-deadline", "fn-http-status", "fn-fdk-version", "fn-fdk-runtime"];
    reserved.contains(&name.as_str().trim_start_matches(call::PREFIX))
}

/// Whether a header speaks about one connection, or about the length of a body on it.
pub(super) fn frames_a_message(name: &HeaderName) -> bool {
    let name = name.as_str().trim_start_matches(call::PREFIX);
    let framing = [
        "connection",
        "content-length",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "",
    ];
    framing.contains(&name) || name.starts_with("proxy-")
}
