//! The errors of a handler, and what the caller learns of them.

use std::error::Error as StdError;
use std::fmt;

use http::StatusCode;

/// The error of a handler: everything that `?` can convert.
///
/// If there is a [`StatusError`] anywhere in its chain, the caller learns its status, code and
/// message. Of any other error the caller learns only that the function failed. The whole chain
/// goes to the log.
///
/// ```
/// fn seat(text: &str) -> Result<u8, fn_fdk::Error> {
///     Ok(text.parse()?)
/// }
///
/// assert!(seat("thirteen").is_err());
/// ```
///
/// Source: docs/spec/fn-container-contract.md#statuses.
pub type Error = Box<dyn StdError + Send + Sync>;

/// Status and code of a call that failed, and of one that ran out of time.
pub(super) const FAILED: (StatusCode, &str) = (StatusCode::BAD_GATEWAY, "FunctionFailed");
pub(super) const TIMED_OUT: (StatusCode, &str) = (StatusCode::GATEWAY_TIMEOUT, "FunctionTimedOut");

/// A failure that the caller sees: a status for a gateway, a failed call for a direct caller.
///
/// It keeps its status when it is wrapped by `anyhow`, `eyre` or tower's layers.
///
/// ```
/// use fn_fdk::{Call, Error, StatusError};
/// use http::StatusCode;
///
/// async fn book(call: Call) -> Result<String, Error> {
///     let seat: u32 = call.text()?.trim().parse().map_err(|error| {
///         StatusError::bad_request("the body is no seat; expected a number").with_source(error)
///     })?;
///     if seat == 13 {
///         Err(StatusError::new(StatusCode::CONFLICT, "SeatTaken", "the seat is taken"))?;
///     }
///     Ok(format!("seat {seat}"))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let error = book(Call::direct("13")).await.unwrap_err();
/// let error = error.downcast_ref::<StatusError>().unwrap();
/// assert_eq!((error.status(), error.code()), (StatusCode::CONFLICT, "SeatTaken"));
/// # }
/// ```
///
/// Source: docs/spec/fn-container-contract.md#statuses.
pub struct StatusError {
    message: String,
    details: Details,
}

/// The part of a [`StatusError`] that is its source: wrappers such as `anyhow::Error` hide the type
/// of the error that they hold, but not its source.
struct Details {
    status: StatusCode,
    code: String,
    message: String,
    source: Option<Error>,
}

/// What a caller may see of an error: status, code and message.
pub(super) type Seen<'a> = (StatusCode, &'a str, &'a str);

impl StatusError {
    /// Creates a failure with this status, a stable code for programs in the form of OCI's own, and
    /// a message for people. Code and message go to the caller and to the log.
    ///
    /// ```
    /// let error = fn_fdk::StatusError::new(http::StatusCode::GONE, "SeatGone", "the seat is gone");
    /// assert_eq!(error.to_string(), "the seat is gone");
    /// ```
    pub fn new(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Self {
        let (code, message) = (code.into(), message.into());
        let details = Details { status, code, message: message.clone(), source: None };
        Self { message, details }
    }

    /// Creates the failure for a request that cannot be served: 400, `InvalidParameter`.
    ///
    /// ```
    /// let error = fn_fdk::StatusError::bad_request("row is missing");
    /// assert_eq!(error.status(), 400);
    /// ```
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidParameter", message)
    }

    /// Adds the cause, for the log.
    ///
    /// ```
    /// let cause = "two".parse::<u8>().unwrap_err();
    /// let error = fn_fdk::StatusError::bad_request("no row").with_source(cause);
    /// let logged = "no row: 400 InvalidParameter: invalid digit found in string";
    /// assert_eq!(fn_fdk::error_chain(&error), logged);
    /// ```
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Error>) -> Self {
        self.details.source = Some(source.into());
        self
    }

    /// Returns the status for the caller.
    ///
    /// ```
    /// assert_eq!(fn_fdk::StatusError::bad_request("no row").status(), 400);
    /// ```
    pub fn status(&self) -> StatusCode {
        self.details.status
    }

    /// Returns the code for the caller.
    ///
    /// ```
    /// assert_eq!(fn_fdk::StatusError::bad_request("no row").code(), "InvalidParameter");
    /// ```
    pub fn code(&self) -> &str {
        &self.details.code
    }

    /// Returns what the caller sees of the first [`StatusError`] in a chain.
    pub(super) fn seen<'a>(error: &'a (dyn StdError + 'static)) -> Option<Seen<'a>> {
        let own = error.downcast_ref::<Self>().map(|error| &error.details);
        let within = || causes(error).find_map(|error| error.downcast_ref::<Details>());
        let found = own.or_else(within)?;
        Some((found.status, &found.code, &found.message))
    }
}

impl fmt::Debug for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { status, code, message, source } = &self.details;
        f.debug_struct("StatusError")
            .field("status", status)
            .field("code", code)
            .field("message", message)
            .field("source", source)
            .finish()
    }
}

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for StatusError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.details)
    }
}

impl fmt::Debug for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status.as_u16(), self.code)
    }
}

impl StdError for Details {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.source.as_deref()?;
        Some(source)
    }
}

/// Iterates over an error and its causes.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| (*error).source())
}

/// Joins an error and all its causes in one line, for the log.
///
/// ```
/// let cause = "x".parse::<u32>().unwrap_err();
/// let error = fn_fdk::StatusError::bad_request("no seat").with_source(cause);
/// let line = fn_fdk::error_chain(&error);
/// assert_eq!(line, "no seat: 400 InvalidParameter: invalid digit found in string");
/// ```
pub fn error_chain(error: &(dyn StdError + 'static)) -> String {
    let causes: Vec<String> = causes(error).map(ToString::to_string).collect();
    causes.join(": ")
}
