//! One exchange over HTTP: how connections are made, how long it may take, and what can go wrong.
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
use reqwest::Request;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout, timeout_at};

use super::body::BodyError;
use super::http_client::HttpClient;
use super::names::NameUnresolved;
use super::preconnect::{self, Preconnect};
use super::timings::{CONNECTION, Connection, RequestTimings};

/// glibc always maps a buffer of this size (more than 32 MiB) separately and unmaps it whole, so
/// answers leave no holes in the heap. Only pages that are written to take memory.
const BODY_BUFFER_CAPACITY: usize = 33 * 1024 * 1024;
/// How long an answer of unknown length may pause when it is read whole: the limit of the attempt
/// ends it first.
const UNBOUNDED: Duration = Duration::from_secs(3600);

/// The error of the HTTP library.
type Cause = Box<dyn Error + Send + Sync>;

/// There is no usable answer. No message contains an address.
///
/// ```
/// use oracle_cloud_client::TransportError;
///
/// assert!(TransportError::AttemptTimeout.was_sent());
/// assert!(!TransportError::AddressDenied.was_sent());
/// ```
///
/// Source: docs/spec/oci-services.md#item-10.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// There is no connection. Nothing was sent.
    #[error("it could not be reached")]
    Unreachable(#[source] Cause),
    /// The name service has no address, or did not answer. Nothing was sent.
    #[error("its name could not be resolved")]
    Unresolved(#[source] Cause),
    /// The certificate is not trusted, or is for another name. Nothing was sent.
    #[error("its certificate is not trusted")]
    Untrusted(#[source] Cause),
    /// The resolver refused the address, as [`AddressDenied`]. Nothing was sent.
    #[error("{AddressDenied}")]
    AddressDenied,
    /// There was no connection within 10 s. Nothing was sent.
    #[error("it could not be reached in time")]
    ConnectTimeout(#[source] Cause),
    /// The request's own body could not be read, or does not have its announced length. What was
    /// sent of it may have had an effect.
    #[error("the body of the request was not sent whole")]
    RequestBody(#[source] Cause),
    /// The connection ended before the answer did, or the answer was not HTTP. The request may have
    /// had an effect.
    #[error("its answer broke off")]
    IncompleteResponse(#[source] Cause),
    /// An answer paused for longer than
    /// [`read_timeout`](field@crate::RequestOptions::read_timeout). The request may have had an
    /// effect.
    #[error("its answer paused for too long")]
    ReadTimeout,
    /// There was no answer within
    /// [`attempt_timeout`](field@crate::RequestOptions::attempt_timeout), or before the end of all
    /// attempts. The request may have had an effect.
    #[error("it did not answer in time")]
    AttemptTimeout,
    /// The answer has more bytes than allowed.
    #[error("its answer is larger than {0} bytes")]
    AnswerTooLarge(usize),
}

impl TransportError {
    /// Returns whether the service may have received the request, and may have carried it out.
    ///
    /// ```
    /// assert!(oracle_cloud_client::TransportError::ReadTimeout.was_sent());
    /// ```
    pub fn was_sent(&self) -> bool {
        match self {
            Self::Unreachable(_)
            | Self::Unresolved(_)
            | Self::Untrusted(_)
            | Self::AddressDenied
            | Self::ConnectTimeout(_) => false,
            Self::RequestBody(_)
            | Self::IncompleteResponse(_)
            | Self::ReadTimeout
            | Self::AttemptTimeout
            | Self::AnswerTooLarge(_) => true,
        }
    }

    /// Returns the error of a request without an answer, by how far it got.
    pub(super) fn unanswered(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let has = |such: &dyn Fn(&(dyn Error + 'static)) -> bool| is_caused_by(&error, such);
        match (error.is_connect(), error.is_timeout()) {
            (true, true) => Self::ConnectTimeout(error.into()),
            (true, false) if has(&is_untrusted) => Self::Untrusted(error.into()),
            (true, false) if has(&<dyn Error>::is::<AddressDenied>) => Self::AddressDenied,
            (true, false) if has(&<dyn Error>::is::<NameUnresolved>) => {
                Self::Unresolved(error.into())
            }
            (true, false) => Self::Unreachable(error.into()),
            (false, _) if has(&<dyn Error>::is::<BodyError>) => Self::RequestBody(error.into()),
            (false, _) => Self::IncompleteResponse(error.into()),
        }
    }

    /// Returns the error of an incomplete answer.
    pub(super) fn incomplete(error: reqwest::Error) -> Self {
        Self::IncompleteResponse(error.without_url().into())
    }
}

/// The error of a resolver if a name has no address that may be connected to.
///
/// ```
/// use oracle_cloud_client::AddressDenied;
///
/// assert_eq!(AddressDenied.to_string(), "the name has no address that may be called");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the name has no address that may be called")]
pub struct AddressDenied;

fn is_untrusted(error: &(dyn Error + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)))
}

/// Returns whether an error or any of its causes is of this type.
fn is_caused_by(
    error: &(dyn Error + 'static),
    such: &dyn Fn(&(dyn Error + 'static)) -> bool,
) -> bool {
    // `source` of an `io::Error` does not return the error inside it.
    let hidden = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    such(error)
        || hidden.is_some_and(|hidden| is_caused_by(hidden, such))
        || error.source().is_some_and(|source| is_caused_by(source, such))
}

/// The trailers after the body of an answer; an extension of the answer, if there were any.
///
/// ```
/// use http::Response;
/// use oracle_cloud_client::Trailers;
///
/// fn failed(answer: &Response<bytes::Bytes>) -> bool {
///     let trailers = answer.extensions().get::<Trailers>();
///     trailers.is_some_and(|Trailers(trailers)| trailers.contains_key("x-failed"))
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Trailers(pub HeaderMap);

/// How long an answer may take, how long it may pause, and how large it may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) until: Instant,
    pub(super) read_timeout: Duration,
    pub(super) bytes: usize,
}

/// Receives the body of a success that is not read here.
pub(super) type Sink<'a> = Option<&'a mut Option<reqwest::Body>>;

/// Sends requests, and keeps the buffer for their answers.
#[derive(Default)]
pub(super) struct Transport {
    /// The buffer of the last answer. A new one for each answer would fault its pages in again.
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
    /// Sends a request over `http` and returns its whole answer, or an error, within the limits.
    /// With a `sink`, the body of a success goes there unread. The durations are added to
    /// `timings`.
    pub(super) async fn exchange(
        &self,
        http: &HttpClient,
        request: Request,
        limits: Limits,
        timings: &mut RequestTimings,
        sink: Sink<'_>,
    ) -> Result<Response<Bytes>, TransportError> {
        let (start, connection) = (std::time::Instant::now(), Arc::<Connection>::default());
        let preconnected = self.preconnect.take(request.url().authority());
        let whole = async {
            let answer = http.inner.execute(request).await.map_err(TransportError::unanswered)?;
            match sink {
                Some(sink) if answer.status().is_success() => {
                    let (head, body) = Response::<reqwest::Body>::from(answer).into_parts();
                    *sink = Some(body);
                    Ok(Response::from_parts(head, Bytes::new()))
                }
                _ => self.collect(answer, limits).await,
            }
        };
        let whole = preconnect::with(preconnected, CONNECTION.scope(connection.clone(), whole));
        timings.attempt();
        let outcome = timeout_at(limits.until, whole).await;
        timings.attempted(start, &connection, matches!(outcome, Ok(Ok(_))));
        outcome.ok().ok_or(TransportError::AttemptTimeout)?
    }

    /// Reads an answer to its end, into one buffer.
    async fn collect(
        &self,
        answer: reqwest::Response,
        Limits { bytes: limit, read_timeout, .. }: Limits,
    ) -> Result<Response<Bytes>, TransportError> {
        let (mut head, mut incoming) = Response::<reqwest::Body>::from(answer).into_parts();
        let exact = incoming.size_hint().exact();
        let silence = exact.map_or(UNBOUNDED, |_| read_timeout);
        let length = usize::try_from(exact.unwrap_or_default()).unwrap_or(usize::MAX);
        if length > limit {
            return Err(TransportError::AnswerTooLarge(limit));
        }
        let spare = || self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let mut body = mem::take(&mut *spare());
        // The whole buffer again, from its beginning, unless somebody holds the last answer.
        body.reserve(length.max(BODY_BUFFER_CAPACITY));
        while let Some(frame) = in_time(silence, incoming.frame()).await? {
            let frame = frame.map_err(TransportError::incomplete)?;
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

/// Waits for the next piece of an answer. After a process was frozen, the time is over, but a piece
/// may have arrived unread: only if there is none then, the answer has paused for too long.
pub(super) async fn in_time<T>(
    silence: Duration,
    mut next: impl Future<Output = T> + Unpin,
) -> Result<T, TransportError> {
    if let Ok(next) = timeout(silence, &mut next).await {
        return Ok(next);
    }
    // The connection is read meanwhile.
    yield_now().await;
    timeout(Duration::ZERO, next).await.ok().ok_or(TransportError::ReadTimeout)
}

/// Returns 32 hexadecimal digits, by which both sides find a request in their logs.
pub(super) fn request_id() -> String {
    let mut bytes = [0; 16];
    // Without entropy the id is not unique, which does no harm.
    let number = rand::fill(&mut bytes).map_or(0, |()| u128::from_be_bytes(bytes));
    format!("{number:032X}")
}
