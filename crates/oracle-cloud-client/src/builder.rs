//! The builder of a client.

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use http::HeaderValue;
use oracle_cloud_signature::{ProvideCredentials, SharedCredentials, sensitive_header};

use super::chain::{DefaultChain, environment};
use super::client::Client;
use super::clock::ServiceClock;
use super::error::Error;
use super::http_client::HttpClient;
use super::inner::Inner;
use super::options::RequestOptions;
use super::principal::Principal;
use super::region::{self, Regions};
use super::retry::Retry;
use super::send::Sender;
use super::source::Source;
use super::transport::Transport;
use super::trust::{Roots, Trust, TrustError};
use super::variables::Variables;

impl Client {
    /// Creates a client from the environment. Its credentials are those of the [`DefaultChain`],
    /// which also names its region. It trusts Mozilla's roots and those of `SSL_CERT_FILE`.
    ///
    /// ```no_run
    /// # async fn client() -> Result<(), oracle_cloud_client::Error> {
    /// let client = oracle_cloud_client::Client::from_env().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Credentials`] if a source is configured and cannot be used: it says which one, and
    /// which file and profile. [`Error::Request`] if a region or a root cannot be read.
    ///
    /// Source: docs/spec/oci-request-signing.md#choice.
    pub async fn from_env() -> Result<Self, Error> {
        Self::builder().build().await
    }

    /// Starts a client with credentials, a region, roots or options of your own.
    ///
    /// ```no_run
    /// # async fn client() -> Result<(), oracle_cloud_client::Error> {
    /// use oracle_cloud_client::Client;
    ///
    /// let client = Client::builder().region("eu-frankfurt-1").build().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }
}

/// A builder of clients.
///
/// ```
/// use std::sync::Arc;
///
/// use oracle_cloud_client::{Client, Credentials, KeyId, PrivateKey};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
/// let client = Client::builder().credentials(Arc::new(credentials)).build().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
#[must_use = "nothing is created before `build`"]
pub struct ClientBuilder {
    credentials: Option<SharedCredentials>,
    region: Option<String>,
    roots: Vec<Vec<u8>>,
    http: Option<HttpClient>,
    user_agent: Option<String>,
    options: RequestOptions,
    retry: Retry,
    now: Option<fn() -> SystemTime>,
    delegation: Option<HeaderValue>,
}

