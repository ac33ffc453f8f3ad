//! Sends a checked, signed request to a model deployment and returns its answer.
//!
//! Source: docs/spec/oci-services.md#item-8.

use std::sync::Arc;
use std::time::{self, Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use tokio::time::Instant;

use super::endpoint::Action;
use super::endpoint::{Endpoint, EndpointRule};
use super::error::Error;
use super::path::Paths;
use super::pools::Pools;
use super::target::ROUTE;
use super::upstream::Upstream;
use crate::services::Operation;
use fn_fdk::BODY_LIMIT;
use oracle_cloud_client::{
    AnswerBody, Client, Credentials, HttpClient, Principal, RequestOptions, RequestTimings, Retry,
    RetrySafety, SendError, Trailers, Trust, TrustError,
};

/// Retries of transient failures: eight attempts, with waits of 50 ms, 100 ms, 200 ms ... between
/// them, 6.4 s in all. A failure of the model is retried once. An answer whose `Retry-After` is
/// more than 10 s is passed on.
const RETRY: Retry = Retry::new()
    .attempts_after_500(2)
    .attempts_if_large(3)
    .attempts_without_connection(8)
    .first_wait(Duration::from_millis(50))
    .longest_wait(Duration::from_secs(10));
/// A deployment answers within 60 s or not at all.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(65);
/// How long an answer with a `Content-Length` may pause: it exists already, so only a dead peer
/// stops sending.
const READ_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a stream may take: as long as any call. The service itself ends everything else after
/// 60 s.
const STREAM: Duration = Duration::from_secs(3600);
/// The media type of a stream of events.
const EVENT_STREAM: &str = "text/event-stream";
/// What a deployment sends after a stream that it could not finish.
const STREAM_FAILURE: &str = "streamfailure";

/// The deployment's answer, whatever its status: its bytes, never re-serialised.
pub struct Prediction {
    /// Its status.
    pub status: StatusCode,
    /// All of its headers. Which of them are passed on is decided elsewhere.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Bytes,
}

impl Prediction {
    /// Returns whether it is a stream of events.
    pub(super) fn is_stream(&self) -> bool {
        let named = self.headers.get(CONTENT_TYPE).and_then(|named| named.to_str().ok());
        named.is_some_and(|named| named.trim_start().to_ascii_lowercase().starts_with(EVENT_STREAM))
    }

    pub(super) fn into_parts(self) -> (StatusCode, HeaderMap, Bytes) {
        (self.status, self.headers, self.body)
    }
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

/// Calls model deployments as one principal, over connections that are kept between calls.
#[derive(Debug)]
pub struct Forwarder {
    client: Client,
    pools: Pools,
    repeatable: Paths,
}

impl Forwarder {
    /// Creates a forwarder that signs as `principal` by the clock `now`. It connects only to hosts
    /// that `trust` trusts and to addresses that `rule` allows. A POST to a custom path is retried
    /// only if the path is one of `repeatable`.
    pub fn new(
        rule: &EndpointRule,
        trust: &Trust,
        principal: Principal,
        now: fn() -> SystemTime,
        repeatable: Paths,
    ) -> Result<Self, TrustError> {
        let pools = Pools::new(rule.clone(), trust.clone())?;
        let client = Client::builder().http(pools.shared().clone()).now(now).retry(RETRY);
        Ok(Self { client: client.build_as(principal)?, pools, repeatable })
    }

    /// Returns the credentials that it would sign with now, which have not expired.
    pub(super) async fn credentials(&self) -> Result<Arc<Credentials>, Error> {
        Ok(self.client.credentials().await?)
    }

    /// Returns the client that signs and sends.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the options for a request that must end by `deadline`.
    pub fn options(deadline: time::Instant) -> RequestOptions {
        RequestOptions::default()
            .deadline(deadline)
            .attempt_timeout(ATTEMPT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .max_answer(BODY_LIMIT)
    }

    /// Connects to the deployment that the first call is expected to name.
    pub(super) fn preconnect(
        &self,
        to: &Endpoint,
    ) -> Option<impl Future<Output = ()> + Send + use<>> {
        let uri = to.uri();
        let http = self.pools.of(uri.host().unwrap_or_default(), to.ocid());
        self.client.preconnect(&http, &uri)
    }

    /// Signs and sends a request, and returns the whole answer, or an error, by `deadline`.
    pub(super) async fn send(
        &self,
        request: Request<Bytes>,
        to: &Upstream,
        until: Instant,
        timings: &mut RequestTimings,
    ) -> Result<Prediction, Error> {
        let (http, options) = self.sending(&request, to, until);
        let answer = self.client.send_over(&http, request, &options, timings).await;
        let (head, body) = checked(answer, to)?.into_parts();
        let trailers = head.extensions.get::<Trailers>();
        let prediction = Prediction { status: head.status, headers: head.headers, body };
        let failed = match to {
            Upstream::Deployment(_) => {
                trailers.is_some_and(|Trailers(trailers)| says_failed(trailers))
            }
            Upstream::Service(operation) => {
                prediction.status.is_success()
                    && prediction.is_stream()
                    && !operation.is_whole(&prediction.body)
            }
        };
        if failed { Err(at(to, Error::StreamFailed)) } else { Ok(prediction) }
    }

    /// Signs and sends, and brings the answer as soon as it begins, until then. Its body may pause for so long.
    pub(super) async fn open(
        &self,
        request: Request<Bytes>,
        to: &Upstream,
        (until, pause): (Instant, Duration),
        timings: &mut RequestTimings,
    ) -> Result<Response<AnswerBody>, Error> {
        let (http, options) = self.sending(&request, to, until);
        let options = options.read_timeout(pause);
        let answer = self.client.send_streaming_over(&http, request, &options, timings).await;
        checked(answer, to)
    }

    /// The connections that a request goes over, and how it is sent.
    fn sending(
        &self,
        request: &Request<Bytes>,
        to: &Upstream,
        until: Instant,
    ) -> (HttpClient, RequestOptions) {
        let options = Self::options(until.into_std());
        match to {
            Upstream::Deployment(to) => {
                let options = options
                    .retry_safety(self.retry_safety(request, to))
                    .attempt_timeout(attempt_timeout(to.action()));
                (self.pools.of(request.uri().host().unwrap_or_default(), to.ocid()), options)
            }
            Upstream::Service(to) => {
                let safety = service_retry_safety(request.method(), to);
                let options = options.retry_safety(safety).attempt_timeout(STREAM);
                (self.pools.of_service(to.authority()), options)
            }
        }
    }

    /// Predictions have no side effects, and GET, PUT and DELETE are idempotent; what another POST
    /// does is unknown.
    fn retry_safety(&self, request: &Request<Bytes>, to: &Endpoint) -> RetrySafety {
        let custom = match request.headers().get(ROUTE).map(HeaderValue::to_str) {
            Some(Ok(route)) => Some(route),
            // Not visible ASCII: the path is unknown.
            Some(Err(_)) => return RetrySafety::IfNotProcessed,
            None => Some(to.suffix()).filter(|suffix| !suffix.is_empty()),
        };
        if request.method() != Method::POST || custom.is_none_or(|path| self.repeatable.allow(path))
        {
            RetrySafety::Idempotent
        } else {
            RetrySafety::IfNotProcessed
        }
    }
}

/// Builds the request for an upstream.
pub(super) fn request(
    method: &Method,
    to: &Upstream,
    headers: HeaderMap,
    body: Bytes,
) -> Request<Bytes> {
    let mut request = Request::new(body);
    *request.method_mut() = method.clone();
    *request.uri_mut() = to.uri();
    *request.headers_mut() = headers;
    request
}

/// Returns an answer that a caller can use.
fn checked<B>(answer: Result<Response<B>, SendError>, to: &Upstream) -> Result<Response<B>, Error> {
    let answer = answer.map_err(|error| at(to, error.into()))?;
    check_status(answer.status(), to).map_err(|error| at(to, error))?;
    Ok(answer)
}

/// Names the upstream in an error.
fn at(to: &Upstream, error: Error) -> Error {
    match to {
        Upstream::Deployment(_) => error,
        Upstream::Service(_) => error.of_service(),
    }
}

/// What another service does with a POST or a PATCH, only the operator knows.
fn service_retry_safety(method: &Method, to: &Operation) -> RetrySafety {
    if matches!(*method, Method::POST | Method::PATCH) && !to.may_be_repeated() {
        RetrySafety::IfNotProcessed
    } else {
        RetrySafety::Idempotent
    }
}

/// Refuses an answer that no caller can use.
fn check_status(status: StatusCode, to: &Upstream) -> Result<(), Error> {
    match status {
        StatusCode::UNAUTHORIZED => Err(Error::Unauthenticated),
        // An entry may open `if-none-match` and its like.
        StatusCode::NOT_MODIFIED if matches!(to, Upstream::Service(_)) => Ok(()),
        _ if status.is_success() || status.is_client_error() || status.is_server_error() => Ok(()),
        _ => Err(Error::StatusUnusable(status)),
    }
}

/// Returns how long one attempt may take.
fn attempt_timeout(action: Action) -> Duration {
    match action {
        Action::Predict => ATTEMPT_TIMEOUT,
        Action::Stream => STREAM,
    }
}

/// Returns whether a stream ended with the report that it is incomplete.
pub(super) fn says_failed(trailers: &HeaderMap) -> bool {
    let nothing =
        |value: &HeaderValue| value.is_empty() || value.as_bytes().eq_ignore_ascii_case(b"false");
    trailers.get_all(STREAM_FAILURE).iter().any(|value| !nothing(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prediction_is_waited_for_as_long_as_the_service_does_and_a_stream_as_long_as_a_call() {
        assert_eq!(attempt_timeout(Action::Predict).as_secs(), 65);
        assert_eq!(attempt_timeout(Action::Stream).as_secs(), 3600);
    }

    #[test]
    fn a_trailer_without_a_word_is_no_failure() {
        for (said, failed) in [
            (&[][..], false),
            (&[""], false),
            (&["false"], false),
            (&["False"], false),
            (&["", "false"], false),
            (&["true"], true),
            (&["the model died"], true),
            (&["", "the model died"], true),
        ] {
            let name = http::HeaderName::from_static(STREAM_FAILURE);
            let values = said.iter().map(|text| (name.clone(), HeaderValue::from_static(text)));
            let trailers = values.fold(HeaderMap::new(), |mut trailers, (name, value)| {
                trailers.append(name, value);
                trailers
            });
            assert_eq!(says_failed(&trailers), failed, "{said:?}");
        }
    }
}
