//! Sends a checked, signed request to a model deployment, and what it brings back.
//!
//! Source: docs/spec/oci-services.md#item-8.

use std::sync::Arc;
use std::time::{self, Duration, SystemTime};

use bytes::Bytes;
use http::header::HeaderMap;
use http::{HeaderValue, Method, Request, StatusCode};
use tokio::time::Instant;

use super::endpoint::Action;
use super::endpoint::{Endpoint, EndpointRule};
use super::error::Error;
use super::path::Paths;
use super::pools::Pools;
use super::target::ROUTE;
use fn_fdk::BODY_LIMIT;
use oracle_cloud_client::{
    Client, Credentials, Principal, RequestOptions, RequestTimings, Retry, RetrySafety, Trailers,
    Trust, TrustError,
};

/// What a deployment that fails for a moment is given: waits of 50 ms, 100 ms, 200 ms ... between eight tries, 6.4 s in all.
/// One whose model failed is asked once more, and one that asks for more than 10 s by `Retry-After` has its answer passed on.
const RETRY: Retry = Retry::new()
    .attempts_after_500(2)
    .attempts_if_large(3)
    .attempts_without_connection(8)
    .first_wait(Duration::from_millis(50))
    .longest_wait(Duration::from_secs(10));
/// A deployment answers within 60 s or not at all.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(65);
/// How long an answer of announced length may pause: it exists already, so that only a dead peer
/// falls silent.
const READ_TIMEOUT: Duration = Duration::from_secs(3);
/// A stream may take as long as any call; anything else is given up by the service itself after 60 s.
const STREAM: Duration = Duration::from_secs(3600);
/// What a deployment says after a stream that it could not finish.
const STREAM_FAILURE: &str = "streamfailure";

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

/// Calls model deployments, as one principal, over connections that it keeps between calls.
#[derive(Debug)]
pub struct Forwarder {
    client: Client,
    pools: Pools,
    repeatable: Paths,
}

impl Forwarder {
    /// A forwarder that signs as `principal` by the clock `now`, connects only to hosts that `trust`
    /// trusts and addresses that `rule` allows, and repeats a POST to a custom path only if it is one
    /// of `repeatable`.
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

    /// What it would sign with now, which has not expired.
    pub(super) async fn credentials(&self) -> Result<Arc<Credentials>, Error> {
        Ok(self.client.credentials().await?)
    }

    /// What signs and sends.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// How a request is sent that has until `deadline`.
    pub fn options(deadline: time::Instant) -> RequestOptions {
        RequestOptions::default()
            .deadline(deadline)
            .attempt_timeout(ATTEMPT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .max_answer(BODY_LIMIT)
    }

    /// Connects to where the first call is expected to go.
    pub(super) fn preconnect(
        &self,
        to: &Endpoint,
    ) -> Option<impl Future<Output = ()> + Send + use<>> {
        let uri = to.uri();
        let http = self.pools.of(uri.host().unwrap_or_default(), to.ocid());
        self.client.preconnect(&http, &uri)
    }

    /// Signs and sends, and brings the answer back: all of it, or an error, until then.
    pub(super) async fn send(
        &self,
        request: Request<Bytes>,
        to: &Endpoint,
        until: Instant,
        timings: &mut RequestTimings,
    ) -> Result<Prediction, Error> {
        let options = Self::options(until.into_std())
            .retry_safety(self.retry_safety(&request, to))
            .attempt_timeout(attempt_timeout(to.action()));
        let http = self.pools.of(request.uri().host().unwrap_or_default(), to.ocid());
        let answer = self.client.send_over(&http, request, &options, timings).await?;
        let (head, body) = answer.into_parts();
        let status = head.status;
        if status == StatusCode::UNAUTHORIZED {
            return Err(Error::Unauthenticated);
        }
        if !(status.is_success() || status.is_client_error() || status.is_server_error()) {
            return Err(Error::StatusUnusable(status));
        }
        if head.extensions.get::<Trailers>().is_some_and(says_failed) {
            return Err(Error::StreamFailed);
        }
        Ok(Prediction { status, headers: head.headers, body })
    }

    /// A prediction does nothing but answer, and GET, PUT and DELETE do the same twice; what another POST does, nobody knows.
    fn retry_safety(&self, request: &Request<Bytes>, to: &Endpoint) -> RetrySafety {
        let custom = match request.headers().get(ROUTE).map(HeaderValue::to_str) {
            Some(Ok(route)) => Some(route),
            // Nobody knows what it names.
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

/// The request for a deployment.
pub(super) fn request(
    method: &Method,
    to: &Endpoint,
    headers: HeaderMap,
    body: Bytes,
) -> Request<Bytes> {
    let mut request = Request::new(body);
    *request.method_mut() = method.clone();
    *request.uri_mut() = to.uri();
    *request.headers_mut() = headers;
    request
}

/// The longest that one attempt may take.
fn attempt_timeout(action: Action) -> Duration {
    match action {
        Action::Predict => ATTEMPT_TIMEOUT,
        Action::Stream => STREAM,
    }
}

/// Whether a stream ended with the word that it is not whole.
fn says_failed(Trailers(trailers): &Trailers) -> bool {
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
            assert_eq!(says_failed(&Trailers(trailers)), failed, "{said:?}");
        }
    }
}
