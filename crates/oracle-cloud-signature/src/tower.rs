//! A layer that signs requests. Their bodies must be whole, since they are hashed.

use std::error::Error;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use http::Request;
use tower_layer::Layer;
use tower_service::Service;

use super::body::SignableBody;
use super::params::SigningParams;
use super::provide::{CredentialsRequest, ProvideCredentials, SharedCredentials};
use super::signature::sign;

type BoxError = Box<dyn Error + Send + Sync>;

/// A layer that puts a [`Sign`] around a service.
///
/// ```
/// use std::convert::Infallible;
/// use std::sync::Arc;
///
/// use http::{Request, Response};
/// use oracle_cloud_signature::tower::SignLayer;
/// use oracle_cloud_signature::{Credentials, KeyId, PrivateKey};
/// use tower_layer::Layer;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// #[derive(Clone)]
/// struct Http;
/// impl tower_service::Service<Request<Vec<u8>>> for Http {
///     // Sends the request.
/// #   type Response = Response<Vec<u8>>;
/// #   type Error = Infallible;
/// #   type Future = std::future::Ready<Result<Self::Response, Infallible>>;
/// #   fn poll_ready(
/// #       &mut self,
/// #       _: &mut std::task::Context<'_>,
/// #   ) -> std::task::Poll<Result<(), Infallible>> {
/// #       std::task::Poll::Ready(Ok(()))
/// #   }
/// #   fn call(&mut self, _: Request<Vec<u8>>) -> Self::Future {
/// #       std::future::ready(Ok(Response::new(Vec::new())))
/// #   }
/// }
/// let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
/// let signing = SignLayer::new(Arc::new(credentials)).layer(Http);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SignLayer {
    credentials: SharedCredentials,
    now: fn() -> SystemTime,
}

impl SignLayer {
    /// Signs with credentials of `source`, by the machine's clock.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use oracle_cloud_signature::tower::SignLayer;
    /// # use oracle_cloud_signature::{Credentials, KeyId, PrivateKey};
    ///
    /// # let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
    /// let layer = SignLayer::new(Arc::new(credentials));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[expect(clippy::disallowed_methods, reason = "the default of a clock that can be set")]
    pub fn new(source: impl ProvideCredentials + 'static) -> Self {
        Self { credentials: SharedCredentials::new(source), now: SystemTime::now }
    }

    /// Signs by another clock.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use oracle_cloud_signature::tower::SignLayer;
    /// # use oracle_cloud_signature::{Credentials, KeyId, PrivateKey};
    ///
    /// # let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
    /// let layer = SignLayer::new(Arc::new(credentials)).now(|| std::time::SystemTime::UNIX_EPOCH);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn now(self, now: fn() -> SystemTime) -> Self {
        Self { now, ..self }
    }
}

impl<S> Layer<S> for SignLayer {
    type Service = Sign<S>;

    fn layer(&self, inner: S) -> Sign<S> {
        Sign { inner, layer: self.clone() }
    }
}

/// A service that signs requests before it passes them on. A 401 is returned as it is.
///
/// ```
/// # use std::sync::Arc;
/// use oracle_cloud_signature::tower::{Sign, SignLayer};
/// # use oracle_cloud_signature::{Credentials, KeyId, PrivateKey};
/// use tower_layer::Layer;
///
/// # let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
/// let layer = SignLayer::new(Arc::new(credentials));
/// let signing: Sign<&str> = layer.layer("a service of HTTP requests");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sign<S> {
    inner: S,
    layer: SignLayer,
}

impl<S, B> Service<Request<B>> for Sign<S>
where
    S: Service<Request<B>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
    B: AsRef<[u8]> + Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The clone may not be ready; the service that was polled is.
        let next = self.inner.clone();
        let mut ready = mem::replace(&mut self.inner, next);
        let SignLayer { credentials, now } = self.layer.clone();
        Box::pin(async move {
            let time = now();
            let credentials: Arc<_> = credentials.credentials(CredentialsRequest::at(time)).await?;
            let (mut head, body) = request.into_parts();
            let params = SigningParams::new(&credentials, time);
            sign(&mut head, SignableBody::Bytes(body.as_ref()), &params)?;
            ready.call(Request::from_parts(head, body)).await.map_err(Into::into)
        })
    }
}
