//! The body of an answer as a list of steps: pieces, pauses, and faults.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// The connection must break.
#[derive(Debug, thiserror::Error)]
#[error("the connection must break")]
pub(super) struct Broken;

/// One step.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Writes these bytes.
    Send(Bytes),
    /// Flushes what was written before.
    Flush,
    /// Waits.
    Sleep(Duration),
    /// Waits for ever.
    Stall,
    /// Breaks the connection.
    Break,
}

/// The steps of one body.
#[derive(Debug)]
pub(super) struct Steps {
    queue: VecDeque<Step>,
    /// The `content-length`, if it is known.
    length: Option<u64>,
    sleeping: Option<Pin<Box<Sleep>>>,
}

impl Steps {
    /// Returns a body with a `content-length`.
    pub(super) fn whole(body: Bytes) -> Self {
        let length = u64::try_from(body.len()).ok();
        Self { length, ..Self::new([Step::Send(body)]) }
    }

    /// Returns a body in chunks.
    pub(super) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { queue: steps.into_iter().collect(), length: None, sleeping: None }
    }

    /// Returns a body whose pieces are flushed one by one.
    pub(super) fn pieces(pieces: impl IntoIterator<Item = Bytes>) -> Self {
        Self::new(pieces.into_iter().flat_map(|piece| [Step::Send(piece), Step::Flush]))
    }

    /// Adds a first step.
    pub(super) fn after(mut self, step: Step) -> Self {
        self.queue.push_front(step);
        self
    }

    /// Adds a last step.
    pub(super) fn then(mut self, step: Step) -> Self {
        self.queue.push_back(step);
        self
    }
}

impl Body for Steps {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        loop {
            if let Some(sleeping) = &mut self.sleeping {
                ready!(sleeping.as_mut().poll(context));
                self.sleeping = None;
            }
            match self.queue.pop_front() {
                // An empty chunk would be the end.
                Some(Step::Send(bytes)) if bytes.is_empty() => {}
                Some(Step::Send(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Step::Flush) => {
                    // The connection writes out what it has before it asks again.
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Step::Sleep(time)) => self.sleeping = Some(Box::pin(sleep(time))),
                Some(Step::Stall) => {
                    self.queue.push_front(Step::Stall);
                    return Poll::Pending;
                }
                Some(Step::Break) => return Poll::Ready(Some(Err(Broken))),
                None => return Poll::Ready(None),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.queue.is_empty() && self.sleeping.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
