//! What a front refuses or ends by itself.

use std::borrow::Cow;

use http::header::RETRY_AFTER;
use http::{HeaderName, StatusCode};

/// Why a front does not bring a call, or ends one that runs. `Display` is for the log; the caller reads the message.
///
/// ```
/// use http::StatusCode;
/// use model_deployment_fn::predict::FrontError;
///
/// let busy = FrontError::busy("TooManyCalls", "there are too many calls");
/// assert_eq!(busy.status, StatusCode::SERVICE_UNAVAILABLE);
/// assert_eq!(busy.with_reason("300 calls run").to_string(), "300 calls run");
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct FrontError {
    /// The status for the caller.
    pub status: StatusCode,
    /// The stable word for programs, in the form of OCI's own codes.
    pub code: &'static str,
    /// The sentence for the caller.
    pub message: &'static str,
    /// The sentence for the log.
    pub reason: Cow<'static, str>,
    /// What else the caller has to know.
    pub header: Option<(HeaderName, &'static str)>,
}

impl FrontError {
    /// An error whose message is its reason, too.
    pub const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message, reason: Cow::Borrowed(message), header: None }
    }

    /// The same of a front that has no room at the moment: in a second it may have.
    pub const fn busy(code: &'static str, message: &'static str) -> Self {
        let (status, reason) = (StatusCode::SERVICE_UNAVAILABLE, Cow::Borrowed(message));
        Self { status, code, message, reason, header: Some((RETRY_AFTER, "1")) }
    }

    /// The same with a reason of its own.
    #[must_use]
    pub fn with_reason(self, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), ..self }
    }

    /// The same with a header.
    #[must_use]
    pub fn with_header(self, name: HeaderName, value: &'static str) -> Self {
        Self { header: Some((name, value)), ..self }
    }
}
