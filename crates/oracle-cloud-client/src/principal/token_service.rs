//! Asks the services that hand out credentials: short requests, few tries, small answers.
//!
//! Source: docs/spec/oci-request-signing.md#instance-principal.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use reqwest::{Client, Request};
use tokio::time::Instant;

use super::PrincipalError;
use crate::transport::{Limits, Transport};
use crate::{Journey, Repeat, Retry, ServiceRefusal, TransportError};

/// The longest that one service is waited for, all tries together.
const PATIENCE: Duration = Duration::from_secs(20);
/// Certificates and tokens have a few kilobytes.
const ANSWER_LIMIT: usize = 256 * 1024;

/// One of the services: its client, its name in errors, and how often it is asked.
#[derive(Debug)]
pub(super) struct TokenService {
    pub(super) name: &'static str,
    pub(super) http: Client,
    pub(super) retry: Retry,
}

impl TokenService {
    /// The metadata service of an instance may not know the identity yet when the instance has just started.
    pub(super) const METADATA_RETRY: Retry = Retry {
        attempts: 8,
        attempts_after_500: 8,
        attempts_if_large: 8,
        first_wait: Duration::from_millis(100),
        longest_wait: Duration::from_secs(5),
        statuses: &[404, 429, 500, 502, 503, 504],
    };
    /// A token service is asked three times; what it refuses it goes on refusing.
    pub(super) const TOKEN_RETRY: Retry = Retry {
        attempts: 3,
        attempts_after_500: 3,
        attempts_if_large: 3,
        first_wait: Duration::from_millis(250),
        longest_wait: Duration::from_secs(5),
        statuses: &[500, 502, 503, 504],
    };

    /// Sends the request that `request` makes anew for each try; the body of the answer, if it is a success and comes before
    /// `until`.
    pub(super) async fn ask(
        &self,
        until: Instant,
        mut request: impl FnMut() -> Result<Request, PrincipalError>,
    ) -> Result<Bytes, PrincipalError> {
        let until = until.min(Instant::now() + PATIENCE);
        let limits = Limits { until, bytes: ANSWER_LIMIT };
        let mut tries = self.retry.tries(Repeat::Harmless, 0, until);
        // Of its own, since no answer that was a secret is to be kept.
        let transport = Transport::default();
        let mut last = None;
        let answer = loop {
            let mut journey = Journey::default();
            let outcome = transport.exchange(&self.http, request()?, limits, &mut journey).await;
            // A try that had no time left says less than the one before it.
            let outcome = match (outcome, last.take()) {
                (Err(TransportError::Late), Some(before)) => break before,
                (outcome, _) => outcome,
            };
            if !tries.again(&outcome).await {
                break outcome;
            }
            last = Some(outcome);
        };
        let answer = answer.map_err(|error| PrincipalError::Unanswered(self.name, error))?;
        if let Some(refusal) = ServiceRefusal::of(&answer) {
            return Err(PrincipalError::Refused(self.name, refusal));
        }
        if answer.status() == StatusCode::OK {
            Ok(answer.into_body())
        } else {
            Err(PrincipalError::Unusable(self.name))
        }
    }
}
