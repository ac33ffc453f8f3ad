//! Calls any OCI service: signs, sends, renews what was refused, and tries again what may pass.

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{HeaderName, Method, Request, Response, StatusCode, Uri};
use reqwest::Url;
use tokio::time::Instant;

use super::clock::Offset;
use super::names::{LOOKED_UP, LookUps};
use super::retry::{Outcome, Tries};
use super::transport::{Limits, Transport, request_id};
use super::{
    Content, Credentials, Journey, Principal, PrincipalError, Repeat, Retry, ServiceClock,
    SignError, Signing, TransportError, sign,
};
use oracle_cloud_signature::check_framing;

const OPC_REQUEST_ID: HeaderName = HeaderName::from_static("opc-request-id");
const OPC_RETRY_TOKEN: HeaderName = HeaderName::from_static("opc-retry-token");

/// The largest answer that is taken unless another limit is set, in bytes.
const ANSWER_LIMIT: usize = 10_000_000;

/// Sends requests to OCI services, signed by one principal, over connections that it keeps.
#[derive(Debug)]
pub struct Client {
    principal: Principal,
    clock: ServiceClock,
    http: reqwest::Client,
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

impl Client {
    /// A client that signs as `principal`, tells the time by `clock` and connects with `http`, which should come from
    /// [`http_client`](super::http_client): a client that follows redirects would carry signatures elsewhere.
    pub fn new(principal: Principal, clock: ServiceClock, http: reqwest::Client) -> Self {
        let (transport, retry) = (Transport::default(), Retry::default());
        Self { principal, clock, http, transport, retry, answer_limit: ANSWER_LIMIT }
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

    /// The time of day, as the machine tells it.
    pub fn now(&self) -> SystemTime {
        self.clock.now()
    }

    /// What it knows of the clocks of services.
    pub fn clock(&self) -> &ServiceClock {
        &self.clock
    }

    /// Who signs.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Sends a request and brings its answer back, whatever its status, before `until`. Host and path are sent as they are
    /// written, or not at all; a default port is left out, and what is raw in a query is encoded.
    ///
    /// A 401 is taken as our fault once: the clock is compared, the credentials are renewed, the request is signed anew. A
    /// second one is returned. Source: docs/spec/oci-request-signing.md#refusals.
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
        self.deliver_over(&self.http, request, delivery, journey).await
    }

