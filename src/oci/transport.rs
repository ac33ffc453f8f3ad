//! One exchange over HTTP: how connections are made, how long it may take, and what can go wrong with it.

use std::path::Path;
use std::time::Duration;

use aws_lc_rs::rand;
use bytes::Bytes;
use http::Response;
use http::header::CONTENT_LENGTH;
use reqwest::{Client, ClientBuilder, Request, redirect, retry};
use rustls::ClientConfig;
use tokio::time::{Instant, timeout_at};

use super::{TrustError, trust};

/// A name, an address and a TLS handshake inside one region.
const CONNECT: Duration = Duration::from_secs(10);

/// The beginnings of an HTTP client that is fit for signed requests: Mozilla's roots and those in the PEM bundle at `roots`,
/// TLS only, no redirect followed, no proxy variable heeded, nothing repeated that was not signed anew.
pub fn http_client(roots: Option<&Path>) -> Result<ClientBuilder, TrustError> {
    Ok(trusting(trust::public_and(roots)?))
}

/// The same, with other roots.
pub(super) fn trusting(tls: ClientConfig) -> ClientBuilder {
    Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .connect_timeout(CONNECT)
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
}

/// No answer, or none that can be used. No message contains an address.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No connection, or none that TLS trusts: nothing was sent.
    #[error("it could not be reached")]
    Unreachable(#[source] reqwest::Error),
    /// No connection within 10 s: nothing was sent.
    #[error("it could not be reached in time")]
    ConnectLate(#[source] reqwest::Error),
    /// The connection ended before the answer did, or what came was not HTTP. The request may have had its effect.
    #[error("its answer broke off")]
    Broken(#[source] reqwest::Error),
    /// No answer in time. The request may have had its effect.
    #[error("it did not answer in time")]
    Late,
    /// An answer of more bytes than were allowed.
    #[error("its answer is larger than {0} bytes")]
    AnswerTooLarge(usize),
}

impl TransportError {
    /// The error of a request that was sent or not, by how far it came.
    fn unanswered(error: reqwest::Error) -> Self {
        let error = error.without_url();
        match (error.is_connect(), error.is_timeout()) {
            (true, true) => Self::ConnectLate(error),
            (true, false) => Self::Unreachable(error),
            (false, _) => Self::Broken(error),
        }
    }
}

/// How long an answer may take, and how large it may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) until: Instant,
    pub(super) bytes: usize,
}

/// Sends a request and brings the answer back: all of it, or an error, within the limits.
pub(super) async fn exchange(
    http: &Client,
    request: Request,
    limits: Limits,
) -> Result<Response<Bytes>, TransportError> {
    let whole = async {
        let answer = http.execute(request).await.map_err(TransportError::unanswered)?;
        collect(answer, limits.bytes).await
    };
    timeout_at(limits.until, whole).await.ok().ok_or(TransportError::Late)?
}

/// Reads an answer to its end, into one buffer of its announced size.
async fn collect(
    mut answer: reqwest::Response,
    limit: usize,
) -> Result<Response<Bytes>, TransportError> {
    let length =
        answer.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let length: usize = length.unwrap_or_default();
    if length > limit {
        return Err(TransportError::AnswerTooLarge(limit));
    }
    let mut body = Vec::with_capacity(length);
    while let Some(chunk) =
        answer.chunk().await.map_err(|error| TransportError::Broken(error.without_url()))?
    {
        if body.len() + chunk.len() > limit {
            return Err(TransportError::AnswerTooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}

/// 32 hexadecimal digits by which both sides find a request in their logs.
pub(super) fn request_id() -> String {
    let mut bytes = [0; 16];
    // Without entropy the id is not unique, which harms nobody.
    let number = rand::fill(&mut bytes).map_or(0, |()| u128::from_be_bytes(bytes));
    format!("{number:032X}")
}
