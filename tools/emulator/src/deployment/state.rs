//! What a deployment knows, and what it makes of the next request on a connection.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::io::AsyncRead;
use tokio::sync::watch;

use super::answer::Answer;
use super::behaviour::Behaviour;
use super::call::Call;
use super::idle::Idle;
use super::model::Model;
use super::pace::Pace;
use super::request::{Request, Unreadable};
use super::route;
use super::sessions::Sessions;
use super::verify::{Refusal, Verified, verify};
use crate::clock::now;
use crate::principal::Issuer;

/// One request that arrived, and the result of its verification.
#[derive(Clone, Debug)]
pub struct Received {
    /// The request as it came.
    pub request: Request,
    /// Whether its signature is valid.
    pub verdict: Result<Verified, Refusal>,
    /// Which TLS connection it came on, counted from 1.
    pub connection: u64,
    /// When it was there, read and verified.
    pub at: Instant,
}

#[derive(Debug)]
pub(super) struct State {
    issuer: Arc<Issuer>,
    model: Model,
    pub(super) behaviours: Mutex<VecDeque<Behaviour>>,
    pub(super) received: Mutex<Vec<Received>>,
    pub(super) connections: watch::Sender<u64>,
    requests: AtomicU64,
    pub(super) clock_offset: AtomicI64,
    pub(super) idle: Idle,
    pub(super) pace: Pace,
    sessions: Sessions,
}

/// What the next request on a connection is answered with.
pub(super) struct Next {
    pub(super) answer: Answer,
    pub(super) behaviour: Option<Behaviour>,
    /// How many requests came before it.
    pub(super) request: u64,
}

impl State {
    /// Creates the Iris model, behaving well, trusting tokens of `issuer`.
    pub(super) fn new(issuer: Arc<Issuer>) -> Self {
        Self {
            issuer,
            model: Model::iris(),
            behaviours: Mutex::default(),
            received: Mutex::default(),
            connections: watch::Sender::default(),
            requests: AtomicU64::default(),
            clock_offset: AtomicI64::default(),
            idle: Idle::default(),
            pace: Pace::default(),
            sessions: Sessions::default(),
        }
    }

    /// Counts one more connection; its number.
    pub(super) fn count_connection(&self) -> u64 {
        let mut number = 0;
        self.connections.send_modify(|made| {
            *made += 1;
            number = *made;
        });
        number
    }

    /// Reads one request, and what it is answered with; None if the peer is done.
    pub(super) async fn next(
        &self,
        stream: &mut (impl AsyncRead + Unpin),
        buffer: &mut Vec<u8>,
        connection: u64,
    ) -> Option<Next> {
        let request = match Request::read(stream, buffer).await {
            Ok(request) => request,
            Err(Unreadable::Closed) => return None,
            Err(Unreadable::LengthRequired) => {
                let refusal = Answer::error(411, "LengthRequired", "content-length is missing");
                return Some(self.unread(refusal));
            }
            Err(Unreadable::TooLarge) => {
                let refusal =
                    Answer::error(413, "PayloadTooLarge", "the body is larger than 10 MB");
                return Some(self.unread(refusal));
            }
        };
        let time = self.time();
        let verdict = verify(&request, self.issuer.public(), time);
        let behaviour = self.behaviours.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        self.keep(request.clone(), verdict.clone(), connection);
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let (model, sessions) = (&self.model, &self.sessions);
        let answer = match verdict {
            Err(refusal) => Answer::error(401, "NotAuthenticated", &refusal.to_string()),
            Ok(_) => route::answer(&Call { model, sessions, request: &request, number, time }),
        };
        let id = request
            .text("opc-request-id")
            .map_or_else(|| format!("EMULATED{number:024}"), str::to_owned);
        let answer = answer
            .with_header("opc-request-id", &id)
            .with_header("date", &httpdate::fmt_http_date(time));
        Some(Next { answer, behaviour, request: number })
    }

    /// The answer to a request that was not read.
    fn unread(&self, answer: Answer) -> Next {
        let request = self.requests.load(Ordering::Relaxed);
        Next { answer, behaviour: None, request }
    }

    fn keep(&self, request: Request, verdict: Result<Verified, Refusal>, connection: u64) {
        let mut received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        // The time is taken with the list in hand, so that the list is in the order of its times.
        received.push(Received { request, verdict, connection, at: Instant::now() });
    }

    fn time(&self) -> SystemTime {
        let offset = self.clock_offset.load(Ordering::Relaxed);
        let distance = Duration::from_secs(offset.unsigned_abs());
        if offset < 0 { now() - distance } else { now() + distance }
    }
}
