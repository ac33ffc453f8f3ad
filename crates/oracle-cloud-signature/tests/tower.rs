//! Does the layer sign what passes, and pass the rest on as it is?
#![cfg(feature = "tower")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::future::{Ready, poll_fn, ready};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use http::{HeaderMap, Request};
use oracle_cloud_signature::tower::SignLayer;
use oracle_cloud_signature::{
    Credentials, CredentialsError, CredentialsErrorKind, CredentialsRequest, KeyId, PrivateKey,
    ProvideCredentials, SignError,
};
use tower_layer::Layer;
use tower_service::Service;

/// Answers with the headers that it was sent. Only what was polled may be called.
#[derive(Debug, Default)]
struct Echo {
    is_ready: bool,
}

impl Clone for Echo {
    fn clone(&self) -> Self {
        Self { is_ready: false }
    }
}

impl Service<Request<String>> for Echo {
    type Response = (HeaderMap, String);
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<String>) -> Self::Future {
        assert!(self.is_ready, "called without having been polled");
        let (head, body) = request.into_parts();
        ready(Ok((head.headers, body)))
    }
}

fn noon() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(43_200)
}

fn fixed() -> Arc<Credentials> {
    let key = PrivateKey::generate().unwrap();
    Arc::new(Credentials::api_key(KeyId::new("a/b/c").unwrap(), key))
}

fn request(uri: &str) -> Request<String> {
    Request::post(uri).body("{}".to_owned()).unwrap()
}

#[tokio::test]
async fn the_layer_signs_the_whole_body_by_its_clock_and_passes_it_on() {
    let mut service = SignLayer::new(fixed()).now(noon).layer(Echo::default());
    for _ in 0..2 {
        poll_fn(|context| service.poll_ready(context)).await.unwrap();
        let (headers, body) = service.call(request("https://example.com/")).await.unwrap();
        assert_eq!(
            (headers["date"].as_bytes(), body.as_str()),
            (&b"Thu, 01 Jan 1970 12:00:00 GMT"[..], "{}")
        );
        assert!(headers.contains_key("authorization") && headers.contains_key("x-content-sha256"));
    }
}

#[tokio::test]
async fn what_cannot_be_signed_is_not_sent_and_the_reason_is_kept() {
    let mut service = SignLayer::new(fixed()).layer(Echo::default());
    poll_fn(|context| service.poll_ready(context)).await.unwrap();
    let error = service.call(request("/path")).await.unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&SignError::Host));
}

/// Has nothing.
#[derive(Debug)]
struct Empty;

impl ProvideCredentials for Empty {
    async fn credentials(
        &self,
        _: CredentialsRequest,
    ) -> Result<Arc<Credentials>, CredentialsError> {
        Err(CredentialsError::new(CredentialsErrorKind::Unavailable, "nothing"))
    }
}

#[tokio::test]
async fn without_credentials_nothing_is_sent() {
    let mut service = SignLayer::new(Empty).layer(Echo::default());
    poll_fn(|context| service.poll_ready(context)).await.unwrap();
    let error = service.call(request("https://example.com/")).await.unwrap_err();
    let error = error.downcast_ref::<CredentialsError>().unwrap();
    assert_eq!(error.kind(), CredentialsErrorKind::Unavailable);
}
