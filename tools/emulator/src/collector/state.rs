//! The state of a collector: how it behaves, and what has arrived.

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::request::Refusal;
use super::span::Span;
use crate::deployment::Request;

/// One request that arrived, and its outcome.
#[derive(Clone, Debug)]
pub struct Received {
    /// The request as it came; its body is what was sent.
    pub request: Request,
    /// Its spans, or why they are not taken. Independent of the [`Behaviour`].
    pub spans: Result<Vec<Span>, Refusal>,
    /// When the last byte of it was there.
    pub at: Instant,
    /// Which TLS connection it came on, counted from 1.
    pub connection: u64,
}

/// How requests are answered. What they bring is checked and kept all the same.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Behaviour {
    /// 200 with an empty body, or a refusal: 401 for a wrong data key, 400 for what is not Zipkin
    /// v2.
    #[default]
    Answer,
    /// The same, after so long.
    Slow(Duration),
    /// 503.
    Refuse,
    /// Never answers, and keeps the connection.
    Hang,
    /// Resets the connection before a byte of the answer.
    Reset,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) data_key: String,
    pub(super) behaviour: Mutex<Behaviour>,
    pub(super) received: watch::Sender<Vec<Received>>,
    pub(super) connections: AtomicU64,
}

impl State {
    /// Returns the accepted spans of this trace, without those of this many earlier requests.
    pub(super) fn trace(&self, trace_id: &str, earlier: usize) -> Vec<Span> {
        let received = self.received.borrow();
        let taken =
            received.iter().skip(earlier).filter_map(|received| received.spans.as_ref().ok());
        taken.flatten().filter(|span| span.trace_id == trace_id).cloned().collect()
    }
}
