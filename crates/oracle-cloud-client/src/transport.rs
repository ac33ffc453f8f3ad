//! One exchange over HTTP: how connections are made, how long it may take, and what can go wrong with it.
//!
//! Source: docs/spec/oci-services.md#item-10.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{fmt, io, mem};

use aws_lc_rs::rand;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Response};
use http_body_util::BodyExt;
use hyper::body::Body;
use reqwest::{Client, ClientBuilder, Request, redirect, retry};
use rustls::ClientConfig;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout, timeout_at};

use super::names::SystemResolver;
use super::preconnect::{self, Preconnect, PreconnectLayer};
use super::timings::{CONNECTION, Connection, Timed};
use super::{Journey, NameUnresolved, Trust};

/// How long an answer of announced length may pause: it exists already, so that only a dead peer falls silent.
const SILENCE: Duration = Duration::from_secs(3);
/// Room for an answer, in bytes, of a size that glibc always maps for itself and gives back whole (more than 32 MiB), so that
/// answers leave no holes in the heap. Only what is written to is ever in memory.
const ROOM: usize = 33 * 1024 * 1024;
/// A name, an address and a TLS handshake inside one region.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an unused connection is kept: less than the minute after which load balancers close it.
const IDLE: Duration = Duration::from_secs(50);

/// The beginnings of an HTTP client that is fit for signed requests: TLS only, with whom `trust` trusts, no redirect followed, no
/// proxy variable heeded, nothing repeated that was not signed anew.
pub fn http_client(trust: &Trust) -> ClientBuilder {
    trusting(trust.tls())
}

/// The same, with other roots.
pub(super) fn trusting(tls: ClientConfig) -> ClientBuilder {
    Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .redirect(redirect::Policy::none())
        // A client that may repeat nothing keeps no copy of a request either.
        .retry(retry::never().max_retries_per_request(0))
        .no_proxy()
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE)
        .dns_resolver(Arc::new(SystemResolver))
        .connector_layer(PreconnectLayer)
        .connector_layer(Timed)
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
}

