//! How large a body may be, and that of a request, streamed in pieces as the platform streams it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame};
use tokio::sync::oneshot;

/// The most that a call or a reply may carry, in bytes: 6 MiB, as OCI Functions has it.
pub const BODY_LIMIT: usize = 6 * 1024 * 1024;

/// The pieces of a body, in bytes: what came with the head, then whatever was there, up to 32 KiB,
/// over and over.
const FIRST_PIECE_BYTES: usize = 4 * 1024;
const NEXT_PIECE_BYTES: [usize; 4] = [32 * 1024, 9 * 1024, 32 * 1024, 1460];

/// A body that reports when its last piece was handed to the connection.
///
/// A connection that gives up before drops it, which its receiver sees too.
#[derive(Debug)]
pub(super) struct Pieces {
    rest: Bytes,
    given: usize,
    taken: Option<oneshot::Sender<()>>,
}

impl Pieces {
    pub(super) fn new(body: Bytes) -> Self {
        Self { rest: body, given: 0, taken: None }
    }

    /// Resolves when the whole body is read; the error says that it never will be.
    pub(super) fn taken(&mut self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        self.taken = Some(sender);
        self.tell_if_taken();
        receiver
    }

    fn tell_if_taken(&mut self) {
        if self.rest.is_empty()
            && let Some(taken) = self.taken.take()
        {
            // Who does not ask does not want to know.
            taken.send(()).ok();
        }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let others = self
            .given
            .checked_sub(1)
            .and_then(|at| NEXT_PIECE_BYTES.get(at % NEXT_PIECE_BYTES.len()));
        let length = self.rest.len().min(*others.unwrap_or(&FIRST_PIECE_BYTES));
        self.given += 1;
        let piece = self.rest.split_to(length);
        self.tell_if_taken();
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }
}
