//! The body of an answer: bytes, or a stream that is made while it is sent.
//!
//! Source: docs/spec/fn-container-contract.md#limits-streaming-compression.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::error;
use super::logger::LoggedCall;

type BoxError = Box<dyn Error + Send + Sync>;

/// What leaves on the socket.
pub(super) type Sent = Either<Full<Bytes>, Streamed>;

/// What a reply holds.
pub(super) enum Content {
    Whole(Bytes),
    Stream(UnsyncBoxBody<Bytes, BoxError>),
}

impl Content {
    pub(super) fn stream<B>(body: B) -> Self
    where
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        Self::Stream(body.map_err(Into::into).boxed_unsync())
    }

    /// The bytes that are there already: none of a stream.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Stream(_) => &[],
        }
    }

    /// The body of a call's answer. A stream that is not finished at `limit` is cut.
    pub(super) fn sent(self, limit: Instant, call: LoggedCall) -> Sent {
        match self {
            Self::Whole(bytes) => Either::Left(Full::new(bytes)),
            Self::Stream(source) => {
                let limit = Box::pin(sleep_until(limit));
                Either::Right(Streamed { source, limit, call, failed: None })
            }
        }
    }
}

/// A stream on its way. Its status has left already: whatever goes wrong now cuts the connection before the last chunk, by which
/// the agent knows that the answer is not whole.
pub(super) struct Streamed {
    source: UnsyncBoxBody<Bytes, BoxError>,
    limit: Pin<Box<Sleep>>,
    call: LoggedCall,
    failed: Option<BoxError>,
}

impl Body for Streamed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let late = self.limit.as_mut().poll(context).is_ready();
        let frame = if late {
            Some(Err("it was not finished by the deadline of the call".into()))
        } else {
            ready!(Pin::new(&mut self.source).poll_frame(context))
        };
        match frame {
            Some(Err(error)) => {
                let end = if late { error::TIMED_OUT } else { error::FAILED };
                let why = format!("the answer's stream failed: {}", super::error_chain(&*error));
                self.call.failed(end, &why);
                // hyper writes what it holds only where it has to wait: without the head the agent would kill the container.
                self.failed = Some(error);
                context.waker().wake_by_ref();
                Poll::Pending
            }
            frame => Poll::Ready(frame),
        }
    }

    fn size_hint(&self) -> SizeHint {
        // Without a length it goes in chunks, also where the source knows one.
        SizeHint::default()
    }
}