    /// The same over connections of `http`, which comes from where the client's own does.
    pub async fn deliver_over(
        &self,
        http: &reqwest::Client,
        request: Request<impl Into<Body>>,
        delivery: Delivery,
        journey: &mut Journey,
    ) -> Result<Response<Bytes>, SendError> {
        let mut message = Message::new(request, http)?;
        let repeat = if message.is_stream() { Repeat::Impossible } else { delivery.repeat };
        let mut tries = self.retry.tries(repeat, message.len(), delivery.until);
        let mut last = None;
        loop {
            let until = delivery.until.min(Instant::now() + delivery.try_limit);
            let outcome = self.attempt(&mut message, &mut tries, until, journey).await?;
            let outcome = match (outcome, last) {
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

    /// Makes a connection of `http` to where a first request is expected, and sends nothing. Run it beside the calls: the next
    /// request takes the connection if it goes there, and ends the making of it if it goes elsewhere.
    pub fn connect_ahead(
        &self,
        http: &reqwest::Client,
        to: &Uri,
    ) -> impl Future<Output = ()> + Send + use<> {
        let connecting = plain(to).ok().map(|url| self.transport.ahead.connect(http.clone(), url));
        async {
            if let Some(connecting) = connecting {
                connecting.await;
            }
        }
    }

    /// Gives up a connection that was made ahead and that no request has taken.
    pub fn give_up_ahead(&self) {
        self.transport.ahead.give_up();
    }

    /// What it would sign with now.
    pub async fn credentials(&self) -> Result<Arc<Credentials>, PrincipalError> {
        self.principal.credentials(self.clock.now()).await
    }

    /// One try, and once for each request another at once, if the answer lays the fault on our credentials or our clock.
    async fn attempt(
        &self,
        message: &mut Message<'_>,
        tries: &mut Tries,
        until: Instant,
        journey: &mut Journey,
    ) -> Result<Outcome, SendError> {
        let offset = self.clock.offset(message.service());
        let mut credentials = self.credentials_for(None, offset, until).await?;
        let mut outcome = self.send_once(message, &credentials, offset, until, journey).await?;
        if let Ok(answer) = &outcome
            && !message.is_stream()
            && tries.may_be_at_once()
            && let Some((renewed, told)) = self.renewed(answer, &credentials, offset, until).await?
        {
            tries.at_once();
            outcome = self.send_once(message, &renewed, told, until, journey).await?;
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
            self.principal.accepted(&credentials);
        }
        Ok(outcome)
    }

    /// What to sign with after an answer that may be the fault of what was signed with before, and by which clock.
    async fn renewed(
        &self,
        answer: &Response<Bytes>,
        used: &Arc<Credentials>,
        offset: Offset,
        until: Instant,
    ) -> Result<Option<(Arc<Credentials>, Offset)>, PrincipalError> {
        match answer.status() {
            StatusCode::UNAUTHORIZED => {
                let told = self.clock.told(answer.headers()).unwrap_or(offset);
                let newest = self.credentials_for(Some(used), told, until).await?;
                Ok(Some((newest, told)))
            }
            // Without the right it is not found, and a newer token may have the right.
            StatusCode::NOT_FOUND => {
                // Credentials that are being replaced at this moment are no reason to lose the answer.
                let newest = self.credentials_for(None, offset, until).await.ok();
                // Near its end a token is read again for every request, and may be the same one.
                let newer = newest.filter(|new| new.key_id().expose() != used.key_id().expose());
                Ok(newer.map(|newer| (newer, offset)))
            }
            _ => Ok(None),
        }
    }

    /// What to sign with for a service by whose clock ours is wrong, and after it refused `refused`. Tokens end by the clock of
    /// services: one that has ended by ours alone still serves there.
    async fn credentials_for(
        &self,
        refused: Option<&Arc<Credentials>>,
        offset: Offset,
        until: Instant,
    ) -> Result<Arc<Credentials>, PrincipalError> {
        let taken = async |at| match refused {
            None => self.principal.credentials_until(at, until).await,
            Some(refused) => self.principal.refresh_until(refused, at, until).await,
        };
        let now = self.clock.now();
        match taken(now).await {
            Err(PrincipalError::TokenExpired) if offset.from(now) < now => {
                taken(offset.from(now)).await
            }
            taken => taken,
        }
    }

    /// Signs and sends, once.
    async fn send_once(
        &self,
        message: &mut Message<'_>,
        by: &Credentials,
        offset: Offset,
        until: Instant,
        journey: &mut Journey,
    ) -> Result<Outcome, SignError> {
        let start = std::time::Instant::now();
        let request = message.signed(by, offset.from(self.clock.now()));
        journey.signed(start);
        let limits = Limits { until, bytes: self.answer_limit };
        let exchange = self.transport.exchange(message.http, request?, limits, journey);
        Ok(LOOKED_UP.scope(message.look_ups.clone(), exchange).await)
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
struct Message<'a> {
    url: Url,
    head: Parts,
    body: Body,
    http: &'a reqwest::Client,
    look_ups: Arc<LookUps>,
}

impl<'a> Message<'a> {
    /// The request in the one form in which it is signed and sent.
    fn new<B: Into<Body>>(
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
    fn service(&self) -> &str {
        self.url.authority()
    }

    /// How many bytes of a body are held here.
    fn len(&self) -> usize {
        match &self.body {
            Body::Bytes(bytes) | Body::Unsigned(bytes) => bytes.len(),
            Body::Stream(_) => 0,
        }
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

/// An address as the URL standard reads it, if that is as it is written: `..`, `\` or a letter beyond ASCII in a path would name
/// another resource, `127.1` another host. Capitals in a host and a default port are one thing; in a query nothing is resolved.
fn plain(uri: &Uri) -> Result<Url, SendError> {
    let url = Url::parse(&uri.to_string()).ok().filter(|url| url.scheme() == "https");
    let url = url.ok_or(SendError::Address)?;
    let same_host = uri.host().zip(url.host_str()).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
    if same_host && uri.path() == url.path() { Ok(url) } else { Err(SendError::Changed) }
}
