//! A stream of events that is passed on while it comes: a comment in its silences, and an end that never looks whole.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use tokio::time::{Instant, Sleep, sleep};

/// A comment, which every reader of events skips.
const KEEP_ALIVE: &[u8] = b": keep-alive\n\n";
/// After so long a silence there is one: gateways let go of a back end that says nothing.
const SILENCE: Duration = Duration::from_secs(15);

/// A stream of events, as far as it was passed on.
pub(super) struct Events {
    place: Place,
    keep_alive: Pin<Box<Sleep>>,
}

impl Events {
    /// The stream that has not begun, if an answer with these headers is one, in plain text.
    pub(super) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.and_then(|value| value.split(';').next()).map(str::trim);
        let is_events = media_type.is_some_and(|it| it.eq_ignore_ascii_case("text/event-stream"))
            && !headers.contains_key(CONTENT_ENCODING);
        is_events.then(|| Self { place: Place::default(), keep_alive: Box::pin(sleep(SILENCE)) })
    }

    /// These bytes are passed on.
    pub(super) fn passed(&mut self, data: &[u8]) {
        self.place = self.place.after(data);
        self.keep_alive.as_mut().reset(Instant::now() + SILENCE);
    }

    /// A comment, if it is time for one.
    pub(super) fn poll_keep_alive(&mut self, context: &mut Context<'_>) -> Poll<Bytes> {
        while self.keep_alive.as_mut().poll(context).is_ready() {
            self.keep_alive.as_mut().reset(Instant::now() + SILENCE);
            if self.place == Place::Between {
                return Poll::Ready(Bytes::from_static(KEEP_ALIVE));
            }
        }
        Poll::Pending
    }

    /// An event `error` with this JSON, with which the stream ends.
    pub(super) fn error(&self, json: &[u8]) -> Bytes {
        self.place.error(json)
    }
}

/// The place in a stream of events.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Place {
    /// Before the first event, or behind an empty line.
    #[default]
    Between,
    /// At the begin of a line of an event.
    LineStart,
    /// The same behind a CR, to which an LF may still belong.
    AfterCr,
    InLine,
}

impl Place {
    /// The place behind these bytes.
    fn after(self, bytes: &[u8]) -> Self {
        bytes.iter().fold(self, |place, byte| match (place, byte) {
            (Self::InLine | Self::AfterCr, b'\n') => Self::LineStart,
            (Self::InLine, b'\r') => Self::AfterCr,
            (_, b'\n' | b'\r') => Self::Between,
            _ => Self::InLine,
        })
    }

    /// An event of its own, which ends the one that is begun, if one is.
    fn error(self, json: &[u8]) -> Bytes {
        let begin: &[u8] = if self == Self::InLine { b"\n" } else { b"" };
        [begin, b"event: error\ndata: ", json, b"\n\n"].concat().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_goes_between_events_however_lines_end() {
        for (stream, between) in [
            ("", true),
            ("data: 1\n\n", true),
            ("data: 1\r\n\r\n", true),
            (": comment\n\n\n", true),
            ("data: 1", false),
            ("data: 1\n", false),
            ("data: 1\r\n", false),
            ("data: 1\n\ndata: 2\n", false),
            ("data: 1\r\r", true),
            ("data: 1\r\n\r", true),
        ] {
            let whole = Place::default().after(stream.as_bytes());
            assert_eq!(whole == Place::Between, between, "{stream:?}");
            let pieces = stream.as_bytes().chunks(1);
            assert_eq!(pieces.fold(Place::default(), Place::after), whole);
        }
    }

    #[test]
    fn an_error_is_an_event_of_its_own_kind_and_never_a_part_of_a_whole_one() {
        for (begun, expected) in [
            ("data: 1\n\n", "data: 1\n\nevent: error\ndata: {}\n\n"),
            ("data: {\"te", "data: {\"te\nevent: error\ndata: {}\n\n"),
            ("data: 1\n", "data: 1\nevent: error\ndata: {}\n\n"),
            ("data: 1\r", "data: 1\revent: error\ndata: {}\n\n"),
        ] {
            let error = Place::default().after(begun.as_bytes()).error(b"{}");
            assert_eq!([begun.as_bytes(), &error].concat(), expected.as_bytes());
        }
    }
}
