//! The errors of OCI services, which all have one shape.

use std::time::SystemTime;

use bytes::Bytes;
use http::header::DATE;
use http::{Response, StatusCode};
use serde::Deserialize;

/// As much as is kept of an answer that is not in OCI's shape, in characters.
const KEPT: usize = 500;
/// No code of OCI's is longer, in characters.
const LONGEST_CODE: usize = 64;

/// What a service said when it refused or failed. `Display` is for the log: the message is the service's own.
///
/// Source: docs/spec/oci-request-signing.md#errors.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("status {}, code {}, opc-request-id {}: {message}", .status.as_u16(), or_none(.code.as_ref()), or_none(.opc_request_id.as_ref()))]
pub struct ServiceError {
    /// The status, 400 or more.
    pub status: StatusCode,
    /// The stable word for programs, such as `NotAuthenticated`, letters and digits; None from a proxy or a load balancer.
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
        let shape = shape.filter(|shape| is_code(&shape.code));
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

/// What is kept where a service that hands out credentials refused: nothing of its text, which may be anything.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("status {}, code {}", .status.as_u16(), or_none(.code.as_ref()))]
pub struct ServiceRefusal {
    /// The status, 400 or more.
    pub status: StatusCode,
    /// The stable word for programs; None where the answer was not OCI's.
    pub code: Option<String>,
    /// The service's time of day, where it told it.
    pub(super) date: Option<SystemTime>,
}

impl ServiceRefusal {
    /// The refusal that an answer is, if it is one.
    pub(super) fn of(answer: &Response<Bytes>) -> Option<Self> {
        let ServiceError { status, code, .. } = ServiceError::of(answer)?;
        // Only ever held against our own: a date that cannot be read proves nothing about it, as none does.
        let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
        Some(Self { status, code, date })
    }
}

/// Whether a text has the form of OCI's codes.
fn is_code(text: &str) -> bool {
    (1..=LONGEST_CODE).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
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
