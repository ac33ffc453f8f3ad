//! How a container comes up: what the agent waits for, and what it accepts.

use std::ffi::CStr;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;
use std::{fs, io};

use rustix::process::Uid;
use thiserror::Error;

use super::failure::Failure;

/// The name that the agent waits for.
pub(super) const LISTENER: &CStr = c"lsnr.sock";

/// Why a function did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is no such program, or it must not be executed.
    #[error("`{program}` does not start: {cause}")]
    Program {
        /// The executable that was to be started.
        program: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// The process ended before its socket appeared.
    #[error("the function ended before its socket appeared: {0}")]
    Ended(ExitStatus),
    /// The socket did not appear in time; the process was killed.
    #[error("the function's socket did not appear within {0:?}")]
    TimedOut(Duration),
    /// What appeared at the socket's name is not what it must be; the process was killed.
    #[error(
        "`lsnr.sock` is {0}; expected a symbolic link, without a directory in it, to a socket beside it"
    )]
    Listener(String),
    /// The socket is somebody else's; the process was killed.
    #[error(
        "the socket belongs to user {seen}; expected user {expected}, who started the function"
    )]
    Owner {
        /// The user who started the function.
        expected: u32,
        /// The user whose socket it is.
        seen: u32,
    },
    /// The name appeared before the socket listened; the process was killed.
    #[error("the function's socket appeared before it listened: {0}")]
    Refused(#[source] io::Error),
    /// This machine does not allow what the agent needs.
    #[error("the agent cannot prepare a container: {0}")]
    Agent(#[from] io::Error),
}

impl StartError {
    /// Returns what a caller sees of it.
    pub(super) fn failure(&self) -> Failure {
        match self {
            Self::Program { .. }
            | Self::Ended(_)
            | Self::Listener(_)
            | Self::Owner { .. }
            | Self::Agent(_) => Failure::Start,
            Self::TimedOut(_) => Failure::StartTimedOut,
            Self::Refused(_) => Failure::NoReply,
        }
    }
}

/// Checks whether the name leads to a socket in the same directory. It is looked at once, when it
/// appears.
///
/// Source: docs/spec/fn-container-contract.md#socket-checks.
pub(super) fn check_listener(listener: &Path) -> Result<(), StartError> {
    if listener.symlink_metadata()?.is_symlink() {
        let target = fs::read_link(listener)?;
        let directory = target.parent().unwrap_or(Path::new("/"));
        if directory != Path::new("") && directory != Path::new(".") {
            return Err(StartError::Listener(format!("a link to `{}`", target.display())));
        }
    }
    match fs::metadata(listener) {
        Ok(file) if file.file_type().is_socket() => Ok(()),
        Ok(_) => Err(StartError::Listener("no socket".into())),
        Err(_) => Err(StartError::Listener("a link to nothing".into())),
    }
}

/// Checks whether the socket is this user's: what is sent there is meant for the function alone.
pub(super) fn check_owner(listener: &Path, user: Uid) -> Result<(), StartError> {
    let (expected, seen) = (user.as_raw(), fs::metadata(listener)?.uid());
    if seen == expected { Ok(()) } else { Err(StartError::Owner { expected, seen }) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_socket_of_another_user_is_refused() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("lsnr.sock");
        let _listener = UnixListener::bind(&path)?;
        let own = rustix::process::geteuid();
        assert!(check_owner(&path, own).is_ok());
        let refused = check_owner(&path, Uid::from_raw(own.as_raw() + 1));
        assert!(matches!(refused, Err(StartError::Owner { .. })), "{refused:?}");
        Ok(())
    }
}
