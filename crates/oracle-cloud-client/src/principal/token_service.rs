//! Calls the services that issue credentials: short requests, few attempts, small answers.
//!
//! Source: docs/spec/oci-request-signing.md#instance-principal.

use std::time::Duration;

use http::StatusCode;
use reqwest::Request;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::error::PrincipalError;
use super::source::Secret;
use crate::http_client::HttpClient;
use crate::retry::{Retry, RetrySafety};
use crate::service_error::ServiceRefusal;
use crate::timings::RequestTimings;
use crate::transport::{Limits, Transport, TransportError};

/// The longest wait for one service, for all attempts together.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How long an answer may pause.
const READ_TIMEOUT: Duration = Duration::from_secs(3);
/// Certificates and tokens have a few kilobytes.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// One of the services: its client, its name in errors, and its retries.
#[derive(Debug)]
pub(super) struct TokenService {
    pub(super) name: &'static str,
    pub(super) http: HttpClient,
    pub(super) retry: Retry,
}

impl TokenService {
    /// The metadata service may not know the identity of an instance that has just started.
    pub(super) const METADATA_RETRY: Retry = Retry::new()
        .attempts_without_connection(8)
        .first_wait(Duration::from_millis(100))
        .longest_wait(Duration::from_secs(5))
        .statuses(&[404, 429, 500, 502, 503, 504]);
    /// A token service is asked three times. A refusal is final.
    pub(super) const TOKEN_RETRY: Retry = Retry::new()
        .attempts(3)
        .attempts_without_connection(3)
        .first_wait(Duration::from_millis(250))
        .longest_wait(Duration::from_secs(5))
        .statuses(&[500, 502, 503, 504]);

    /// Sends the request that `request` creates for each attempt. Returns the body of the answer,
    /// if it is a success and arrives before `until`.
    pub(super) async fn ask(
        &self,
        until: Instant,
        request: impl FnMut() -> Result<Request, PrincipalError>,
    ) -> Result<Secret, PrincipalError> {
        self.ask_with(self.retry, until, request).await
    }

    /// Does the same with other retries.
    pub(super) async fn ask_with(
        &self,
        retry: Retry,
        until: Instant,
        mut request: impl FnMut() -> Result<Request, PrincipalError>,
    ) -> Result<Secret, PrincipalError> {
        let until = until.min(Instant::now() + TIMEOUT);
        let limits = Limits { until, bytes: MAX_ANSWER_BYTES, read_timeout: READ_TIMEOUT };
        let mut attempts = retry.attempts_of(RetrySafety::Idempotent, 0, until);
        // Its own, since no answer that was a secret may be kept.
        let transport = Transport::default();
        let mut last = None;
        let answer = loop {
            let mut timings = RequestTimings::default();
            let exchange = transport.exchange(&self.http, request()?, limits, &mut timings, None);
            let outcome = exchange.await;
            // An attempt that had no time left says less than the one before it.
            let outcome = match (outcome, last.take()) {
                (Err(TransportError::AttemptTimeout), Some(before)) => break before,
                (outcome, _) => outcome,
            };
            if !attempts.wait_before_next(&outcome).await {
                break outcome;
            }
            last = Some(outcome);
        };
        let answer = answer.map_err(|error| PrincipalError::Unanswered(self.name, error))?;
        if let Some(refusal) = ServiceRefusal::from_answer(&answer) {
            return Err(PrincipalError::Refused(self.name, refusal));
        }
        if answer.status() == StatusCode::OK {
            drop(transport);
            // Not a copy, now that nobody else holds it. Only what the answer takes is to be wiped.
            let mut body = Vec::from(answer.into_body());
            body.shrink_to_fit();
            Ok(Zeroizing::new(body))
        } else {
            Err(PrincipalError::Unusable(self.name))
        }
    }
}
