//! Publishes the socket: it is bound under a hidden name, opened to the agent, and only then linked
//! under the public one.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

/// The longest path, in bytes, that fits into a Unix socket address with its final zero.
pub(super) const PATH_LIMIT: usize = 107;

/// A listening socket that the agent can see. Dropping it removes both of its names.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), fn_fdk::ListenerError> {
/// # let directory = tempfile::tempdir().unwrap();
/// let path = directory.path().join("lsnr.sock");
/// let listener = fn_fdk::Listener::publish(&path)?;
/// assert!(path.exists() && listener.path() == path);
/// drop(listener);
/// assert!(!path.exists());
/// # Ok(())
/// # }
/// ```
///
/// Source: docs/spec/fn-container-contract.md#socket-order.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    files: SocketFiles,
}

/// A socket that could not be published.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let error = fn_fdk::Listener::publish("/no/such/lsnr.sock".as_ref()).unwrap_err();
/// assert!(error.to_string().contains("`/no/such/lsnr.sock` could not be published"));
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[error("FN_LISTENER: the socket `{}` could not be published: {action}", path.display())]
pub struct ListenerError {
    path: PathBuf,
    action: &'static str,
    #[source]
    source: io::Error,
}

impl Listener {
    /// Binds, listens, sets the permissions and then links `path`, so that whoever sees the name
    /// can connect.
    ///
    /// Call it inside a runtime, when everything that the first call needs is ready: the agent
    /// connects the moment the name appears. Files of an earlier process are replaced.
    /// Source: docs/spec/fn-container-contract.md#socket-order.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// let path = directory.path().join("lsnr.sock");
    /// let _listener = fn_fdk::Listener::publish(&path)?;
    /// std::os::unix::net::UnixStream::connect(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn publish(path: &Path) -> Result<Self, ListenerError> {
        let failed = |action| move |source| ListenerError { path: path.to_owned(), action, source };
        let files =
            SocketFiles { public: path.to_owned(), hidden: path.with_file_name(hidden_name(path)) };
        files.remove().map_err(failed("a file of an earlier process could not be removed"))?;
        let socket =
            UnixListener::bind(&files.hidden).map_err(failed("the address could not be bound"))?;
        fs::set_permissions(&files.hidden, Permissions::from_mode(0o666))
            .map_err(failed("its permissions could not be set"))?;
        symlink(hidden_name(path), path).map_err(failed("its link could not be created"))?;
        Ok(Self { socket, files })
    }

    /// Returns the public path, as the agent knows it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// let listener = fn_fdk::Listener::publish(&directory.path().join("lsnr.sock"))?;
    /// assert!(listener.path().ends_with("lsnr.sock"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn path(&self) -> &Path {
        &self.files.public
    }

    pub(super) async fn accept(&self) -> io::Result<UnixStream> {
        self.socket.accept().await.map(|(stream, _)| stream)
    }

    /// Removes both names, so that no more connections arrive, and returns those that wait already.
    pub(super) fn close(self) -> io::Result<Queue> {
        drop(self.files);
        self.socket.into_std().map(Queue)
    }
}

/// The connections that the kernel accepted for a socket whose names are removed.
#[derive(Debug)]
pub(super) struct Queue(net::UnixListener);

impl Queue {
    /// Returns the next connection; `None` after the last. It asks the kernel directly: the runtime
    /// may not have announced all of them.
    pub(super) fn next(&self) -> io::Result<Option<UnixStream>> {
        match self.0.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(true)?;
                UnixStream::from_std(stream).map(Some)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The two names of a socket in their directory. Dropping it removes them, also when publishing
/// fails half-way.
#[derive(Debug)]
struct SocketFiles {
    public: PathBuf,
    hidden: PathBuf,
}

impl SocketFiles {
    fn remove(&self) -> io::Result<()> {
        for path in [&self.public, &self.hidden] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

impl Drop for SocketFiles {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            log::debug!("the socket's files could not be removed: {error}");
        }
    }
}

/// Another name in the same directory, never longer than the public one: a path of 107 bytes stays
/// bindable.
fn hidden_name(path: &Path) -> &'static str {
    let public = path.file_name().unwrap_or_default();
    let fits = |name: &&str| name.len() <= public.len() && **name != *public;
    [".s", "s", "t"].into_iter().find(fits).unwrap_or("t")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hidden_name_is_another_one_and_no_longer() {
        for (public, hidden) in
            [("lsnr.sock", ".s"), (".s", "s"), ("ab", ".s"), ("x", "s"), ("s", "t"), ("t", "s")]
        {
            assert_eq!(hidden_name(&Path::new("/tmp/iofs").join(public)), hidden, "{public}");
        }
    }
}