/// No answer, or none that can be used. No message contains an address.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No connection: nothing was sent.
    #[error("it could not be reached")]
    Unreachable(#[source] reqwest::Error),
    /// No address: the name service has none, or did not answer. Nothing was sent.
    #[error("its name could not be looked up")]
    Unresolved(#[source] reqwest::Error),
    /// A certificate that is not trusted, or of another name: nothing was sent.
    #[error("its certificate is not trusted")]
    Untrusted(#[source] reqwest::Error),
    /// An address that the resolver must not give out, as [`AddressForbidden`]: nothing was sent.
    #[error("{AddressForbidden}")]
    Forbidden,
    /// No connection within 10 s: nothing was sent.
    #[error("it could not be reached in time")]
    ConnectLate(#[source] reqwest::Error),
    /// The connection ended before the answer did, or what came was not HTTP. The request may have had its effect.
    #[error("its answer broke off")]
    Broken(#[source] reqwest::Error),
    /// An answer of announced length paused for 3 s. The request may have had its effect.
    #[error("it fell silent in the middle of its answer")]
    Silent,
    /// No answer in time. The request may have had its effect.
    #[error("it did not answer in time")]
    Late,
    /// An answer of more bytes than were allowed.
    #[error("its answer is larger than {0} bytes")]
    AnswerTooLarge(usize),
}

impl TransportError {
    /// The error of a request that was sent or not, by how far it came.
    pub(super) fn unanswered(error: reqwest::Error) -> Self {
        let error = error.without_url();
        match (error.is_connect(), error.is_timeout()) {
            (true, true) => Self::ConnectLate(error),
            (true, false) if is_caused_by(&error, &is_untrusted) => Self::Untrusted(error),
            (true, false) if is_caused_by(&error, &<dyn Error>::is::<AddressForbidden>) => {
                Self::Forbidden
            }
            (true, false) if is_caused_by(&error, &<dyn Error>::is::<NameUnresolved>) => {
                Self::Unresolved(error)
            }
            (true, false) => Self::Unreachable(error),
            (false, _) => Self::Broken(error),
        }
    }
}

/// What a resolver fails with when a name has no address that may be connected to.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the name has no address that may be called")]
pub struct AddressForbidden;

fn is_untrusted(error: &(dyn Error + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)))
}

/// Whether an error or any of its causes is such a one.
fn is_caused_by(
    error: &(dyn Error + 'static),
    such: &dyn Fn(&(dyn Error + 'static)) -> bool,
) -> bool {
    // An `io::Error` hides the error that it was made of from `source`.
    let hidden = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    such(error)
        || hidden.is_some_and(|hidden| is_caused_by(hidden, such))
        || error.source().is_some_and(|source| is_caused_by(source, such))
}

/// What a service said after the body of its answer; an extension of the answer, where there was any.
#[derive(Clone, Debug, Default)]
pub struct Trailers(pub HeaderMap);

/// How long an answer may take, and how large it may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) until: Instant,
    pub(super) bytes: usize,
}

/// Brings answers, and keeps the memory for them.
#[derive(Default)]
pub(super) struct Transport {
    /// What the last answer was read into: a new one for each would fault its pages in again.
    spare: Mutex<BytesMut>,
    pub(super) preconnect: Preconnect,
}

/// Shows no byte of an answer.
impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}

impl Transport {
    /// Sends a request over `http` and brings the answer back: all of it, or an error, within the limits. What it took is added to
    /// `journey`.
    pub(super) async fn exchange(
        &self,
        http: &Client,
        request: Request,
        limits: Limits,
        journey: &mut Journey,
    ) -> Result<Response<Bytes>, TransportError> {
        let (start, connection) = (std::time::Instant::now(), Arc::<Connection>::default());
        let preconnected = self.preconnect.take(request.url().authority());
        let whole = async {
            let answer = http.execute(request).await.map_err(TransportError::unanswered)?;
            self.collect(answer, limits.bytes).await
        };
        let whole = preconnect::with(preconnected, CONNECTION.scope(connection.clone(), whole));
        let outcome = timeout_at(limits.until, whole).await;
        journey.tried(start, &connection, matches!(outcome, Ok(Ok(_))));
        outcome.ok().ok_or(TransportError::Late)?
    }

    /// Reads an answer to its end, into one buffer.
    async fn collect(
        &self,
        answer: reqwest::Response,
        limit: usize,
    ) -> Result<Response<Bytes>, TransportError> {
        let (mut head, mut incoming) = Response::<reqwest::Body>::from(answer).into_parts();
        let exact = incoming.size_hint().exact();
        let silence = exact.map_or(Duration::from_secs(3600), |_| SILENCE);
        let length = usize::try_from(exact.unwrap_or_default()).unwrap_or(usize::MAX);
        if length > limit {
            return Err(TransportError::AnswerTooLarge(limit));
        }
        let spare = || self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let mut body = mem::take(&mut *spare());
        // All of it again, from its beginning, unless someone holds what was read before.
        body.reserve(length.max(ROOM));
        while let Some(frame) = in_time(silence, incoming.frame()).await? {
            let frame = frame.map_err(|error| TransportError::Broken(error.without_url()))?;
            match frame.into_data() {
                Ok(data) if body.len() + data.len() > limit => {
                    return Err(TransportError::AnswerTooLarge(limit));
                }
                Ok(data) => body.extend_from_slice(&data),
                Err(frame) => {
                    head.extensions.insert(Trailers(frame.into_trailers().unwrap_or_default()));
                }
            }
        }
        let answer = Response::from_parts(head, body.split().freeze());
        *spare() = body;
        Ok(answer)
    }
}

/// Waits for the next piece of an answer. A process that was stopped for longer finds the time over and the piece there, unread:
/// only what is not there even then has fallen silent.
async fn in_time<T>(
    silence: Duration,
    mut next: impl Future<Output = T> + Unpin,
) -> Result<T, TransportError> {
    if let Ok(next) = timeout(silence, &mut next).await {
        return Ok(next);
    }
    // The connection is read meanwhile.
    yield_now().await;
    timeout(Duration::ZERO, next).await.ok().ok_or(TransportError::Silent)
}

/// 32 hexadecimal digits by which both sides find a request in their logs.
pub(super) fn request_id() -> String {
    let mut bytes = [0; 16];
    // Without entropy the id is not unique, which harms nobody.
    let number = rand::fill(&mut bytes).map_or(0, |()| u128::from_be_bytes(bytes));
    format!("{number:032X}")
}
