//! The socket of one connection. Once the function is stopped, it ends between two calls, after
//! everything in it is read.
//!
//! Source: docs/spec/fn-container-contract.md#connections.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;

/// Whether a connection is between two calls: its peer expects no answer, and nothing of another
/// call was read.
#[derive(Clone, Debug)]
pub(super) struct Rest(Arc<AtomicBool>);

impl Rest {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    pub(super) fn set(&self, rests: bool) {
        self.0.store(rests, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A socket of the agent. A stop looks to its reader as if the agent had closed it after its last
/// request.
#[derive(Debug)]
pub(super) struct Socket {
    stream: UnixStream,
    rest: Rest,
    stopped: Arc<AtomicBool>,
}

impl Socket {
    pub(super) fn new(stream: UnixStream, rest: Rest, stopped: Arc<AtomicBool>) -> Self {
        Self { stream, rest, stopped }
    }

    /// Returns whether the stop ends it now. It asks the kernel directly: the runtime may not have
    /// announced everything that was written.
    fn is_over(&self) -> bool {
        let empty = || rustix::io::ioctl_fionread(&self.stream).is_ok_and(|waiting| waiting == 0);
        self.stopped.load(Ordering::Relaxed) && self.rest.is_set() && empty()
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.rest.set(false);
        }
        if read.is_pending() && self.is_over() { Poll::Ready(Ok(())) } else { read }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
