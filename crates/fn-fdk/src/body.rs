//! The body of an answer: bytes, or a stream that is made while it is sent.
//!
//! Source: docs/spec/fn-container-contract.md#limits-streaming-compression.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Either, Full, StreamBody};
use tokio::time::{Instant, Sleep, sleep_until};

use super::error::{self, Error};
use super::logged_call::LoggedCall;

/// The body that is sent on the socket.
pub(super) type Sent = Either<Full<Bytes>, Streamed>;

/// The content of a reply.
pub(super) enum Content {
    Whole(Bytes),
    Stream {
        source: UnsyncBoxBody<Bytes, Error>,
        /// The length that the source announces, in bytes.
        size: Option<u64>,
    },
}

impl Content {
    pub(super) fn stream<B>(body: B) -> Self
    where
        B: Body<Data = Bytes, Error: Into<Error>> + Send + 'static,
    {
        let size = body.size_hint().exact();
        Self::Stream { source: body.map_err(Into::into).boxed_unsync(), size }
    }

    pub(super) fn pieces<S, T, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<T, E>> + Send + 'static,
        T: Into<Bytes>,
        E: Into<Error>,
    {
        let frames = stream.map(|piece| match piece {
            Ok(piece) => Ok(Frame::data(piece.into())),
            Err(error) => Err(error.into()),
        });
        Self::Stream { source: StreamBody::new(frames).boxed_unsync(), size: None }
    }

    /// Returns its length in bytes; `None` if it is unknown.
    pub(super) fn size(&self) -> Option<u64> {
        match self {
            Self::Whole(bytes) => u64::try_from(bytes.len()).ok(),
            Self::Stream { size, .. } => *size,
        }
    }

    /// Returns the bytes that are in memory: none of a stream.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Stream { .. } => &[],
        }
    }

    /// Returns the body of a call's answer. A stream that has not ended at `limit` is cut.
    pub(super) fn sent(self, limit: Instant, call: LoggedCall) -> Sent {
        match self {
            Self::Whole(bytes) => Either::Left(Full::new(bytes)),
            Self::Stream { source, .. } => {
                let limit = Box::pin(sleep_until(limit));
                Either::Right(Streamed { source, limit, call, failed: None })
            }
        }
    }
}

/// A stream that is being sent. Its status has left already, so an error cuts the connection before
/// the last chunk. The agent then knows that the answer is incomplete.
pub(super) struct Streamed {
    source: UnsyncBoxBody<Bytes, Error>,
    limit: Pin<Box<Sleep>>,
    call: LoggedCall,
    failed: Option<Error>,
}

impl Body for Streamed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let late = self.limit.as_mut().poll(context).is_ready();
        let frame = if late {
            Some(Err("it did not end by the deadline of the call".into()))
        } else {
            let call = self.call.clone();
            ready!(call.sync_scope(|| poll_caught(&mut self.source, context)))
        };
        match frame {
            Some(Err(error)) => {
                let end = if late { error::TIMED_OUT } else { error::FAILED };
                let why = format!("the answer's stream failed: {}", error::error_chain(&*error));
                self.call.failed(end, &why);
                // hyper flushes only where it has to wait. Without the head the agent would kill
                // the container.
                self.failed = Some(error);
                context.waker().wake_by_ref();
                Poll::Pending
            }
            frame => Poll::Ready(frame),
        }
    }

    fn size_hint(&self) -> SizeHint {
        // Without a length it is sent in chunks, even if the source knows its length.
        SizeHint::default()
    }
}

/// Polls a source for its next piece. A panic in it is an error like any other.
fn poll_caught(
    source: &mut UnsyncBoxBody<Bytes, Error>,
    context: &mut Context<'_>,
) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
    let polled = AssertUnwindSafe(|| Pin::new(source).poll_frame(context));
    catch_unwind(polled).unwrap_or_else(|_panic| Poll::Ready(Some(Err("it panicked".into()))))
}
