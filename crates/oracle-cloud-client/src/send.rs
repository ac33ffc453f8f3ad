//! Sends one request: signs it, sends it, renews refused credentials, and retries transient
//! failures.
//!
//! Source: docs/spec/oci-request-signing.md#refusals.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use oracle_cloud_signature::{Credentials, CredentialsError, CredentialsErrorKind, SignError};
use tokio::time::{Instant, timeout_at};

use super::body::Body;
use super::clock::{Offset, ServiceClock};
use super::http_client::HttpClient;
use super::message::{Message, SendError};
use super::names::LOOKED_UP;
use super::options::RequestOptions;
use super::retry::{Attempts, Outcome, Retry, RetrySafety};
use super::source::Source;
use super::timings::RequestTimings;
use super::transport::{Limits, Sink, Transport, TransportError};

/// Signs as one source, by the clocks of services, and keeps the buffer for answers.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) source: Source,
    pub(super) clock: ServiceClock,
    pub(super) transport: Transport,
    pub(super) retry: Retry,
}

/// The parts that one request is sent with.
struct Sending<'a> {
    options: &'a RequestOptions,
    timings: &'a mut RequestTimings,
    sink: Sink<'a>,
}

impl Sender {
    /// Sends a request and returns its answer, whatever its status. After a first 401 the clock is
    /// compared with the service's, the credentials are renewed, and the request is signed again. A
    /// second 401 is returned.
    pub(super) async fn send(
        &self,
        http: &HttpClient,
        request: Request<impl Into<Body>>,
        options: &RequestOptions,
        timings: &mut RequestTimings,
        sink: Sink<'_>,
    ) -> Result<Response<Bytes>, SendError> {
        let end = options.until();
        let mut message = Message::new(request, http)?;
        if message.is_read_first() {
            let read = timeout_at(end, message.read_body()).await;
            read.unwrap_or(Err(TransportError::AttemptTimeout))?;
        }
        let safety = match options.retry_safety {
            _ if !message.can_be_sent_again() => RetrySafety::Never,
            Some(safety) => safety,
            None => message.retry_safety(),
        };
        let retry = self.retry.attempts(self.retry.attempts.min(options.attempts));
        let mut attempts = retry.attempts_of(safety, message.len(), end);
        let mut sending = Sending { options, timings, sink };
        let mut last = None;
        loop {
            let until = options.attempt_until(end);
            let outcome = self.attempt(&message, &mut attempts, until, &mut sending).await?;
            let outcome = match (outcome, last) {
                // An attempt that had no time left says less than the one before it.
                (Err(TransportError::AttemptTimeout), Some(before)) => return Ok(before?),
                (outcome, _) => outcome,
            };
            if !attempts.wait_before_next(&outcome).await {
                return Ok(outcome?);
            }
            last = Some(outcome);
        }
    }

    /// Makes one attempt. Once for each request it makes another at once, if the answer refuses our
    /// credentials or our clock.
    async fn attempt(
        &self,
        message: &Message<'_>,
        attempts: &mut Attempts,
        until: Instant,
        sending: &mut Sending<'_>,
    ) -> Result<Outcome, SendError> {
        let offset = self.clock.offset(message.service());
        let mut credentials = self.credentials_for(None, offset, until).await?;
        let mut outcome = self.send_once(message, &credentials, offset, until, sending).await?;
        if let Ok(answer) = &outcome
            && message.can_be_sent_again()
            && attempts.may_be_at_once()
            && let Some((renewed, told)) = self.renewed(answer, &credentials, offset, until).await?
        {
            attempts.at_once();
            outcome = self.send_once(message, &renewed, told, until, sending).await?;
            credentials = renewed;
            if let Ok(answer) = &outcome {
                // The date of a refused request says nothing about the clock.
                let refused = answer.status() == StatusCode::UNAUTHORIZED;
                let proved = if refused { Offset::default() } else { told };
                if proved != offset {
                    self.clock.keep(message.service(), proved);
                }
            }
        }
        if outcome.as_ref().is_ok_and(|answer| answer.status().is_success()) {
            self.source.accepted(&credentials);
        }
        Ok(outcome)
    }

    /// Returns credentials and clock for another attempt, after an answer that may have refused the
    /// ones before.
    async fn renewed(
        &self,
        answer: &Response<Bytes>,
        used: &Arc<Credentials>,
        offset: Offset,
        until: Instant,
    ) -> Result<Option<(Arc<Credentials>, Offset)>, CredentialsError> {
        match answer.status() {
            StatusCode::UNAUTHORIZED => {
                let told = self.clock.told(answer.headers()).unwrap_or(offset);
                let newest = self.credentials_for(Some(used), told, until).await?;
                Ok(Some((newest, told)))
            }
            // Without permission a resource is not found, and a newer token may have the
            // permission.
            StatusCode::NOT_FOUND => {
                // If the credentials are being replaced at this moment, the answer must not be
                // lost.
                let newest = self.credentials_for(None, offset, until).await.ok();
                // A token that is about to expire is read again for every request, and may be the
                // same one.
                let newer = newest.filter(|new| new.key_id().expose() != used.key_id().expose());
                Ok(newer.map(|newer| (newer, offset)))
            }
            _ => Ok(None),
        }
    }

    /// Returns credentials for a service with this difference of clocks, after it refused
    /// `refused`. Tokens expire by the clock of services: one that has expired only by ours is
    /// still valid there.
    async fn credentials_for(
        &self,
        refused: Option<&Arc<Credentials>>,
        offset: Offset,
        until: Instant,
    ) -> Result<Arc<Credentials>, CredentialsError> {
        let now = self.clock.now();
        match self.source.credentials(refused, now, until).await {
            Err(error)
                if error.kind() == CredentialsErrorKind::Expired && offset.from(now) < now =>
            {
                self.source.credentials(refused, offset.from(now), until).await
            }
            taken => taken,
        }
    }

    /// Signs and sends once.
    async fn send_once(
        &self,
        message: &Message<'_>,
        by: &Credentials,
        offset: Offset,
        until: Instant,
        Sending { options, timings, sink }: &mut Sending<'_>,
    ) -> Result<Outcome, SignError> {
        let start = std::time::Instant::now();
        let request = message.signed(by, offset.from(self.clock.now()));
        timings.signed(start);
        let limits =
            Limits { until, read_timeout: options.read_timeout, bytes: options.max_answer };
        let sink = sink.as_deref_mut();
        let exchange = self.transport.exchange(message.http, request?, limits, timings, sink);
        Ok(LOOKED_UP.scope(message.look_ups.clone(), exchange).await)
    }
}
