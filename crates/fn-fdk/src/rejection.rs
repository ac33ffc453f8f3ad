//! Calls that never reach the handler: why, and what the caller reads.
//!
//! Source: docs/spec/fn-container-contract.md#statuses.

use http::StatusCode;

use super::limits::BODY_LIMIT;

/// Why a call never reaches the handler. `Display` is for the log; the caller reads
/// [`Rejection::message`].
///
/// ```
/// let rejection = fn_fdk::Rejection::BodyTooLarge(fn_fdk::BODY_LIMIT);
/// assert_eq!((rejection.status().as_u16(), rejection.code()), (413, "PayloadTooLarge"));
/// assert_eq!(rejection.message(), "the body is larger than 6 MiB");
/// ```
///
/// Source: docs/spec/fn-container-contract.md#statuses.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// `Fn-Http-Method` is not a method, or is repeated.
    #[error("the gateway's header `Fn-Http-Method` is not one method")]
    Method,
    /// `Fn-Http-Request-Url` is not a URL, or is repeated.
    #[error("the gateway's header `Fn-Http-Request-Url` is not one URL")]
    Url,
    /// A URL longer than any gateway accepts; the limit in bytes.
    #[error("the caller's URL is longer than {0} bytes")]
    UrlTooLong(usize),
    /// A body that is too large; the limit in bytes.
    #[error("the body is larger than {0} bytes")]
    BodyTooLarge(usize),
    /// A body that was incomplete at the call's deadline.
    #[error("the body was not complete by the deadline of the call")]
    BodyLate,
}

impl Rejection {
    /// Returns the status for the caller.
    ///
    /// ```
    /// assert_eq!(fn_fdk::Rejection::BodyLate.status(), 504);
    /// ```
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Method | Self::Url | Self::UrlTooLong(_) => StatusCode::BAD_REQUEST,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyLate => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// Returns the stable error code for programs, in the form of OCI's own codes.
    ///
    /// ```
    /// assert_eq!(fn_fdk::Rejection::BodyLate.code(), "FunctionTimedOut");
    /// ```
    pub fn code(&self) -> &'static str {
        match self {
            Self::Method | Self::Url | Self::UrlTooLong(_) => "InvalidParameter",
            Self::BodyTooLarge(_) => "PayloadTooLarge",
            Self::BodyLate => "FunctionTimedOut",
        }
    }

    /// Returns the message for the caller, with what was expected.
    ///
    /// ```
    /// assert_eq!(fn_fdk::Rejection::BodyLate.message(), "the function ran out of time");
    /// ```
    pub fn message(&self) -> String {
        match self {
            Self::Method => {
                "header `Fn-Http-Method` is not a method; expected one, such as `POST`".into()
            }
            Self::Url => "header `Fn-Http-Request-Url` is not a URL; expected one path and query, \
                with or without a scheme and host, in percent-encoding"
                .into(),
            Self::UrlTooLong(limit) => format!("the URL is longer than {limit} bytes"),
            Self::BodyTooLarge(BODY_LIMIT) => "the body is larger than 6 MiB".into(),
            Self::BodyTooLarge(limit) => format!("the body is larger than {limit} bytes"),
            Self::BodyLate => "the function ran out of time".into(),
        }
    }
}
