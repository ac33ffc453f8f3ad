//! The errors of OCI services, which all have one shape.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Deserialize;

/// As much as is kept of an answer that is not in OCI's shape, in characters.
const KEPT: usize = 500;

/// What a service said when it refused or failed. `Display` is for the log: the message is the service's own.
///
/// Source: OCI request signing, errors.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("status {}, code {}, opc-request-id {}: {message}", .status.as_u16(), or_none(.code.as_ref()), or_none(.opc_request_id.as_ref()))]
pub struct ServiceError {
    /// The status, 400 or more.
    pub status: StatusCode,
    /// The stable word for programs, such as `NotAuthenticated`; None from a proxy or a load balancer.
    pub code: Option<String>,
    /// The sentence for people; of an answer without OCI's shape, the beginning of its text.
    pub message: String,
    /// What Oracle's support asks for.
    pub opc_request_id: Option<String>,
}

#[derive(Deserialize)]
struct Shape {
    code: String,
    #[serde(default)]
    message: String,
}

impl ServiceError {
    /// The error that an answer is, if it is one.
    pub fn of(answer: &Response<Bytes>) -> Option<Self> {
        let status = answer.status();
        if !status.is_client_error() && !status.is_server_error() {
            return None;
        }
        let id = answer.headers().get("opc-request-id").and_then(|value| value.to_str().ok());
        let opc_request_id = id.map(str::to_owned);
        let shape = serde_json::from_slice::<Shape>(answer.body()).ok();
        let (code, message) = match shape {
            Some(Shape { code, message }) => (Some(code), message),
            None => (None, text(answer.body())),
        };
        Some(Self { status, code, message, opc_request_id })
    }

    /// The answer, unless it is an error.
    pub fn check(answer: Response<Bytes>) -> Result<Response<Bytes>, Self> {
        Self::of(&answer).map_or(Ok(answer), Err)
    }
}

/// The beginning of a text from anywhere, on one line.
fn text(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(KEPT).collect()
}

fn or_none(text: Option<&String>) -> &str {
    text.map_or("none", String::as_str)
}
