//! Sends one request: signs it, sends it, renews refused credentials, and retries what may pass.
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

/// Signs as one source, by the clocks of services, and keeps the memory for answers.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) source: Source,
    pub(super) clock: ServiceClock,
    pub(super) transport: Transport,
    pub(super) retry: Retry,
}

/// What one request is sent with.
struct Sending<'a> {
    options: &'a RequestOptions,
    timings: &'a mut RequestTimings,
    sink: Sink<'a>,
}

impl Sender {
    /// Sends a request and brings its answer back, whatever its status. A 401 is taken as our fault
    /// once: the clock is compared, the credentials are renewed, the request is signed anew. A
    /// second one is returned.
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
            let until = end.min(Instant::now() + options.attempt_timeout);
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

    /// One attempt, and once for each request another at once, if the answer lays the fault on our
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
                // A time by which nothing was taken proves nothing.
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

    /// What to sign with after an answer that may be the fault of what was signed with before, and
    /// by which clock.
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
            // Without the right it is not found, and a newer token may have the right.
            StatusCode::NOT_FOUND => {
                // Credentials that are being replaced at this moment are no reason to lose the
                // answer.
                let newest = self.credentials_for(None, offset, until).await.ok();
                // Near its end a token is read again for every request, and may be the same one.
                let newer = newest.filter(|new| new.key_id().expose() != used.key_id().expose());
                Ok(newer.map(|newer| (newer, offset)))
            }
            _ => Ok(None),
        }
    }

    /// What to sign with for a service by whose clock ours is wrong, and after it refused
    /// `refused`. Tokens end by the clock of services: one that has ended by ours alone still
    /// serves there.
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

    /// Signs and sends, once.
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
