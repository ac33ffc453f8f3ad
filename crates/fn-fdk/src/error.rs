//! What a handler returns when it failed.

use std::error::Error as StdError;

use http::{Response, StatusCode};

use super::body::Content;
use super::{Intent, Reply};

/// What a call ends with that failed, in status and code; and one that ran out of time.
pub(super) const FAILED: (StatusCode, &str) = (StatusCode::BAD_GATEWAY, "FunctionFailed");
pub(super) const TIMED_OUT: (StatusCode, &str) = (StatusCode::GATEWAY_TIMEOUT, "FunctionTimedOut");

/// A failed call. The agent reports it as a failure to every kind of caller and keeps the container.
///
/// Any error converts into one with `?`: its chain goes to the log, and the caller learns only that the function failed.
/// Source: docs/spec/fn-container-contract.md#statuses.
#[derive(Debug)]
pub struct Error {
    wire: StatusCode,
    reply: Box<Reply>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// A failure with an answer for whoever looks at it; the agent itself passes on no more than the status, 502.
    pub fn failed(reply: Reply) -> Self {
        Self { wire: StatusCode::BAD_GATEWAY, reply: Box::new(reply), source: None }
    }

    /// A call that ran out of time: 504.
    pub fn timed_out(reply: Reply) -> Self {
        Self { wire: StatusCode::GATEWAY_TIMEOUT, reply: Box::new(reply), source: None }
    }

    /// What went wrong and why, for the log.
    pub(super) fn chain(&self) -> Option<String> {
        self.source.as_ref().map(|source| error_chain(&**source))
    }

    pub(super) fn into_response(self, intent: Intent) -> Response<Content> {
        let Self { wire, reply, source: _ } = self;
        reply.with_failure(wire).into_response(intent, wire)
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    fn from(source: E) -> Self {
        Self { source: Some(Box::new(source)), ..unexplained() }
    }
}

/// A failure of which the caller learns no more than that it is one.
pub(super) fn unexplained() -> Error {
    Error::failed(message(FAILED.1, "the function failed"))
}

/// A call that ran out of time before there was an answer.
pub(super) fn late() -> Error {
    Error::timed_out(message(TIMED_OUT.1, "the function ran out of time"))
}

/// An error body in the shape that OCI services give theirs.
///
/// ```json
/// {"code":"FunctionFailed","message":"the function failed"}
/// ```
pub(super) fn message(code: &str, message: &str) -> Reply {
    Reply::json(serde_json::json!({ "code": code, "message": message }).to_string())
}

/// An error and all its causes in one line, for the log.
pub fn error_chain(error: &(dyn StdError + 'static)) -> String {
    let causes =
        std::iter::successors(Some(error), |error: &&(dyn StdError + 'static)| (*error).source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    causes.join(": ")
}
