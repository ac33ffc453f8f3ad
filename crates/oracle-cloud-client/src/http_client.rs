//! Connections for signed requests: with TLS only, without redirects, without proxy variables, and
//! without retries of a request that was not signed again.
//!
//! Source: docs/spec/oci-services.md#item-10.

use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolving};
use reqwest::{ClientBuilder, redirect, retry};

use super::names::{Resolve, SystemResolver};
use super::preconnect::PreconnectLayer;
use super::timings::Timed;
use super::trust::{Trust, TrustError};

/// Enough for a name look-up, a TCP connection and a TLS handshake within one region.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an unused connection is kept: less than the minute after which load balancers close it.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// Connections to services, which are kept between requests. Cheap to clone; the clones share the
/// connections.
///
/// ```
/// use oracle_cloud_client::{HttpClient, Trust};
///
/// let http = HttpClient::new(&Trust::public()?)?;
/// # Ok::<_, oracle_cloud_client::TrustError>(())
/// ```
#[derive(Clone, Debug)]
pub struct HttpClient {
    pub(super) inner: reqwest::Client,
    /// Whether it may also connect without TLS.
    pub(super) is_plain: bool,
}

impl HttpClient {
    /// Connects to hosts that `trust` trusts.
    ///
    /// ```
    /// # use oracle_cloud_client::{HttpClient, Trust};
    /// let http = HttpClient::new(&Trust::public()?)?;
    /// # Ok::<_, oracle_cloud_client::TrustError>(())
    /// ```
    ///
    /// # Errors
    /// [`TrustError::Client`] if the TLS library refuses its settings.
    pub fn new(trust: &Trust) -> Result<Self, TrustError> {
        Self::builder(trust).build()
    }

    /// Starts a client with a user agent, a resolver or addresses of your own.
    ///
    /// ```
    /// # use oracle_cloud_client::{HttpClient, Trust};
    /// let http = HttpClient::builder(&Trust::public()?).user_agent("billing/1.2").build()?;
    /// # Ok::<_, oracle_cloud_client::TrustError>(())
    /// ```
    pub fn builder(trust: &Trust) -> HttpClientBuilder {
        let agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
        let inner = reqwest::Client::builder()
            .tls_backend_preconfigured(trust.tls())
            .redirect(redirect::Policy::none())
            // Without retries the client keeps no copy of a request either.
            .retry(retry::never().max_retries_per_request(0))
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            .connector_layer(PreconnectLayer)
            .connector_layer(Timed)
            .user_agent(agent);
        HttpClientBuilder { inner, is_plain: false }.resolver(Arc::new(SystemResolver))
    }
}

/// A builder of an [`HttpClient`].
///
/// ```
/// use oracle_cloud_client::{HttpClient, Trust};
///
/// let builder = HttpClient::builder(&Trust::public()?);
/// let http = builder.user_agent("billing/1.2").build()?;
/// # Ok::<_, oracle_cloud_client::TrustError>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing is created before `build`"]
pub struct HttpClientBuilder {
    inner: ClientBuilder,
    is_plain: bool,
}

impl HttpClientBuilder {
    /// Sets the `user-agent`; by default `oracle-cloud-client/<version>`.
    ///
    /// ```
    /// # use oracle_cloud_client::{HttpClient, Trust};
    /// let http = HttpClient::builder(&Trust::public()?).user_agent("billing/1.2").build()?;
    /// # Ok::<_, oracle_cloud_client::TrustError>(())
    /// ```
    pub fn user_agent(self, agent: &str) -> Self {
        Self { inner: self.inner.user_agent(agent), ..self }
    }

    /// Sets the resolver of names; by default the system's.
    ///
    /// ```
    /// use std::error::Error;
    /// use std::net::{Ipv6Addr, SocketAddr};
    /// use std::sync::Arc;
    ///
    /// use oracle_cloud_client::{AddressDenied, HttpClient, Resolve, Trust};
    ///
    /// #[derive(Debug)]
    /// struct Nowhere;
    ///
    /// impl Resolve for Nowhere {
    ///     async fn resolve(
    ///         &self,
    ///         _: &str,
    ///     ) -> Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>> {
    ///         Err(AddressDenied.into())
    ///     }
    /// }
    ///
    /// let http = HttpClient::builder(&Trust::public()?).resolver(Arc::new(Nowhere)).build()?;
    /// # Ok::<_, oracle_cloud_client::TrustError>(())
    /// ```
    pub fn resolver(self, resolver: Arc<impl Resolve + 'static>) -> Self {
        Self { inner: self.inner.dns_resolver(Adapter(resolver)), ..self }
    }

    /// Sets the address of one name, before any resolver.
    ///
    /// ```
    /// # use oracle_cloud_client::{HttpClient, Trust};
    /// let here = ([127, 0, 0, 1], 8443).into();
    /// let http = HttpClient::builder(&Trust::public()?).address("a.example", here).build()?;
    /// # Ok::<_, oracle_cloud_client::TrustError>(())
    /// ```
    pub fn address(self, name: &str, address: SocketAddr) -> Self {
        Self { inner: self.inner.resolve(name, address), ..self }
    }

    /// Also connects without TLS, for services of this machine or on its own link. `localhost` then
    /// means this machine.
    pub(super) fn plain(self) -> Self {
        let this_machine = [([127, 0, 0, 1], 0).into(), (Ipv6Addr::LOCALHOST, 0).into()];
        let inner = self.inner.resolve_to_addrs("localhost", &this_machine);
        Self { inner, is_plain: true }
    }

    /// Creates the client.
    ///
    /// ```
    /// # use oracle_cloud_client::{HttpClient, Trust};
    /// let http = HttpClient::builder(&Trust::public()?).build()?;
    /// # Ok::<_, oracle_cloud_client::TrustError>(())
    /// ```
    ///
    /// # Errors
    /// [`TrustError::Client`] if the TLS library refuses its settings, or if the user agent is not
    /// a valid header value.
    pub fn build(self) -> Result<HttpClient, TrustError> {
        let Self { inner, is_plain } = self;
        let inner = inner.https_only(!is_plain).build();
        let inner = inner.map_err(|error| TrustError::Client(Box::new(error)))?;
        Ok(HttpClient { inner, is_plain })
    }
}

/// A resolver in the form that the HTTP library expects.
struct Adapter<R>(Arc<R>);

impl<R: Resolve + 'static> reqwest::dns::Resolve for Adapter<R> {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.0.clone();
        Box::pin(async move {
            let addresses: Addrs = Box::new(resolver.resolve(name.as_str()).await?.into_iter());
            Ok(addresses)
        })
    }
}