impl ClientBuilder {
    /// Sets the source of credentials; by default the [`DefaultChain`].
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use oracle_cloud_client::{Client, Credentials, KeyId, PrivateKey};
    /// let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
    /// let builder = Client::builder().credentials(Arc::new(credentials));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn credentials(self, source: impl ProvideCredentials + 'static) -> Self {
        Self { credentials: Some(SharedCredentials::new(source)), ..self }
    }

    /// Sets the region of [`Client::service`], as an identifier or a short code; by default that of
    /// the credentials.
    ///
    /// ```
    /// let builder = oracle_cloud_client::Client::builder().region("eu-frankfurt-1");
    /// ```
    pub fn region(self, region: impl Into<String>) -> Self {
        Self { region: Some(region.into()), ..self }
    }

    /// Adds roots, as a PEM bundle, to Mozilla's.
    ///
    /// ```no_run
    /// let pem = std::fs::read("/etc/pki/company.pem")?;
    /// let builder = oracle_cloud_client::Client::builder().roots_pem(pem);
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn roots_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots.push(pem.into());
        self
    }

    /// Sets the `user-agent`; by default `oracle-cloud-client/<version>`.
    ///
    /// ```
    /// let builder = oracle_cloud_client::Client::builder().user_agent("billing/1.2");
    /// ```
    pub fn user_agent(self, agent: impl Into<String>) -> Self {
        Self { user_agent: Some(agent.into()), ..self }
    }

    /// Sets the connections, which have a trust and a user agent of their own.
    ///
    /// ```
    /// use oracle_cloud_client::{Client, HttpClient, Trust};
    ///
    /// let builder = Client::builder().http(HttpClient::new(&Trust::public()?)?);
    /// # Ok::<_, oracle_cloud_client::TrustError>(())
    /// ```
    pub fn http(self, http: HttpClient) -> Self {
        Self { http: Some(http), ..self }
    }

    /// Sets the options of every request that has none of its own.
    ///
    /// ```
    /// use oracle_cloud_client::{Client, RequestOptions};
    ///
    /// let options = RequestOptions::default().max_answer(1_000_000);
    /// let builder = Client::builder().options(options);
    /// ```
    pub fn options(self, options: RequestOptions) -> Self {
        Self { options, ..self }
    }

    /// Sets when requests are retried.
    ///
    /// ```
    /// use oracle_cloud_client::{Client, Retry};
    ///
    /// let builder = Client::builder().retry(Retry::NEVER);
    /// ```
    pub fn retry(self, retry: Retry) -> Self {
        Self { retry, ..self }
    }

    /// Sets the clock; by default the machine's.
    ///
    /// ```
    /// use std::time::SystemTime;
    ///
    /// let builder = oracle_cloud_client::Client::builder().now(|| SystemTime::UNIX_EPOCH);
    /// ```
    pub fn now(self, now: fn() -> SystemTime) -> Self {
        Self { now: Some(now), ..self }
    }

    /// Acts for a user who delegated it, in every request of the client's services. See
    /// [`RequestBuilder::delegation_token`](super::RequestBuilder::delegation_token).
    ///
    /// ```
    /// let builder = oracle_cloud_client::Client::builder().delegation_token("eyJ...")?;
    /// # Ok::<_, oracle_cloud_client::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Request`] for a token that a header cannot have.
    pub fn delegation_token(self, token: &str) -> Result<Self, Error> {
        let value = sensitive_header([token]);
        let value = value
            .ok_or_else(|| Error::request("the delegation token cannot be sent in a header"))?;
        Ok(Self { delegation: Some(value), ..self })
    }

    /// Creates the client. Whatever was not set comes from the environment.
    ///
    /// ```no_run
    /// # async fn client() -> Result<(), oracle_cloud_client::Error> {
    /// let client = oracle_cloud_client::Client::builder().build().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The same as [`Client::from_env`].
    pub async fn build(self) -> Result<Client, Error> {
        let mut vars = Variables::new(&environment);
        let (regions, bundle) = (Regions::read(&mut vars), vars.text("SSL_CERT_FILE"));
        let region = region::from_vars(&mut vars, "OCI_CLI_REGION");
        let otherwise = region::from_vars(&mut vars, "OCI_REGION");
        let read = vars.finish(Some((regions, bundle, region, otherwise)));
        let (regions, bundle, region, otherwise) = read.map_err(Error::request)?;
        let source = match &self.credentials {
            Some(credentials) => Source::Shared(credentials.clone()),
            None => Source::Principal(DefaultChain::from_env()?.into_principal().await?.into()),
        };
        let http = match &self.http {
            Some(http) => http.clone(),
            None => self.connections(bundle).map_err(Error::request)?,
        };
        // It overrides the region of every source.
        let builder = Self { region: self.region.or(region), ..self };
        let inner = Inner { otherwise, ..builder.inner(source, regions, http) };
        Ok(Client(Arc::new(inner)))
    }

    /// Creates a client that signs as a principal that is loaded already. The environment is not
    /// read.
    ///
    /// ```
    /// use oracle_cloud_client::{Client, HttpClient, Principal, Trust};
    ///
    /// let var = |name: &str| (name == "OCI_CLI_AUTH").then(|| "instance_principal".to_owned());
    /// let principal = Principal::from_vars(&var, std::time::SystemTime::now())?;
    /// let http = HttpClient::new(&Trust::public()?)?;
    /// let client = Client::builder().http(http).build_as(principal)?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`TrustError`] if no connections were set and none can be created.
    pub fn build_as(self, principal: Principal) -> Result<Client, TrustError> {
        let regions = principal.regions().clone();
        let http = match &self.http {
            Some(http) => http.clone(),
            None => self.connections(None)?,
        };
        Ok(Client(Arc::new(self.inner(Source::Principal(principal.into()), regions, http))))
    }

    /// Creates connections that trust Mozilla's roots, the added ones, and those of a bundle.
    fn connections(&self, bundle: Option<String>) -> Result<HttpClient, TrustError> {
        let mut roots = Roots::none();
        for pem in &self.roots {
            roots.extend(Roots::from_pem(pem)?);
        }
        if let Some(bundle) = bundle {
            roots.extend(Roots::read(bundle.as_ref())?);
        }
        let trust = Trust::with_roots(&roots)?;
        let http = HttpClient::builder(&trust);
        let http = match &self.user_agent {
            Some(agent) => http.user_agent(agent),
            None => http,
        };
        http.build()
    }

    #[expect(clippy::disallowed_methods, reason = "the default of a clock that can be set")]
    fn inner(self, source: Source, regions: Regions, http: HttpClient) -> Inner {
        let clock = ServiceClock::new(self.now.unwrap_or(SystemTime::now));
        let sender = Sender { source, clock, transport: Transport::default(), retry: self.retry };
        let Self { region, user_agent, options, delegation, .. } = self;
        let loopback = OnceLock::new();
        Inner {
            sender,
            http,
            options,
            region,
            otherwise: None,
            regions,
            user_agent,
            delegation,
            loopback,
        }
    }
}
