//! Descriptors that tokio has no type for.

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Has tokio announce when there is something to read.
#[expect(deprecated, reason = "an owned descriptor keeps what the unsafe replacement asks for")]
pub fn reader(descriptor: impl Into<OwnedFd>) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(descriptor.into(), Interest::READABLE)
}
