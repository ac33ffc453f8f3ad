//! The token service for instances: it exchanges a certificate for a session token. Requests are
//! signed by its clock.
//!
//! Source: docs/spec/oci-request-signing.md#instance-principal.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Uri};
use oracle_cloud_signature::{
    Credentials, PrivateKey, SessionToken, SignableBody, SigningParams, SigningSettings, sign,
};
use reqwest::Request;
use rustls::pki_types::CertificateDer;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::error::PrincipalError;
use super::token_service::TokenService;

/// A difference of clocks that a slow answer can explain.
const CLOCK_TOLERANCE_SECONDS: u64 = 60;
/// A difference that is too large for a real clock, and is ignored.
const MAX_CLOCK_DIFFERENCE_SECONDS: u64 = 24 * 3600;

/// What proves the instance's identity.
pub(super) struct Identity {
    pub(super) leaf: CertificateDer<'static>,
    pub(super) intermediate: CertificateDer<'static>,
    /// Certificate and key as credentials, for this service only.
    pub(super) by: Credentials,
}

/// The answer of the token service.
#[derive(Deserialize)]
struct Answer {
    token: String,
}

/// By how many seconds the service's clock is ahead of ours.
#[derive(Debug, Default)]
pub(super) struct Lead(AtomicI64);

impl Lead {
    /// Returns the time by the service's clock.
    pub(super) fn service_time(&self, now: SystemTime) -> SystemTime {
        let lead = self.0.load(Ordering::Relaxed);
        let by = Duration::from_secs(lead.unsigned_abs());
        let told = if lead < 0 { now.checked_sub(by) } else { now.checked_add(by) };
        told.unwrap_or(now)
    }

    /// Remembers the time that the service accepted.
    pub(super) fn keep(&self, told: SystemTime, now: SystemTime) {
        let seconds = |by: Duration| i64::try_from(by.as_secs()).unwrap_or_default();
        let lead = told.duration_since(now).map_or_else(|late| -seconds(late.duration()), seconds);
        self.0.store(lead, Ordering::Relaxed);
        log::warn!("the clock of the token service is ahead of ours by {lead} s; its time is used");
    }
}

/// Returns the service's time if it explains why a request signed at `signed` was refused.
pub(super) fn explains(told: SystemTime, signed: SystemTime, now: SystemTime) -> bool {
    let apart = |a: SystemTime, b| a.duration_since(b).unwrap_or_else(|error| error.duration());
    apart(told, signed).as_secs() > CLOCK_TOLERANCE_SECONDS
        && apart(told, now).as_secs() < MAX_CLOCK_DIFFERENCE_SECONDS
}

/// Exchanges the identity for a token of `session`, with a request that is signed at `at`.
pub(super) async fn exchange(
    service: &TokenService,
    uri: &Uri,
    identity: &Identity,
    session: &PrivateKey,
    at: SystemTime,
    until: Instant,
) -> Result<SessionToken, PrincipalError> {
    let body = json!({
        "certificate": STANDARD.encode(&identity.leaf),
        "intermediateCertificates": [STANDARD.encode(&identity.intermediate)],
        "publicKey": session.public_key().sanitised(),
        "purpose": "DEFAULT",
        "fingerprintAlgorithm": "SHA256",
    });
    let body = body.to_string();
    // The service wants every header but `host` covered.
    let settings = SigningSettings::default().without_host(true);
    let params = SigningParams::new(&identity.by, at).settings(settings);
    let request = || {
        let (mut head, ()) = http::Request::new(()).into_parts();
        (head.method, head.uri) = (Method::POST, uri.clone());
        sign(&mut head, SignableBody::Bytes(body.as_bytes()), &params)
            .map_err(PrincipalError::NotSigned)?;
        let request = http::Request::from_parts(head, body.clone());
        Request::try_from(request).ok().ok_or(PrincipalError::Unusable(service.name))
    };
    let answer = service.ask(until, request).await?;
    let answer = serde_json::from_slice::<Answer>(&answer);
    let token = answer.ok().map(|answer| Zeroizing::new(answer.token));
    let token = token.ok_or(PrincipalError::Unusable(service.name))?;
    SessionToken::parse(&token).map_err(|error| PrincipalError::Token(service.name, error))
}
