//! Sends a checked, signed request to a model deployment, and what it brings back.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::HeaderMap;
use http::{Request, StatusCode};

use super::resolve::CheckedResolver;
use super::{Endpoint, EndpointRule, Error};
use crate::fdk::{BODY_LIMIT, Deadline};
use crate::oci::{Client, Principal, Retry, ServiceClock, TrustError, http_client};

/// What our own reply takes after the last byte of the deployment's: the agent must have it before the deadline.
const REPLY_MARGIN: Duration = Duration::from_millis(100);

/// What the deployment answered, whatever its status: bytes, never re-serialised.
pub struct Prediction {
    /// Its status.
    pub status: StatusCode,
    /// All of its headers; which of them pass is not decided here.
    pub headers: HeaderMap,
    /// Its body, whole.
    pub body: Bytes,
}

/// Shows no header value and no body.
impl std::fmt::Debug for Prediction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prediction")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Calls model deployments, as one principal, over connections that it keeps between calls.
#[derive(Debug)]
pub struct Forwarder {
    client: Client,
}

impl Forwarder {
    /// A forwarder that signs as `principal`, trusts Mozilla's roots and those in the PEM bundle at `roots`, and connects only
    /// to addresses that `rule` allows.
    pub fn new(
        rule: &EndpointRule,
        roots: Option<&Path>,
        principal: Principal,
        clock: ServiceClock,
    ) -> Result<Self, TrustError> {
        let http = http_client(roots)?.dns_resolver(Arc::new(CheckedResolver::new(rule.clone())));
        let client = Client::new(principal, clock, http.build().map_err(TrustError::Client)?);
        Ok(Self { client: client.with_retry(Retry::NEVER).with_answer_limit(BODY_LIMIT) })
    }

    /// Signs and sends, and brings the answer back: all of it, or an error, before the call's deadline.
    pub(super) async fn send(
        &self,
        to: &Endpoint,
        headers: HeaderMap,
        body: Bytes,
        deadline: Deadline,
    ) -> Result<Prediction, Error> {
        let mut request = Request::post(to.uri().clone()).body(body).expect("a checked address");
        *request.headers_mut() = headers;
        let answer = self.client.send(request, deadline.limit() - REPLY_MARGIN).await?;
        let (head, body) = answer.into_parts();
        let status = head.status;
        if status == StatusCode::UNAUTHORIZED {
            return Err(Error::Unauthenticated);
        }
        if !(status.is_success() || status.is_client_error() || status.is_server_error()) {
            return Err(Error::StatusUnusable(status));
        }
        Ok(Prediction { status, headers: head.headers, body })
    }
}
