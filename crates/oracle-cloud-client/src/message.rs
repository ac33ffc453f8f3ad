//! A request in the one form in which it is signed and sent, and why sending failed.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{HeaderName, Method, Request, Uri};
use oracle_cloud_signature::{
    Credentials, CredentialsError, SignError, SignableBody, SigningParams, check_framing, sign,
};
use reqwest::Url;

use super::body::Body;
use super::http_client::HttpClient;
use super::names::LookUps;
use super::retry::RetrySafety;
use super::transport::{TransportError, request_id};

pub(super) const OPC_OBO_TOKEN: HeaderName = HeaderName::from_static("opc-obo-token");
const OPC_REQUEST_ID: HeaderName = HeaderName::from_static("opc-request-id");
const OPC_RETRY_TOKEN: HeaderName = HeaderName::from_static("opc-retry-token");
const X_CONTENT_SHA256: HeaderName = HeaderName::from_static("x-content-sha256");

/// A request without an answer.
///
/// ```
/// use oracle_cloud_client::{SendError, TransportError};
///
/// let error = SendError::from(TransportError::AttemptTimeout);
/// assert_eq!(error.to_string(), "no answer");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// There are no credentials to sign with.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The request cannot be signed.
    #[error("the request could not be signed")]
    Signing(#[from] SignError),
    /// The request's address is not an `https` URL.
    #[error("the address is not an https URL")]
    Address,
    /// A URL parser would read another host or path than what is written: `..`, `\`, a letter
    /// outside ASCII, `127.1`.
    #[error("the address has a host or a path that is not in its plain form")]
    Changed,
    /// No answer was received; the request may or may not have been sent.
    #[error("no answer")]
    Transport(#[from] TransportError),
}

/// A request that will be signed and sent, perhaps more than once.
pub(super) struct Message<'a> {
    url: Url,
    head: Parts,
    body: Body,
    /// What the signature covers of the body, in place of its bytes.
    hashed: bool,
    pub(super) http: &'a HttpClient,
    pub(super) look_ups: Arc<LookUps>,
}

impl<'a> Message<'a> {
    /// Creates the request in the one form in which it is signed and sent.
    pub(super) fn new<B: Into<Body>>(
        request: Request<B>,
        http: &'a HttpClient,
    ) -> Result<Self, SendError> {
        let (mut head, body) = request.into_parts();
        let url = plain(&head.uri, http.is_plain)?;
        head.uri = url.as_str().parse().ok().ok_or(SendError::Address)?;
        head.headers.entry(OPC_REQUEST_ID).or_insert_with(|| {
            HeaderValue::try_from(request_id()).expect("digits are visible ASCII")
        });
        let body = body.into();
        let in_pieces = body.bytes().is_none();
        if in_pieces || body.is_unsigned() {
            let length = usize::try_from(body.length()).unwrap_or(usize::MAX);
            check_framing(&head.headers, Some(length))?;
        }
        if in_pieces {
            let bytes = HeaderValue::from_static("application/octet-stream");
            head.headers.entry(CONTENT_TYPE).or_insert(bytes);
            head.headers.insert(CONTENT_LENGTH, body.length().into());
        }
        let hashed = in_pieces && head.headers.contains_key(X_CONTENT_SHA256);
        Ok(Self { url, head, body, hashed, http, look_ups: Arc::default() })
    }

    /// Returns whether its body must be read before it is signed.
    pub(super) fn is_read_first(&self) -> bool {
        let is_known = self.hashed && self.body.length() > 0;
        !is_known && self.body.is_read_first()
    }

    /// Reads the body for its hash, unless the signature leaves it out.
    pub(super) async fn read_body(&mut self) -> Result<(), TransportError> {
        let hash = self.body.hash().await;
        let hash = hash.map_err(|error| TransportError::RequestBody(error.into()))?;
        if let Some(hash) = hash.filter(|_| !self.body.is_unsigned()) {
            let hash = HeaderValue::try_from(hash).expect("base64 is visible ASCII");
            self.head.headers.insert(X_CONTENT_SHA256, hash);
            self.hashed = true;
        }
        Ok(())
    }

    /// Returns the host and port that it is sent to.
    pub(super) fn service(&self) -> &str {
        self.url.authority()
    }

    /// Returns how many bytes of a body are in memory.
    pub(super) fn len(&self) -> usize {
        self.body.bytes().map_or(0, Bytes::len)
    }

    /// Returns whether it can be sent a second time.
    pub(super) fn can_be_sent_again(&self) -> bool {
        self.body.can_be_sent_again()
    }

    /// Returns whether it may be carried out twice: because of its method, or because of the token
    /// by which OCI recognises repetitions.
    pub(super) fn retry_safety(&self) -> RetrySafety {
        let idempotent = [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS];
        let Parts { method, headers, .. } = &self.head;
        if idempotent.contains(method) || headers.contains_key(OPC_RETRY_TOKEN) {
            RetrySafety::Idempotent
        } else {
            RetrySafety::IfNotProcessed
        }
    }

    /// Returns the request with its signature. Pieces that can be read only once are in the first
    /// one only.
    pub(super) fn signed(
        &self,
        by: &Credentials,
        now: SystemTime,
    ) -> Result<reqwest::Request, SignError> {
        let mut head = self.head.clone();
        let body = match self.body.bytes() {
            _ if self.body.is_unsigned() => SignableBody::Unsigned,
            Some(bytes) => SignableBody::Bytes(bytes),
            None if self.hashed => SignableBody::Precomputed,
            None => SignableBody::Unsigned,
        };
        sign(&mut head, body, &params(by, now, &self.head.headers))?;
        let mut request = reqwest::Request::new(head.method, self.url.clone());
        *request.headers_mut() = head.headers;
        *request.body_mut() = self.body.for_attempt();
        Ok(request)
    }
}

/// The signature covers a delegation token, so that nobody can remove it from a request.
fn params<'a>(by: &'a Credentials, now: SystemTime, headers: &HeaderMap) -> SigningParams<'a> {
    let params = SigningParams::new(by, now);
    if headers.contains_key(OPC_OBO_TOKEN) { params.cover(OPC_OBO_TOKEN) } else { params }
}

/// Parses an address and checks that it means what is written: `..`, `\` or a letter outside ASCII
/// in a path would name another resource, and `127.1` another host. Capitals in a host and a
/// default port may change; a query is not normalised. Without TLS only this machine may be called,
/// and only if that was allowed.
pub(super) fn plain(uri: &Uri, may_be_plain: bool) -> Result<Url, SendError> {
    let is_safe = |url: &Url| match url.scheme() {
        "https" => true,
        "http" => may_be_plain && is_loopback(url),
        _ => false,
    };
    let url = Url::parse(&uri.to_string()).ok().filter(is_safe).ok_or(SendError::Address)?;
    let same_host = uri.host().zip(url.host_str()).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
    if same_host && uri.path() == url.path() { Ok(url) } else { Err(SendError::Changed) }
}

/// Returns whether a URL names this machine, without a resolver.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    address.is_ok_and(|address| address.is_loopback()) || host == "localhost"
}
