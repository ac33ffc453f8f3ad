//! The body of an answer: whole, or as a server sends it, piece by piece.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::task::JoinSet;
use tokio::time::{Sleep, sleep};

use super::exchange::Ongoing;
use crate::http::BodyError;

/// A body on its way to the client.
#[derive(Debug)]
pub(crate) struct AnswerBody {
    content: Content,
    /// Told when the body is done with.
    ongoing: Option<Ongoing>,
}

/// Where the bytes of a body come from.
#[derive(Debug)]
pub(super) enum Content {
    Whole(Full<Bytes>),
    Relayed(Box<Relay>),
}

/// What a server sends. Dropped, it closes the connection to the server.
#[derive(Debug)]
pub(super) struct Relay {
    body: Incoming,
    /// The longest that the server may send nothing.
    gap: Duration,
    silence: Option<Pin<Box<Sleep>>>,
    _connection: JoinSet<()>,
}

/// A server that stopped in the middle of its answer.
#[derive(Debug, thiserror::Error)]
#[error("the server sends nothing any more")]
struct Stalled;

impl From<Full<Bytes>> for Content {
    fn from(body: Full<Bytes>) -> Self {
        Self::Whole(body)
    }
}

impl Relay {
    pub(super) fn new(body: Incoming, gap: Duration, connection: JoinSet<()>) -> Self {
        Self { body, gap, silence: None, _connection: connection }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.silence = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        // A client that reads slowly does not count: the server is waited for only while a piece is
        // asked for.
        let silence = self.silence.get_or_insert_with(|| Box::pin(sleep(self.gap)));
        ready!(silence.as_mut().poll(cx));
        Poll::Ready(Some(Err(Stalled.into())))
    }
}

impl From<Full<Bytes>> for AnswerBody {
    fn from(body: Full<Bytes>) -> Self {
        Self { content: body.into(), ongoing: None }
    }
}

impl AnswerBody {
    pub(super) fn new(content: Content, ongoing: Ongoing) -> Self {
        match content {
            // It is told before the client has it.
            Content::Whole(_) => Self { content, ongoing: None },
            Content::Relayed(_) => Self { content, ongoing: Some(ongoing) },
        }
    }

    fn note(&mut self, frame: Option<&Result<Frame<Bytes>, BodyError>>) {
        let relayed = self.ongoing.as_mut().and_then(|ongoing| ongoing.exchange.relayed.as_mut());
        let Some(relayed) = relayed else { return };
        match frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    relayed.piece(data.len());
                }
            }
            Some(Err(_)) => {}
            None => relayed.is_whole = true,
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            let frame = match &mut self.content {
                Content::Whole(body) => {
                    let Ok(frame) = ready!(Pin::new(body).poll_frame(cx)).transpose();
                    frame.map(Ok)
                }
                Content::Relayed(relay) => ready!(relay.poll(cx)),
            };
            self.note(frame.as_ref());
            // Trailers end at the gateway.
            if frame.as_ref().is_none_or(|frame| frame.as_ref().map_or(true, Frame::is_data)) {
                return Poll::Ready(frame);
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(body) => body.is_end_stream(),
            Content::Relayed(relay) => relay.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(body) => body.size_hint(),
            Content::Relayed(relay) => relay.body.size_hint(),
        }
    }
}
