//! What is wrong with a request.

use http::StatusCode;

/// What is wrong with a request. `Display` is for your log; it shows nothing of the request.
///
/// ```
/// use strict_http1::Fault;
///
/// assert_eq!(Fault::LineEnd.to_string(), "a line of the head does not end with CR and LF");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A line of its head ends in another way.
    #[error("a line of the head does not end with CR and LF")]
    LineEnd,
    /// A line of its head is longer than 64 KiB, so that nobody looked at it.
    #[error("a line of the head is longer than 64 KiB")]
    LineLength,
    /// Where its body ends could be understood in two ways.
    #[error("the length of the body is given several times, or in two ways")]
    Length,
    /// It is of another version than HTTP/1.1. An answer of HTTP/1.0 that breaks off would look
    /// whole.
    #[error("the version of HTTP is not supported; expected HTTP/1.1")]
    Version,
    /// It is for a proxy that makes tunnels.
    #[error("the method is CONNECT, and this is no proxy")]
    Connect,
    /// It names more than a path.
    #[error("the request names a whole URL; expected a path")]
    Absolute,
    /// It has another number of headers `host` than one.
    #[error("header `host` is missing or given several times; expected one value")]
    Host,
    /// It asks for another protocol.
    #[error("header `upgrade` is not taken; expected HTTP/1.1")]
    Upgrade,
}

impl Fault {
    /// The status for the client.
    ///
    /// ```
    /// use strict_http1::Fault;
    ///
    /// assert_eq!(Fault::Length.status(), 400);
    /// assert_eq!(Fault::Version.status(), 505);
    /// ```
    pub fn status(self) -> StatusCode {
        match self {
            Self::LineEnd | Self::Length | Self::Absolute | Self::Host => StatusCode::BAD_REQUEST,
            Self::LineLength => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Connect => StatusCode::METHOD_NOT_ALLOWED,
            Self::Upgrade => StatusCode::NOT_IMPLEMENTED,
            Self::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
        }
    }

    /// The sentence for the client.
    ///
    /// ```
    /// use strict_http1::Fault;
    ///
    /// assert!(Fault::Length.message().ends_with("expected CR LF and one length of the body"));
    /// ```
    pub fn message(self) -> &'static str {
        match self {
            Self::LineEnd | Self::Length => {
                "the request is not HTTP/1.1 in its plain form; expected CR LF and one length of the body"
            }
            Self::LineLength => "a line of the head is longer than 64 KiB; expected less",
            Self::Version => "the version of HTTP is not supported; expected HTTP/1.1",
            Self::Connect => "this server is no proxy; expected another method",
            Self::Absolute => "the request names a whole URL; expected a path",
            Self::Host => "header `host` is missing or given several times; expected one value",
            Self::Upgrade => "header `upgrade` is not taken; expected HTTP/1.1",
        }
    }
}
