//! What keeps `mdfn local` from running.

use std::io;
use std::path::PathBuf;

use emulator::cloud;

/// What can keep the local cloud from running, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The function or the server could not be built.
    #[error("the {0} could not be built: {1}")]
    Build(&'static str, String),
    /// A file that is no function or server.
    #[error("{path} cannot be run as the {0}: {2}", path = .1.display())]
    Binary(&'static str, PathBuf, io::Error),
    /// A port that cannot be listened at.
    #[error("port {1} cannot be used: {2}; choose another with {0}")]
    Port(&'static str, u16, io::Error),
    /// A part of the cloud that does not start.
    #[error(transparent)]
    Cloud(cloud::Error),
    /// A specification that cannot be read.
    #[error("{0}")]
    Specification(String),
    /// A step that gave something else than it should.
    #[error("not as expected: {0}")]
    Unexpected(String),
    /// Signals cannot be awaited.
    #[error("signals cannot be awaited: {0}")]
    Signals(io::Error),
}

impl From<cloud::Error> for Error {
    fn from(error: cloud::Error) -> Self {
        if let cloud::Error::Gateway(port, error) = error {
            Self::Port("--gateway-port", port, error)
        } else if let cloud::Error::Identity(port, error) = error {
            Self::Port("--identity-port", port, error)
        } else {
            Self::Cloud(error)
        }
    }
}
