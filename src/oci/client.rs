//! Calls any OCI service: signs, sends, renews what was refused, and tries again what may pass.

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{HeaderName, Method, Request, Response, StatusCode};
use reqwest::Url;
use tokio::time::Instant;

use super::retry::Outcome;
use super::transport::{Limits, Transport, request_id};
use super::{
    Content, Credentials, Journey, Principal, PrincipalError, Repeat, Retry, ServiceClock,
    SignError, Signing, TransportError, sign,
};

const OPC_REQUEST_ID: HeaderName = HeaderName::from_static("opc-request-id");
const OPC_RETRY_TOKEN: HeaderName = HeaderName::from_static("opc-retry-token");

/// The largest answer that is taken unless another limit is set, in bytes.
const ANSWER_LIMIT: usize = 10_000_000;

/// Sends requests to OCI services, signed by one principal, over connections that it keeps.
#[derive(Debug)]
pub struct Client {
    principal: Principal,
    clock: ServiceClock,
    transport: Transport,
    retry: Retry,
    answer_limit: usize,
}

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

/// How one request is delivered, by someone who knows it better than its method tells.
#[derive(Clone, Copy, Debug)]
pub struct Delivery {
    /// Whether it may be sent again.
    pub repeat: Repeat,
    /// The longest that one try may take.
    pub try_limit: Duration,
    /// When even the last try ends.
    pub until: Instant,
}

