//! The errors of OCI services, which all have one form.

use std::time::SystemTime;

use bytes::Bytes;
use http::header::DATE;
use http::{Response, StatusCode};
use serde::Deserialize;

/// How much is kept of an answer that does not have OCI's form.
const MAX_MESSAGE_CHARS: usize = 500;
/// None of OCI's codes is longer.
const MAX_CODE_CHARS: usize = 64;

/// A service's error. `Display` is for the log: the message is the service's own.
///
/// ```
/// use bytes::Bytes;
/// use http::Response;
/// use oracle_cloud_client::ServiceError;
///
/// let body = Bytes::from(r#"{"code": "BucketNotFound", "message": "There is none."}"#);
/// let answer = Response::builder().status(404).body(body)?;
/// let error = ServiceError::check(answer).unwrap_err();
/// assert_eq!((error.status.as_u16(), error.code.as_deref()), (404, Some("BucketNotFound")));
/// # Ok::<_, http::Error>(())
/// ```
///
/// Source: docs/spec/oci-request-signing.md#errors.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("status {}, code {}, opc-request-id {}: {message}", .status.as_u16(), or_none(.code.as_ref()), or_none(.opc_request_id.as_ref()))]
#[non_exhaustive]
pub struct ServiceError {
    /// The status: 400 or more, or a redirect, which is not followed.
    pub status: StatusCode,
    /// The stable error code for programs, such as `NotAuthenticated`: letters and digits. `None`
    /// from a proxy or a load balancer.
    pub code: Option<String>,
    /// The message for people; if the answer does not have OCI's form, the beginning of its text.
    pub message: String,
    /// The id of the request, which Oracle's support asks for.
    pub opc_request_id: Option<String>,
}

#[derive(Deserialize)]
struct Shape {
    code: String,
    #[serde(default)]
    message: String,
}

impl ServiceError {
    /// Reads the error of an answer with a status of 400 or more.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http::Response;
    /// use oracle_cloud_client::ServiceError;
    ///
    /// let answer = Response::builder().status(503).body(Bytes::new())?;
    /// assert!(ServiceError::from_answer(&answer).is_some());
    /// # Ok::<_, http::Error>(())
    /// ```
    pub fn from_answer(answer: &Response<Bytes>) -> Option<Self> {
        let status = answer.status();
        let is_error = status.is_client_error() || status.is_server_error();
        is_error.then(|| Self::read(answer))
    }

    /// Returns the answer if it is a success. A redirect is not: following it would send the
    /// signature elsewhere.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http::Response;
    /// use oracle_cloud_client::ServiceError;
    ///
    /// let answer = Response::builder().status(302).body(Bytes::new())?;
    /// assert!(ServiceError::check(answer).is_err());
    /// # Ok::<_, http::Error>(())
    /// ```
    ///
    /// # Errors
    /// The service's error, for every status other than 2xx.
    pub fn check(answer: Response<Bytes>) -> Result<Response<Bytes>, Self> {
        if answer.status().is_success() { Ok(answer) } else { Err(Self::read(&answer)) }
    }

    fn read(answer: &Response<Bytes>) -> Self {
        let status = answer.status();
        let id = answer.headers().get("opc-request-id").and_then(|value| value.to_str().ok());
        let opc_request_id = id.map(str::to_owned);
        let shape = serde_json::from_slice::<Shape>(answer.body()).ok();
        let shape = shape.filter(|shape| is_code(&shape.code));
        let (code, message) = match shape {
            Some(Shape { code, message }) => (Some(code), message),
            None => (None, text(answer.body())),
        };
        Self { status, code, message, opc_request_id }
    }
}

/// The refusal of a service that issues credentials. Its text is not kept: it may contain anything.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("status {}, code {}", .status.as_u16(), or_none(.code.as_ref()))]
pub(super) struct ServiceRefusal {
    /// The status, 400 or more.
    pub(super) status: StatusCode,
    /// The stable error code; `None` if the answer did not have OCI's form.
    pub(super) code: Option<String>,
    /// The service's time, if the answer has it.
    pub(super) date: Option<SystemTime>,
}

impl ServiceRefusal {
    /// Reads the refusal of an answer, if it is one.
    pub(super) fn from_answer(answer: &Response<Bytes>) -> Option<Self> {
        let ServiceError { status, code, .. } = ServiceError::from_answer(answer)?;
        // Only compared with our own: an unreadable date proves nothing, like a missing one.
        let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
        Some(Self { status, code, date })
    }
}

/// Returns whether a text has the form of OCI's codes.
fn is_code(text: &str) -> bool {
    (1..=MAX_CODE_CHARS).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Returns the beginning of a text of unknown origin, on one line.
fn text(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(MAX_MESSAGE_CHARS).collect()
}

fn or_none(text: Option<&String>) -> &str {
    text.map_or("none", String::as_str)
}
