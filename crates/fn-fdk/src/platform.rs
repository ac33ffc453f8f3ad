//! The platform's part of the environment: `FN_FORMAT`, `FN_LISTENER` and the log frame.

use std::fmt;
use std::path::PathBuf;

use http::HeaderName;

use super::environment::{self, NotText};
use super::listener;
use super::log_frame::LogFrame;

/// The platform's part of the environment, parsed once at start.
///
/// ```
/// use fn_fdk::Platform;
///
/// let var = |name: &str| (name == "FN_LISTENER").then(|| "unix:/tmp/iofs/lsnr.sock".to_owned());
/// let platform = Platform::from_vars(var).unwrap();
/// assert_eq!(platform.listener, std::path::Path::new("/tmp/iofs/lsnr.sock"));
/// ```
///
/// Source: docs/spec/fn-container-contract.md#environment-variables.
#[derive(Debug)]
pub struct Platform {
    /// The path at which the agent waits for the socket.
    pub listener: PathBuf,
    /// How each call's log lines are marked, if the platform asks for it.
    pub log_frame: Option<LogFrame>,
}

/// The variables that [`Platform`] is read from.
const NAMES: [&str; 4] = ["FN_FORMAT", "FN_LISTENER", "FN_LOGFRAME_NAME", "FN_LOGFRAME_HDR"];

/// A variable of the platform that cannot be used.
///
/// ```
/// use fn_fdk::{Platform, PlatformError};
///
/// let errors = Platform::from_vars(|_| None).unwrap_err();
/// assert_eq!(errors.0, [PlatformError::ListenerMissing]);
/// ```
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlatformError {
    /// `FN_FORMAT` names a format that is not supported.
    #[error("FN_FORMAT is not `http-stream`, the only format that this function supports")]
    Format,
    /// `FN_LISTENER` is absent or empty.
    #[error(
        "FN_LISTENER is not set; expected `unix:` and the absolute path of a socket: this program \
         is a function, which a platform starts and calls (to try it: `mdfn invoke -- <program>`)"
    )]
    ListenerMissing,
    /// `FN_LISTENER` is not of the form `unix:/directory/name`.
    #[error("FN_LISTENER is not `unix:` and the absolute path of a socket")]
    ListenerForm,
    /// `FN_LISTENER` does not fit into a socket address.
    #[error(
        "FN_LISTENER is a path of {length} bytes; a Unix socket takes at most {}",
        listener::PATH_LIMIT
    )]
    ListenerLength {
        /// The length of the given path, in bytes.
        length: usize,
    },
    /// `FN_LOGFRAME_NAME` would break the line that it begins.
    #[error("FN_LOGFRAME_NAME has a control character; expected a text of one line")]
    LogFrameName,
    /// `FN_LOGFRAME_HDR` is not a header name.
    #[error("FN_LOGFRAME_HDR is not a header name, such as `Opc-Request-Id`")]
    LogFrameHeader,
    /// A variable whose value is not UTF-8.
    #[error("{0} is not text in UTF-8")]
    NotText(&'static str),
}

/// All mistakes in the platform's variables.
///
/// Its `Debug` is its message, since a `main` that returns it prints that.
///
/// ```
/// let errors = fn_fdk::Platform::from_vars(|_| Some("x".to_owned())).unwrap_err();
/// assert_eq!(errors.0.len(), 2);
/// assert!(format!("{errors:?}").starts_with("FN_FORMAT is not `http-stream`"));
/// ```
#[derive(Eq, PartialEq)]
pub struct PlatformErrors(pub Vec<PlatformError>);

impl fmt::Display for PlatformErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&texts.join("; "))
    }
}

impl fmt::Debug for PlatformErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for PlatformErrors {}

impl Platform {
    /// Reads the platform's variables from the environment.
    ///
    /// ```
    /// // Outside of the platform nothing says where to listen.
    /// let errors = fn_fdk::Platform::from_env().unwrap_err();
    /// assert_eq!(errors.0, [fn_fdk::PlatformError::ListenerMissing]);
    /// ```
    pub fn from_env() -> Result<Self, PlatformErrors> {
        let unread: Vec<PlatformError> = NAMES
            .into_iter()
            .filter(|name| matches!(environment::var(name), Err(NotText)))
            .map(PlatformError::NotText)
            .collect();
        if !unread.is_empty() {
            return Err(PlatformErrors(unread));
        }
        Self::from_vars(|name| environment::var(name).ok().flatten())
    }

    /// Reads the platform's variables through `var`, without blanks around their values. An empty
    /// variable counts as absent.
    ///
    /// ```
    /// let listener = |name: &str| (name == "FN_LISTENER").then(|| "unix:/tmp/iofs/lsnr.sock".to_owned());
    /// let platform = fn_fdk::Platform::from_vars(listener)?;
    /// assert_eq!(platform.listener.to_str(), Some("/tmp/iofs/lsnr.sock"));
    /// # Ok::<_, fn_fdk::PlatformErrors>(())
    /// ```
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, PlatformErrors> {
        let var = |name: &str| var(name).and_then(|value| environment::given(&value));
        let format = match var("FN_FORMAT").as_deref() {
            None | Some("http-stream") => Ok(()),
            Some(_) => Err(PlatformError::Format),
        };
        let listener = match var("FN_LISTENER") {
            Some(address) => socket_path(&address),
            None => Err(PlatformError::ListenerMissing),
        };
        let name = var("FN_LOGFRAME_NAME").map(frame_name).transpose();
        let header = var("FN_LOGFRAME_HDR").map(|name| frame_header(&name)).transpose();
        match (format, listener, name, header) {
            (Ok(()), Ok(listener), Ok(name), Ok(header)) => {
                Ok(Self { listener, log_frame: LogFrame::new(name, header) })
            }
            (format, listener, name, header) => {
                let errors = [format.err(), listener.err(), name.err(), header.err()];
                Err(PlatformErrors(errors.into_iter().flatten().collect()))
            }
        }
    }
}

fn frame_name(name: String) -> Result<String, PlatformError> {
    if name.contains(char::is_control) { Err(PlatformError::LogFrameName) } else { Ok(name) }
}

fn frame_header(name: &str) -> Result<HeaderName, PlatformError> {
    HeaderName::from_bytes(name.as_bytes()).ok().ok_or(PlatformError::LogFrameHeader)
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
