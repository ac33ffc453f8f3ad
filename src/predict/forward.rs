//! The one HTTP client, and what it brings back.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap};
use http::{Method, StatusCode};
use reqwest::{Client, Request, Response, redirect, retry};
use tokio::time::{Instant, timeout_at};

use super::resolve::CheckedResolver;
use super::{Endpoint, EndpointRule, Error, TrustError, trust};
use crate::fdk::{BODY_LIMIT, Deadline};

/// A model deployment answers within 60 s or not at all; a little more, so that its own answer is seen.
const PATIENCE: Duration = Duration::from_secs(65);
/// A name, an address and a TLS handshake inside one region.
const CONNECT: Duration = Duration::from_secs(10);
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

/// Sends signed requests, over connections that it keeps between calls.
#[derive(Debug)]
pub struct Forwarder {
    client: Client,
}

impl Forwarder {
    /// A client that trusts Mozilla's roots and those in the PEM bundle at `roots`, and connects only to addresses that `rule`
    /// allows. It follows no redirect, heeds no proxy variable and repeats nothing that was not signed anew.
    pub fn new(rule: &EndpointRule, roots: Option<&Path>) -> Result<Self, TrustError> {
        let client = Client::builder()
            .tls_backend_preconfigured(trust::client_config(roots)?)
            .dns_resolver(Arc::new(CheckedResolver::new(rule.clone())))
            .https_only(true)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .connect_timeout(CONNECT)
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(TrustError::Client)?;
        Ok(Self { client })
    }

    /// Sends a signed body and brings the answer back: all of it, or an error, before the call's deadline.
    pub(super) async fn send(
        &self,
        endpoint: &Endpoint,
        headers: HeaderMap,
        body: Bytes,
        deadline: Deadline,
    ) -> Result<Prediction, Error> {
        let mut request = Request::new(Method::POST, endpoint.url().clone());
        *request.headers_mut() = headers;
        *request.body_mut() = Some(body.into());
        let until = (deadline.limit() - REPLY_MARGIN).min(Instant::now() + PATIENCE);
        timeout_at(until, self.exchange(request)).await.ok().ok_or(Error::Late)?
    }

    async fn exchange(&self, request: Request) -> Result<Prediction, Error> {
        let response = self.client.execute(request).await.map_err(Error::unanswered)?;
        let status = response.status();
        if !(status.is_success() || status.is_client_error() || status.is_server_error()) {
            return Err(Error::StatusUnusable(status));
        }
        let headers = response.headers().clone();
        let body = collect(response).await?;
        Ok(Prediction { status, headers, body })
    }
}

/// Reads an answer to its end, into one buffer of its announced size.
async fn collect(mut response: Response) -> Result<Bytes, Error> {
    let length = response
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let length: usize = length.unwrap_or_default();
    if length > BODY_LIMIT {
        return Err(Error::AnswerTooLarge);
    }
    let mut body = Vec::with_capacity(length);
    while let Some(chunk) = response.chunk().await.map_err(Error::Broken)? {
        if body.len() + chunk.len() > BODY_LIMIT {
            return Err(Error::AnswerTooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}
