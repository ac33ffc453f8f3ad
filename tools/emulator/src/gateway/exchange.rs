//! What the gateway tells of a request that it answered.

use std::time::{Duration, Instant, SystemTime};

use hyper::Request;
use hyper::body::Incoming;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use crate::agent::Dispatch;
use crate::clock::now;

/// The most pieces of one answer that are told; later ones are counted.
const PIECES: usize = 1000;

/// One request that was answered.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// When its head was there.
    pub received: SystemTime,
    /// From then until its answer was ready, or a server's answer had gone through.
    pub took: Duration,
    /// Its method.
    pub method: String,
    /// Its path, without the query.
    pub path: String,
    /// The claims of its token, if one was needed and is valid; otherwise null.
    pub claims: Value,
    /// When a function had it, if one ever did.
    pub dispatch: Option<Dispatch>,
    /// What a server answered, if one did.
    pub relayed: Option<Relayed>,
    /// The status of its answer.
    pub status: u16,
}

/// A server's answer on its way through.
#[derive(Clone, Debug)]
pub struct Relayed {
    /// When the server was asked.
    pub from: Instant,
    /// When its answer had ended, or was let go.
    pub until: Instant,
    /// When the head of the answer came, counted from `from`.
    pub head: Duration,
    /// Its first 1,000 pieces.
    pub pieces: Vec<Piece>,
    /// How many pieces there were.
    pub count: usize,
    /// Whether it came to its end.
    pub is_whole: bool,
}

/// A piece of an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Piece {
    /// When it came, counted from when the server was asked.
    pub after: Duration,
    /// Its size.
    pub bytes: usize,
}

impl Relayed {
    /// An answer whose head has just come.
    pub(super) fn begin(from: Instant) -> Self {
        let (head, pieces) = (from.elapsed(), Vec::new());
        Self { from, until: from + head, head, pieces, count: 0, is_whole: false }
    }

    /// Another piece has just come.
    pub(super) fn piece(&mut self, bytes: usize) {
        if self.pieces.len() < PIECES {
            self.pieces.push(Piece { after: self.from.elapsed(), bytes });
        }
        self.count += 1;
    }
}

/// An exchange under way. Dropped, it is told, if it was answered.
#[derive(Debug)]
pub(super) struct Ongoing {
    pub(super) exchange: Exchange,
    begin: Instant,
    told: Option<UnboundedSender<Exchange>>,
}

impl Ongoing {
    /// What is known of a request before it is answered.
    pub(super) fn begin(
        request: &Request<Incoming>,
        told: Option<UnboundedSender<Exchange>>,
    ) -> Self {
        let exchange = Exchange {
            received: now(),
            took: Duration::ZERO,
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            claims: Value::Null,
            dispatch: None,
            relayed: None,
            status: 0,
        };
        Self { exchange, begin: Instant::now(), told }
    }

    /// Its answer is ready.
    pub(super) fn answered(&mut self, status: u16) {
        (self.exchange.took, self.exchange.status) = (self.begin.elapsed(), status);
    }
}

impl Drop for Ongoing {
    fn drop(&mut self) {
        let Self { exchange, begin, told } = self;
        if let Some(relayed) = &mut exchange.relayed {
            relayed.until = Instant::now();
            exchange.took = relayed.until - *begin;
        }
        if let Some(told) = told.as_ref().filter(|_| exchange.status != 0) {
            // Nobody may be there to be told.
            drop(told.send(exchange.clone()));
        }
    }
}
