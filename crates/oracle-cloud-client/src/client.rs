//! Calls any OCI service: signs, sends, renews what was refused, and tries again what may pass.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri};
use tokio::time::Instant;

use super::clock::Offset;
use super::message::{Body, Message, SendError, plain, repeat};
use super::names::LOOKED_UP;
use super::retry::{Outcome, Tries};
use super::transport::{Limits, Transport};
use super::{
    Credentials, Journey, Principal, PrincipalError, Repeat, Retry, ServiceClock, SignError,
    TransportError,
};

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

    /// Connects `http` to where the first request is expected to go, and sends nothing; None if that is no `https` URL in its
    /// plain form. Run the future beside the calls: the next request takes the connection if it goes there, and cancels it
    /// if it goes elsewhere.
    pub fn preconnect(
        &self,
        http: &reqwest::Client,
        to: &Uri,
    ) -> Option<impl Future<Output = ()> + Send + use<>> {
        Some(self.transport.preconnect.start(http.clone(), plain(to).ok()?))
    }

    /// Cancels a connection that no request has taken.
    pub fn cancel_preconnect(&self) {
        self.transport.preconnect.cancel();
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
