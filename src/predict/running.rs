//! A call whose answer is passed on while it comes: its line is written when it ends, however that is.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::error::Error;
use super::front_error::FrontError;
use super::outcome::{End, Heard, Record, Streamed, deployment_request_id};
use super::token_counter::TokenCounter;
use super::upstream::Upstream;
use crate::services::Tokens;
use oracle_cloud_client::RequestTimings;

/// Ready, with the reason, when the front ends all calls that are not over.
pub type Stop = Pin<Box<dyn Future<Output = FrontError> + Send>>;

/// What became of a call, for whoever counts calls.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Ended<'a> {
    /// The alias that the front found, or the deployment's OCID; None if the call never came to a deployment.
    pub target: Option<&'a str>,
    /// The status that was passed on, or that of the error.
    pub status: StatusCode,
    /// The error's code; None of an answer that was passed on.
    pub code: Option<&'static str>,
    /// What was spent on signatures, connections and the wait for the answer's head.
    pub timings: &'a RequestTimings,
    /// The time for all checks before anything is signed.
    pub check: Duration,
    /// The time to the first byte of the answer's body, if one came.
    pub first_byte: Option<Duration>,
    /// The time of the whole call.
    pub whole: Duration,
    /// The size of the call's body.
    pub bytes_in: usize,
    /// How much of the answer's body was passed on.
    pub bytes_out: usize,
    /// The model that another service was asked for, `other` unless its entry lists it; None of a deployment.
    pub model: Option<&'a str>,
    /// The tokens that the answer says were used.
    pub tokens: Tokens,
}

/// What a front has to say of one call, and learns of it.
pub trait Observer: fmt::Debug + Send + Sync {
    /// What callers know the program as, such as `this server`.
    fn program(&self) -> &'static str;

    /// When the call has to end although it is not over.
    fn stopped(&self) -> Stop;

    /// Why the call is over, if the front lets go of it before its end.
    fn dropped(&self) -> FrontError;

    /// The answer begins.
    fn answered(&self);

    /// The call is over.
    fn ended(&self, call: &Ended<'_>);
}

/// A call that has not ended yet. It ends at the latest when the front lets go of it.
pub(super) struct Running {
    pub(super) record: Record,
    heard: Heard,
    alias: Option<String>,
    pub(super) observer: Arc<dyn Observer>,
    status: StatusCode,
    deployment_request_id: String,
    bytes_out: usize,
    tokens: TokenCounter,
    ttfb: Option<Duration>,
    has_ended: bool,
}

impl Running {
    pub(super) fn new(
        record: Record,
        heard: Heard,
        alias: Option<String>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        Self {
            record,
            heard,
            alias,
            observer,
            status: StatusCode::OK,
            deployment_request_id: String::new(),
            bytes_out: 0,
            tokens: TokenCounter::default(),
            ttfb: None,
            has_ended: false,
        }
    }

    /// The answer begins.
    pub(super) fn answered(&mut self, status: StatusCode, headers: &HeaderMap) {
        self.status = status;
        deployment_request_id(headers).clone_into(&mut self.deployment_request_id);
        self.observer.answered();
    }

    /// These bytes of the answer's body are passed on.
    pub(super) fn passed(&mut self, data: &[u8]) {
        self.ttfb.get_or_insert_with(|| self.record.start.elapsed());
        self.bytes_out += data.len();
        self.tokens.push(data);
    }

    /// Whether the last bytes show that a stream of another service was cut. Clients take it for a whole one.
    pub(super) fn was_cut(&self) -> bool {
        let service = self.record.service().filter(|_| self.status.is_success());
        let end = self.tokens.end();
        service.is_some_and(|operation| operation.is_cut(end, end.len() == self.bytes_out))
    }

    /// What the answer said of its tokens, if it is one that says it.
    fn counted(&self) -> Tokens {
        match self.record.service() {
            Some(operation) if !(operation.answers_with_tokens() && self.status.is_success()) => {
                Tokens::default()
            }
            Some(_) | None => self.tokens.tokens(),
        }
    }

    /// The call ends: the answer is whole, or there is none, or a part of one. Only its first end counts.
    pub(super) fn end(&mut self, outcome: Result<(), &Error>) {
        if self.has_ended {
            return;
        }
        self.has_ended = true;
        self.record.decided();
        let (status, code) = match outcome {
            Ok(()) => (self.status, None),
            Err(error) => (error.status(), Some(error.code())),
        };
        let tokens = self.counted();
        if self.record.service().is_some() {
            self.record.tokens = tokens;
        }
        let target = self.record.upstream.as_ref().map(Upstream::name);
        let (start, end) = (self.record.start, self.record.end());
        self.observer.ended(&Ended {
            target: target.map(|name| self.alias.as_deref().unwrap_or(name)),
            status,
            code,
            timings: &self.record.timings,
            check: self.record.checked.unwrap_or(end) - start,
            first_byte: self.ttfb,
            whole: end - start,
            bytes_in: self.heard.bytes_in,
            bytes_out: self.bytes_out,
            model: self.record.service_model(),
            tokens,
        });
        self.record.log(
            &self.heard,
            &End {
                outcome: outcome.map(|()| status),
                bytes_out: Some(self.bytes_out),
                deployment_request_id: &self.deployment_request_id,
                streamed: Some(Streamed { ttfb: self.ttfb }),
            },
        );
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.has_ended {
            self.end(Err(&self.observer.dropped().into()));
        }
    }
}
