//! A request in the one form in which it is signed and sent, and why one was not.

use std::sync::Arc;
use std::time::SystemTime;
use std::{fmt, mem};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{HeaderName, Method, Request, Uri};
use oracle_cloud_signature::{
    Credentials, SignError, SignableBody, SigningParams, check_framing, sign,
};
use reqwest::Url;

use super::names::LookUps;
use super::principal::PrincipalError;
use super::retry::Repeat;
use super::transport::{TransportError, request_id};

const OPC_REQUEST_ID: HeaderName = HeaderName::from_static("opc-request-id");
const OPC_RETRY_TOKEN: HeaderName = HeaderName::from_static("opc-retry-token");

/// What a request carries.
pub enum Body {
    /// Bytes; with POST, PUT and PATCH they are hashed and signed.
    Bytes(Bytes),
    /// Bytes that the signature leaves out, as Object Storage uploads do.
    Unsigned(Bytes),
    /// A stream, which can be sent once: such a request is never repeated. It has `content-length`; with
    /// `x-content-sha256` beside it both are signed, and without it the body is left out of the signature.
    Stream(reqwest::Body),
}

/// Shows how long it is, and no byte of it.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Unsigned(bytes) => write!(f, "Unsigned({})", bytes.len()),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::Bytes(Bytes::new())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::Bytes(text.into())
    }
}

impl From<()> for Body {
    fn from((): ()) -> Self {
        Self::default()
    }
}

/// A request without an answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// There is nothing to sign with.
    #[error("no credentials")]
    Credentials(#[from] PrincipalError),
    /// The request cannot be signed.
    #[error("not signed")]
    Signing(#[from] SignError),
    /// The request's address is no `https` URL.
    #[error("the address is not an https URL")]
    Address,
    /// A host or a path that a reader of URLs would take for another one: `..`, `\`, a letter beyond ASCII, `127.1`.
    #[error("the address has a host or a path that is not in its plain form")]
    Changed,
    /// It was sent, or not, and no answer came back.
    #[error("no answer")]
    Transport(#[from] TransportError),
}

/// A request that is about to be signed and sent, perhaps more than once.
pub(super) struct Message<'a> {
    url: Url,
    head: Parts,
    body: Body,
    pub(super) http: &'a reqwest::Client,
    pub(super) look_ups: Arc<LookUps>,
}

impl<'a> Message<'a> {
    /// The request in the one form in which it is signed and sent.
    pub(super) fn new<B: Into<Body>>(
        request: Request<B>,
        http: &'a reqwest::Client,
    ) -> Result<Self, SendError> {
        let (mut head, body) = request.into_parts();
        let url = plain(&head.uri)?;
        head.uri = url.as_str().parse().ok().ok_or(SendError::Address)?;
        head.headers.entry(OPC_REQUEST_ID).or_insert_with(|| {
            HeaderValue::try_from(request_id()).expect("digits are visible ASCII")
        });
        let body = body.into();
        match &body {
            Body::Bytes(_) => {}
            Body::Unsigned(bytes) => check_framing(&head.headers, Some(bytes.len()))?,
            Body::Stream(_) => {
                let bytes = HeaderValue::from_static("application/octet-stream");
                head.headers.entry(CONTENT_TYPE).or_insert(bytes);
            }
        }
        Ok(Self { url, head, body, http, look_ups: Arc::default() })
    }

    /// The host and port that it goes to.
    pub(super) fn service(&self) -> &str {
        self.url.authority()
    }

    /// How many bytes of a body are held here.
    pub(super) fn len(&self) -> usize {
        match &self.body {
            Body::Bytes(bytes) | Body::Unsigned(bytes) => bytes.len(),
            Body::Stream(_) => 0,
        }
    }

    pub(super) fn is_stream(&self) -> bool {
        matches!(self.body, Body::Stream(_))
    }

    /// The request with its signature. A stream is in the first one only.
    pub(super) fn signed(
        &mut self,
        by: &Credentials,
        now: SystemTime,
    ) -> Result<reqwest::Request, SignError> {
        let mut head = self.head.clone();
        let body = match &self.body {
            Body::Bytes(bytes) => SignableBody::Bytes(bytes),
            Body::Stream(_) if head.headers.contains_key("x-content-sha256") => {
                SignableBody::Precomputed
            }
            Body::Unsigned(_) | Body::Stream(_) => SignableBody::Unsigned,
        };
        sign(&mut head, body, &SigningParams::new(by, now))?;
        let mut request = reqwest::Request::new(head.method, self.url.clone());
        *request.headers_mut() = head.headers;
        *request.body_mut() = match &mut self.body {
            Body::Bytes(bytes) | Body::Unsigned(bytes) if bytes.is_empty() => None,
            Body::Bytes(bytes) | Body::Unsigned(bytes) => Some(bytes.clone().into()),
            Body::Stream(stream) => Some(mem::take(stream)),
        };
        Ok(request)
    }
}

/// An address as the URL standard reads it, if that is as it is written: `..`, `\` or a letter beyond ASCII in a path would name
/// another resource, `127.1` another host. Capitals in a host and a default port are one thing; in a query nothing is resolved.
pub(super) fn plain(uri: &Uri) -> Result<Url, SendError> {
    let url = Url::parse(&uri.to_string()).ok().filter(|url| url.scheme() == "https");
    let url = url.ok_or(SendError::Address)?;
    let same_host = uri.host().zip(url.host_str()).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
    if same_host && uri.path() == url.path() { Ok(url) } else { Err(SendError::Changed) }
}

/// Whether a request may be carried out twice: by what its method promises, or with the token that OCI tells repetitions by.
pub(super) fn repeat(head: &Parts) -> Repeat {
    let idempotent = [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS];
    if idempotent.contains(&head.method) || head.headers.contains_key(OPC_RETRY_TOKEN) {
        Repeat::Harmless
    } else {
        Repeat::Harmful
    }
}
