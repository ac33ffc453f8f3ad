//! The body of an answer that is passed on while it comes: frame by frame, as fast as the caller reads.
//!
//! Source: docs/spec/oci-services.md#item-8.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::{fmt, mem};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::error::Error;
use super::events::Events;
use super::forward::says_failed;
use super::running::{Running, Stop};
use oracle_cloud_client::{AnswerBody, TransportError};

/// The body of an answer. Whoever drops it lets the deployment go, and the call has ended.
///
/// Its trailers are read here. What ends before it is whole never looks so: a stream of events ends with an event `error`, and
/// everything else with an error. Between events there are comments while the deployment is silent.
pub struct Relay(Kind);

enum Kind {
    Whole(Bytes),
    Coming(Box<Coming>),
}

struct Coming {
    body: AnswerBody,
    deadline: Pin<Box<Sleep>>,
    stop: Stop,
    events: Option<Events>,
    running: Running,
}

impl Relay {
    /// What comes of a deployment, until then.
    pub(super) fn coming(
        body: AnswerBody,
        until: Instant,
        events: Option<Events>,
        running: Running,
    ) -> Self {
        let (deadline, stop) = (Box::pin(sleep_until(until)), running.observer.stopped());
        let mut coming = Coming { body, deadline, stop, events, running };
        coming.end_if_whole();
        Self(Kind::Coming(Box::new(coming)))
    }
}

impl Coming {
    /// The next bytes; None after the last ones, if the deployment does not say that it failed.
    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        if let Poll::Ready(error) = self.stop.as_mut().poll(context) {
            return Poll::Ready(Some(Err(error.into())));
        }
        if self.deadline.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(Error::Unanswered(TransportError::AttemptTimeout))));
        }
        loop {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                None if self.was_cut() => return Poll::Ready(Some(Err(Error::StreamFailed))),
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(Error::Unanswered(error)))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => return Poll::Ready(Some(Ok(data))),
                    Err(frame) if frame.trailers_ref().is_some_and(says_failed) => {
                        return Poll::Ready(Some(Err(Error::StreamFailed)));
                    }
                    Err(_other) => {}
                },
            }
        }
    }

    /// These bytes are passed on.
    fn passed(&mut self, data: &[u8]) {
        self.running.passed(data);
        if let Some(events) = &mut self.events {
            events.passed(data);
        }
        self.end_if_whole();
    }

    /// Of an answer whose length is known nobody asks for what follows the last byte.
    fn end_if_whole(&mut self) {
        if self.body.is_end_stream() && !self.was_cut() {
            self.running.end(Ok(()));
        }
    }

    /// Whether it is a stream of events that ends before its end.
    fn was_cut(&self) -> bool {
        self.events.is_some() && self.running.was_cut()
    }

    /// The end of an answer that is not whole.
    fn broken(&mut self, error: Error) -> Result<Bytes, Error> {
        let is_service = self.running.record.service().is_some();
        let error = if is_service { error.of_service() } else { error };
        self.running.end(Err(&error));
        let Some(events) = &self.events else { return Err(error) };
        // OpenAI's clients take an event without the member `error` for one more piece of the answer.
        let json = error.body(true, self.running.observer.program()).to_string();
        Ok(events.error(json.as_bytes()))
    }
}

impl From<Bytes> for Relay {
    fn from(bytes: Bytes) -> Self {
        Self(Kind::Whole(bytes))
    }
}

/// Shows no byte of it.
impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").finish_non_exhaustive()
    }
}

impl Body for Relay {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        let coming = match &mut this.0 {
            Kind::Whole(bytes) if bytes.is_empty() => return Poll::Ready(None),
            Kind::Whole(bytes) => {
                return Poll::Ready(Some(Ok(Frame::data(mem::take(bytes)))));
            }
            Kind::Coming(coming) => coming,
        };
        let last = match coming.poll_data(context) {
            Poll::Ready(Some(Ok(data))) => {
                coming.passed(&data);
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
            Poll::Pending => {
                let Some(events) = &mut coming.events else { return Poll::Pending };
                return events
                    .poll_keep_alive(context)
                    .map(|comment| Some(Ok(Frame::data(comment))));
            }
            Poll::Ready(Some(Err(error))) => Some(coming.broken(error).map(Frame::data)),
            Poll::Ready(None) => {
                coming.running.end(Ok(()));
                None
            }
        };
        this.0 = Kind::Whole(Bytes::new());
        Poll::Ready(last)
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(bytes) => bytes.is_empty(),
            Kind::Coming(coming) => coming.events.is_none() && coming.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes) => {
                SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
            }
            Kind::Coming(coming) if coming.events.is_some() => SizeHint::default(),
            Kind::Coming(coming) => coming.body.size_hint(),
        }
    }
}
