//! A client's connection, with bounds: how long a head may take, how long a client may read nothing,
//! and until when its answer may last.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::framing::Framing;
use crate::guard::Guard;

/// How long a client may take.
///
/// ```
/// use std::time::Duration;
///
/// use strict_http1::Bounds;
///
/// let mut bounds = Bounds::default();
/// assert_eq!(bounds.head_timeout, Duration::from_secs(10));
/// bounds.write_timeout = Duration::from_secs(5);
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Bounds {
    /// The longest that the head of a request may take, from its first byte on: 10 s. How long a
    /// connection may be idle before is the business of the server's library.
    pub head_timeout: Duration,
    /// The longest that a client may read nothing of what waits for it: 60 s.
    pub write_timeout: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { head_timeout: Duration::from_secs(10), write_timeout: Duration::from_secs(60) }
    }
}

/// A client's connection, with bounds, whose requests are looked at while they come.
///
/// ```
/// use strict_http1::{Bounds, Strict};
///
/// let (stream, guard) = Strict::new(tokio::io::empty(), Bounds::default());
/// ```
#[derive(Debug)]
pub struct Strict<S> {
    stream: S,
    guard: Guard,
    bounds: Bounds,
    framing: Framing,
    head: Option<Pin<Box<Sleep>>>,
    blocked: Option<Pin<Box<Sleep>>>,
}

impl<S> Strict<S> {
    /// A stream for the server's library, and the guard of its requests.
    ///
    /// ```
    /// use strict_http1::{Bounds, Strict};
    ///
    /// let (stream, guard) = Strict::new(tokio::io::empty(), Bounds::default());
    /// ```
    pub fn new(stream: S, bounds: Bounds) -> (Self, Guard) {
        let guard = Guard::default();
        let (framing, head, blocked) = (Framing::default(), None, None);
        (Self { stream, guard: guard.clone(), bounds, framing, head, blocked }, guard)
    }

    /// Takes note of what was read.
    fn heard(&mut self, bytes: &[u8]) {
        self.framing.watch(bytes);
        self.guard.note(self.framing.fault(), self.framing.is_last());
        if !self.framing.is_in_head() {
            self.head = None;
        } else if self.head.is_none() {
            self.head = Some(Box::pin(sleep(self.bounds.head_timeout)));
        }
    }

    /// What came of an attempt to write: an error if the client takes nothing for too long.
    fn told<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.blocked = None;
            return written;
        }
        let blocked = self.blocked.get_or_insert_with(|| {
            let longest = Instant::now().checked_add(self.bounds.write_timeout);
            let until = self.guard.deadline().into_iter().chain(longest).min();
            Box::pin(until.map_or_else(|| sleep(self.bounds.write_timeout), sleep_until))
        });
        ready!(blocked.as_mut().poll(context));
        Poll::Ready(Err(late("the client reads too slowly")))
    }
}

fn late(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, why)
}

impl<S: AsyncRead + Unpin> AsyncRead for Strict<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(context, buffer) {
            this.heard(buffer.filled().get(before..).unwrap_or_default());
            return Poll::Ready(read);
        }
        let Some(head) = &mut this.head else { return Poll::Pending };
        ready!(head.as_mut().poll(context));
        Poll::Ready(Err(late("the head of a request takes too long")))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Strict<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.told(context, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, pieces);
        this.told(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(context);
        this.told(context, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut = Pin::new(&mut this.stream).poll_shutdown(context);
        this.told(context, shut)
    }
}