impl Delivery {
    /// The longest try of most requests: an OCI service answers within 60 s or not at all.
    pub const TRY: Duration = Duration::from_secs(65);
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
    #[error("no credentials: {0}")]
    Credentials(#[from] PrincipalError),
    /// The request cannot be signed.
    #[error("not signed: {0}")]
    Signing(#[from] SignError),
    /// The request's address is no `https` URL.
    #[error("the address is not an https URL")]
    Address,
    /// It was sent, or not, and no answer came back.
    #[error("no answer: {0}")]
    Transport(#[from] TransportError),
}

impl Client {
    /// A client that signs as `principal`, tells the time by `clock` and connects with `http`, which should come from
    /// [`http_client`](super::http_client): a client that follows redirects would carry signatures elsewhere.
    pub fn new(principal: Principal, clock: ServiceClock, http: reqwest::Client) -> Self {
        let transport = Transport::new(http);
        Self { principal, clock, transport, retry: Retry::default(), answer_limit: ANSWER_LIMIT }
    }

    /// The same with other tries; [`Retry::default`] otherwise.
    #[must_use]
    pub fn with_retry(self, retry: Retry) -> Self {
        Self { retry, ..self }
    }

    /// The same with another limit for answers, in bytes; 10 MB otherwise.
    #[must_use]
    pub fn with_answer_limit(self, answer_limit: usize) -> Self {
        Self { answer_limit, ..self }
    }

    /// The time of day as the services told it.
    pub fn now(&self) -> SystemTime {
        self.clock.now()
    }

    /// Who signs.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Sends a request and brings its answer back, whatever its status, before `until`. What is signed and sent is the URL in
    /// the form of the URL standard: a default port and `..` are gone, spaces are `%20`.
    ///
    /// A 401 is taken as our fault once: the clock is compared, the credentials are renewed, the request is signed anew. A
    /// second one is returned. Source: OCI request signing, clock and errors.
    pub async fn send(
        &self,
        request: Request<impl Into<Body>>,
        until: Instant,
    ) -> Result<Response<Bytes>, SendError> {
        let (head, body) = request.into_parts();
        let delivery = Delivery { repeat: repeat(&head), try_limit: Delivery::TRY, until };
        self.deliver(Request::from_parts(head, body), delivery, &mut Journey::default()).await
    }

    /// The same for a request whose delivery the caller decides. What it took is added to `journey`, whatever comes of it.
    pub async fn deliver(
        &self,
        request: Request<impl Into<Body>>,
        delivery: Delivery,
        journey: &mut Journey,
    ) -> Result<Response<Bytes>, SendError> {
        let mut message = Message::new(request)?;
        let repeat = if message.is_stream() { Repeat::Impossible } else { delivery.repeat };
        let mut tries = self.retry.tries(repeat, delivery.until);
        let mut last = None;
        loop {
            let until = delivery.until.min(Instant::now() + delivery.try_limit);
            let outcome = match (self.attempt(&mut message, until, journey).await?, last) {
                // A try that had no time left says less than the one before it.
                (Err(TransportError::Late), Some(before)) => return Ok(before?),
                (outcome, _) => outcome,
            };
            if !tries.again(&outcome).await {
                return Ok(outcome?);
            }
            last = Some(outcome);
        }
    }

    /// What it would sign with now.
    pub async fn credentials(&self) -> Result<Arc<Credentials>, PrincipalError> {
        self.credentials_until(Instant::now() + Delivery::TRY).await
    }

    /// The same, before `until`.
    async fn credentials_until(&self, until: Instant) -> Result<Arc<Credentials>, PrincipalError> {
        match self.principal.credentials_until(self.clock.now(), until).await {
            // One service with a wild clock must not leave all others without a request: they tell the time anew.
            Err(_) if self.clock.forget() => {
                self.principal.credentials_until(self.clock.now(), until).await
            }
            credentials => credentials,
        }
    }

    /// One try, and once for each request another at once, if the answer lays the fault on our credentials or our clock.
    async fn attempt(
        &self,
        message: &mut Message,
        until: Instant,
        journey: &mut Journey,
    ) -> Result<Outcome, SendError> {
        let mut credentials = self.credentials_until(until).await?;
        let mut outcome = self.send_once(message, &credentials, until, journey).await?;
        if let Ok(answer) = &outcome
            && !message.renewed
            && !message.is_stream()
            && let Some(renewed) = self.renewed(answer, &credentials, until).await?
        {
            message.renewed = true;
            outcome = self.send_once(message, &renewed, until, journey).await?;
            credentials = renewed;
        }
        if outcome.as_ref().is_ok_and(|answer| answer.status().is_success()) {
            self.principal.accepted(&credentials);
        }
        Ok(outcome)
    }

    /// What to sign with after an answer that may be the fault of what was signed with before.
    async fn renewed(
        &self,
        answer: &Response<Bytes>,
        used: &Arc<Credentials>,
        until: Instant,
    ) -> Result<Option<Arc<Credentials>>, PrincipalError> {
        match answer.status() {
            StatusCode::UNAUTHORIZED => {
                self.clock.correct(answer.headers());
                self.principal.refresh_until(used, self.clock.now(), until).await.map(Some)
            }
            // Without the right it is not found, and a newer token may have the right.
            StatusCode::NOT_FOUND => {
                // Credentials that are being replaced at this moment are no reason to lose the answer.
                let newest = self.credentials_until(until).await.ok();
                // Near its end a token is read again for every request, and may be the same one.
                Ok(newest.filter(|newest| newest.key_id().expose() != used.key_id().expose()))
            }
            _ => Ok(None),
        }
    }

    /// Signs and sends, once.
    async fn send_once(
        &self,
        message: &mut Message,
        by: &Credentials,
        until: Instant,
        journey: &mut Journey,
    ) -> Result<Outcome, SignError> {
        let start = std::time::Instant::now();
        let request = message.signed(by, self.clock.now());
        journey.signed(start);
        let limits = Limits { until, bytes: self.answer_limit };
        Ok(self.transport.exchange(request?, limits, journey).await)
    }
}

/// Whether a request may be carried out twice: by what its method promises, or with the token that OCI tells repetitions by.
fn repeat(head: &Parts) -> Repeat {
    let idempotent = [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS];
    if idempotent.contains(&head.method) || head.headers.contains_key(OPC_RETRY_TOKEN) {
        Repeat::Harmless
    } else {
        Repeat::Harmful
    }
}

/// A request that is about to be signed and sent, perhaps more than once.
struct Message {
    url: Url,
    head: Parts,
    body: Body,
    renewed: bool,
}

impl Message {
    /// The request in the one form in which it is signed and sent.
    fn new<B: Into<Body>>(request: Request<B>) -> Result<Self, SendError> {
        let (mut head, body) = request.into_parts();
        let url = Url::parse(&head.uri.to_string()).ok().ok_or(SendError::Address)?;
        if url.scheme() != "https" {
            return Err(SendError::Address);
        }
        head.uri = url.as_str().parse().ok().ok_or(SendError::Address)?;
        head.headers.entry(OPC_REQUEST_ID).or_insert_with(|| {
            HeaderValue::try_from(request_id()).expect("digits are visible ASCII")
        });
        let body = body.into();
        if matches!(body, Body::Stream(_)) {
            let bytes = HeaderValue::from_static("application/octet-stream");
            head.headers.entry(CONTENT_TYPE).or_insert(bytes);
        }
        Ok(Self { url, head, body, renewed: false })
    }

    fn is_stream(&self) -> bool {
        matches!(self.body, Body::Stream(_))
    }

    /// The request with its signature. A stream is in the first one only.
    fn signed(&mut self, by: &Credentials, now: SystemTime) -> Result<reqwest::Request, SignError> {
        let mut head = self.head.clone();
        let content = match &self.body {
            Body::Bytes(bytes) => Content::Bytes(bytes),
            Body::Stream(_) if head.headers.contains_key("x-content-sha256") => Content::Hashed,
            Body::Unsigned(_) | Body::Stream(_) => Content::Unsigned,
        };
        sign(&mut head, content, by, Signing::default(), now)?;
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
