//! Which headers an answer may not set.
//!
//! Source: docs/spec/fn-container-contract.md#responses.

use http::HeaderName;

/// What begins the names of a caller's headers, where a gateway wraps them.
pub(super) const PREFIX: &str = "fn-http-h-";

/// Whose business a header of an answer is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Owner {
    Application,
    /// One connection's, or the length of a body on it.
    Connection,
    Platform,
}

impl Owner {
    pub(super) fn of(name: &HeaderName) -> Self {
        match name.as_str().trim_start_matches(PREFIX) {
            "fn-call-id" | "fn-deadline" | "fn-http-status" | "fn-fdk-version"
            | "fn-fdk-runtime" => Self::Platform,
            "" | "connection" | "content-length" | "keep-alive" | "te" | "trailer"
            | "transfer-encoding" | "upgrade" => Self::Connection,
            name if name.starts_with("proxy-") => Self::Connection,
            _ => Self::Application,
        }
    }
}
