//! What the platform says in the environment: `FN_FORMAT`, `FN_LISTENER` and the log frame.

use std::fmt;
use std::path::PathBuf;

use super::{LogFrame, listener};

/// The platform's part of the environment, parsed once at start.
///
/// Source: Fn container contract, environment variables.
#[derive(Debug)]
pub struct Platform {
    /// The path under which the agent waits for the socket.
    pub listener: PathBuf,
    /// How each call's log lines are marked, if the platform asks for it.
    pub log_frame: Option<LogFrame>,
}

/// A variable of the platform that cannot be served.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub enum PlatformError {
    /// `FN_FORMAT` names a format that is not spoken here.
    #[error("FN_FORMAT is not `http-stream`, the only format of this function")]
    Format,
    /// `FN_LISTENER` is absent or empty.
    #[error("FN_LISTENER is not set; expected `unix:` and the absolute path of a socket")]
    ListenerMissing,
    /// `FN_LISTENER` has another form than `unix:/directory/name`.
    #[error("FN_LISTENER is not `unix:` and the absolute path of a socket")]
    ListenerForm,
    /// `FN_LISTENER` does not fit into a socket address.
    #[error(
        "FN_LISTENER is a path of {length} bytes; a Unix socket takes at most {}",
        listener::PATH_LIMIT
    )]
    ListenerLength {
        /// The length of the path that was given, in bytes.
        length: usize,
    },
}

/// All that is wrong with the platform's variables.
#[derive(Debug, Eq, PartialEq)]
pub struct PlatformErrors(pub Vec<PlatformError>);

impl fmt::Display for PlatformErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&texts.join("; "))
    }
}

impl std::error::Error for PlatformErrors {}

impl Platform {
    /// Reads the platform's variables through `var`; a variable that is set to nothing counts as absent.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, PlatformErrors> {
        let var = |name: &str| var(name).filter(|value| !value.is_empty());
        let mut errors = Vec::new();
        if var("FN_FORMAT").is_some_and(|format| format != "http-stream") {
            errors.push(PlatformError::Format);
        }
        let listener = match var("FN_LISTENER") {
            Some(address) => socket_path(&address),
            None => Err(PlatformError::ListenerMissing),
        };
        let log_frame = LogFrame::new(var("FN_LOGFRAME_NAME"), var("FN_LOGFRAME_HDR"));
        match listener {
            Ok(listener) if errors.is_empty() => Ok(Self { listener, log_frame }),
            Ok(_) => Err(PlatformErrors(errors)),
            Err(error) => {
                errors.push(error);
                Err(PlatformErrors(errors))
            }
        }
    }
}

fn socket_path(address: &str) -> Result<PathBuf, PlatformError> {
    let path = address.strip_prefix("unix:").ok_or(PlatformError::ListenerForm)?;
    let (_, name) = path.rsplit_once('/').ok_or(PlatformError::ListenerForm)?;
    let absolute = path.starts_with('/');
    if !absolute || matches!(name, "" | "." | "..") {
        return Err(PlatformError::ListenerForm);
    }
    if path.len() > listener::PATH_LIMIT {
        return Err(PlatformError::ListenerLength { length: path.len() });
    }
    Ok(PathBuf::from(path))
}
