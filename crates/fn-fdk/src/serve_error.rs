//! Why a function is not served.

use std::fmt;
use std::io;

use super::error::error_chain;
use super::listener::ListenerError;
use super::logger::LoggerErrors;
use super::platform::PlatformErrors;

/// A function that could not be served, or not to its end.
///
/// Its `Debug` is the message with all causes, since a `main` that returns it prints that.
///
/// ```
/// use fn_fdk::{Platform, ServeError};
///
/// let error = ServeError::from(Platform::from_vars(|_| None).unwrap_err());
/// assert!(error.is_usage());
/// assert!(format!("{error:?}").contains("FN_LISTENER is not set"));
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The platform's variables are missing or invalid.
    #[error("the environment is not a function's")]
    Platform(#[from] PlatformErrors),
    /// `LOG_LEVEL` or `LOG_FORMAT` is invalid.
    #[error("the log is not configured correctly")]
    Logger(#[from] LoggerErrors),
    /// The socket could not be published.
    #[error("the function cannot be called")]
    Listener(#[from] ListenerError),
    /// The system refuses threads, timers or signals.
    #[error("the runtime could not be started")]
    Runtime(#[source] io::Error),
    /// A function that starts a runtime was called inside one.
    #[error(
        "this function starts a runtime of its own, but was called inside one (`#[tokio::main]`); use \
         `serve(handler).await` there"
    )]
    InsideRuntime,
    /// A function that needs a runtime was called outside one.
    #[error(
        "this function needs a tokio runtime (`#[tokio::main]`), but was called outside one; use \
         `run(handler)` there"
    )]
    OutsideRuntime,
    /// The call in progress was given up.
    #[error("a second signal arrived before the call in progress was answered")]
    Impatient,
}

impl ServeError {
    /// Returns whether the function was started wrongly, as opposed to a system that refuses.
    ///
    /// ```
    /// assert!(fn_fdk::ServeError::OutsideRuntime.is_usage());
    /// assert!(!fn_fdk::ServeError::Impatient.is_usage());
    /// ```
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Platform(_) | Self::Logger(_) | Self::InsideRuntime | Self::OutsideRuntime => {
                true
            }
            Self::Listener(_) | Self::Runtime(_) | Self::Impatient => false,
        }
    }
}

impl fmt::Debug for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&error_chain(self))
    }
}
