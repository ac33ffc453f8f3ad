//! Why a function is not served.

use std::fmt;
use std::io;

use super::error::error_chain;
use super::listener::ListenerError;
use super::logger::LoggerErrors;
use super::platform::PlatformErrors;

/// A function that could not be served, or not to its end.
///
/// Its `Debug` is the text of all causes, since that is what a `main` prints that returns it.
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
    /// The platform's variables are missing, or not understood.
    #[error("the environment is not that of a function")]
    Platform(#[from] PlatformErrors),
    /// `LOG_LEVEL` or `LOG_FORMAT` is not understood.
    #[error("the log cannot be written as it is asked for")]
    Logger(#[from] LoggerErrors),
    /// The socket could not be published.
    #[error("nobody can call the function")]
    Listener(#[from] ListenerError),
    /// The system refuses threads, timers or signals.
    #[error("the runtime could not be started")]
    Runtime(#[source] io::Error),
    /// Something that makes a runtime was called inside of one.
    #[error(
        "it makes a runtime of its own, and was called inside of one (`#[tokio::main]`), where \
         `serve(handler).await` is meant"
    )]
    InsideRuntime,
    /// Something that needs a runtime was called outside of one.
    #[error(
        "it needs a runtime of tokio (`#[tokio::main]`), and was called outside of one, where \
         `run(handler)` is meant"
    )]
    OutsideRuntime,
    /// The call in hand was given up.
    #[error("a second signal came before the call in hand was answered")]
    Impatient,
}

impl ServeError {
    /// Whether somebody started the function wrongly, as opposed to a system that refuses.
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
