//! The headers that an answer may not set.
//!
//! Source: docs/spec/fn-container-contract.md#responses.

use http::HeaderName;

/// The prefix of a caller's headers that a gateway wraps.
pub(super) const PREFIX: &str = "fn-http-h-";

/// Who sets a header of an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Owner {
    Application,
    /// The connection sets it: it concerns one connection, or the length of a body on it.
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
