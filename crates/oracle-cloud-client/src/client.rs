//! A client of any Oracle Cloud service: it makes services, and sends requests that exist already.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Request, Response, Uri};
use oracle_cloud_signature::{Credentials, CredentialsError};
use reqwest::Url;

use super::answer_body::AnswerBody;
use super::body::Body;
use super::error::Error;
use super::http_client::HttpClient;
use super::inner::Inner;
use super::message::{SendError, is_loopback, plain};
use super::options::RequestOptions;
use super::principal::Principal;
use super::region::is_name;
use super::service::Service;
use super::source::Source;
use super::timings::RequestTimings;

/// How long to wait for credentials outside a request.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(60);

/// A client of any Oracle Cloud service. Cheap to clone; the clones share credentials and
/// connections. Use it in the runtime that it was created in.
///
/// ```no_run
/// # async fn namespace() -> Result<(), oracle_cloud_client::Error> {
/// let client = oracle_cloud_client::Client::from_env().await?;
/// let storage = client.service("objectstorage").await?;
/// let namespace: String = storage.get("/n/").send().await?.json()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Client(pub(super) Arc<Inner>);

impl Client {
    /// Returns a service in the client's region, by the first part of its host: `objectstorage`,
    /// `iaas`, `nosql`, `secrets.vaults`. The region is the builder's, or the one that the source
    /// of credentials knows.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// let storage = client.service("objectstorage").await?;
    /// assert_eq!(storage.url(), "https://objectstorage.eu-frankfurt-1.oraclecloud.com");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Request`] if no region is known or the name cannot be a service's;
    /// [`Error::Credentials`] if an instance cannot fetch its region.
    pub async fn service(&self, name: &str) -> Result<Service, Error> {
        let Inner { sender, region, otherwise, regions, .. } = &*self.0;
        let region = match region {
            Some(region) => Some(region.clone()),
            None => sender.source.region().await?.or_else(|| otherwise.clone()),
        };
        let region = region.ok_or_else(|| {
            Error::request(
                "no region is known; expected one in the builder, the profile or OCI_REGION",
            )
        })?;
        if !is_name(&region) {
            return Err(Error::request("the region is not a name such as `eu-frankfurt-1`"));
        }
        let region = regions.identifier(&region);
        let host = regions.service_host(name, &region, None).ok_or_else(|| {
            Error::request("the service is not the first part of a host, such as `objectstorage`")
        })?;
        self.endpoint(&format!("https://{host}"))
    }

    /// Returns a service at a base URL of your own: a queue's messages endpoint, a private
    /// endpoint, or a test double at `http://127.0.0.1`. Without TLS only this machine may be
    /// called.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use oracle_cloud_client::{Client, Credentials, KeyId, PrivateKey};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
    /// # let client = Client::builder().credentials(Arc::new(credentials)).build().await?;
    /// assert!(client.endpoint("https://service.example/20180418").is_ok());
    /// assert!(client.endpoint("http://127.0.0.1:8080").is_ok());
    /// assert!(client.endpoint("http://service.example").is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Request`] if it is not such a URL, or has a user, a query or a fragment.
    pub fn endpoint(&self, url: &str) -> Result<Service, Error> {
        let expected = "the endpoint is not an `https` URL without user, query and fragment, or `http` on this machine";
        let parsed = Url::parse(url).map_err(|_not_a_url| Error::request(expected))?;
        let bare = parsed.username().is_empty()
            && parsed.password().is_none()
            && parsed.query().is_none()
            && parsed.fragment().is_none();
        let http = match parsed.scheme() {
            "https" if bare => self.0.http.clone(),
            "http" if bare && is_loopback(&parsed) => self.0.loopback().map_err(Error::request)?,
            _ => return Err(Error::request(expected)),
        };
        Ok(Service::new(self.0.clone(), http, url.trim_end_matches('/')))
    }

    /// Sends a request that exists already and returns its answer, whatever its status. Host and
    /// path are sent unchanged, or not at all. A default port is omitted, and forbidden characters
    /// in a query are encoded.
    ///
    /// After a first 401 the clock is compared with the service's, the credentials are renewed, and
    /// the request is signed again. A second 401 is returned.
    ///
    /// ```no_run
    /// use http::Request;
    /// use oracle_cloud_client::{Client, RequestOptions};
    ///
    /// # async fn send(client: Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let request = Request::get("https://iaas.eu-frankfurt-1.oraclecloud.com/20160918/vcns");
    /// let answer = client.send_with(request.body(())?, &RequestOptions::default()).await?;
    /// println!("{} {} bytes", answer.status(), answer.body().len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SendError`] if it could not be signed or no whole answer arrived.
    ///
    /// Source: docs/spec/oci-request-signing.md#refusals.
    pub async fn send_with(
        &self,
        request: Request<impl Into<Body>>,
        options: &RequestOptions,
    ) -> Result<Response<Bytes>, SendError> {
        let timings = &mut RequestTimings::default();
        self.send_over(&self.0.http, request, options, timings).await
    }

    /// Does the same over connections of `http`. Its durations are added to `timings`, also after a
    /// failure.
    ///
    /// ```no_run
    /// use http::Request;
    /// use oracle_cloud_client::{Client, HttpClient, Phase, RequestOptions, RequestTimings};
    ///
    /// # async fn send(client: Client, http: HttpClient)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let request = Request::get("https://service.example/").body(())?;
    /// let mut timings = RequestTimings::default();
    /// let sent = client.send_over(&http, request, &RequestOptions::default(), &mut timings).await;
    /// println!("waited {:?} in {} attempts", timings.time(Phase::Wait), timings.attempts());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The same as [`send_with`](Self::send_with).
    pub async fn send_over(
        &self,
        http: &HttpClient,
        request: Request<impl Into<Body>>,
        options: &RequestOptions,
        timings: &mut RequestTimings,
    ) -> Result<Response<Bytes>, SendError> {
        self.0.sender.send(http, request, options, timings, None).await
    }

    /// The same as soon as the answer begins. The body of a success is still to come; any other is
    /// whole, so that what passes was tried again before. What breaks off later is an error of the
    /// body, and not tried again; `timings` end where the body begins.
    ///
    /// ```no_run
    /// use http::Request;
    /// use http_body_util::BodyExt;
    /// use oracle_cloud_client::{Client, HttpClient, RequestOptions, RequestTimings};
    ///
    /// # async fn send(client: Client, http: HttpClient)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let request = Request::get("https://service.example/").body(())?;
    /// let (options, timings) = (RequestOptions::default(), &mut RequestTimings::default());
    /// let answer = client.send_streaming_over(&http, request, &options, timings).await?;
    /// let (status, mut body) = (answer.status(), answer.into_body());
    /// while let Some(frame) = body.frame().await.transpose()? {
    ///     println!("{status}: {frame:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The same as [`send_with`](Self::send_with).
    pub async fn send_streaming_over(
        &self,
        http: &HttpClient,
        request: Request<impl Into<Body>>,
        options: &RequestOptions,
        timings: &mut RequestTimings,
    ) -> Result<Response<AnswerBody>, SendError> {
        let mut body = None;
        let sink = Some(&mut body);
        let answer = self.0.sender.send(http, request, options, timings, sink).await?;
        Ok(AnswerBody::joined(answer, body, options.read_timeout))
    }

    /// Connects `http` to where the first request is expected to go, without sending anything;
    /// `None` if that is not an `https` URL in its plain form. Run the future beside the calls. The
    /// next request uses the connection if it goes there, and cancels it if it goes elsewhere.
    ///
    /// ```no_run
    /// # use oracle_cloud_client::{Client, HttpClient};
    /// # async fn connect(client: Client, http: HttpClient)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// if let Some(connecting) = client.preconnect(&http, &"https://service.example/".parse()?) {
    ///     tokio::spawn(connecting);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn preconnect(
        &self,
        http: &HttpClient,
        to: &Uri,
    ) -> Option<impl Future<Output = ()> + Send + use<>> {
        let to = plain(to, http.is_plain).ok()?;
        Some(self.0.sender.transport.preconnect.start(http.inner.clone(), to))
    }

    /// Cancels a connection that no request has used.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// client.cancel_preconnect();
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel_preconnect(&self) {
        self.0.sender.transport.preconnect.cancel();
    }

    /// Returns the credentials that it would sign with now. It waits for at most 60 s.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// println!("until {:?}", client.credentials().await?.expires());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If there are no valid ones and none could be fetched in time.
    pub async fn credentials(&self) -> Result<Arc<Credentials>, CredentialsError> {
        let until = RequestOptions::default().timeout(CREDENTIALS_TIMEOUT).until();
        self.0.sender.source.credentials(None, self.now(), until).await
    }

    /// Returns the principal that it signs as, if it was built with one.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// let source = client.principal().map(|principal| principal.source());
    /// # Ok(())
    /// # }
    /// ```
    pub fn principal(&self) -> Option<&Principal> {
        match &self.0.sender.source {
            Source::Principal(principal) => Some(principal),
            Source::Shared(_) => None,
        }
    }

    /// Returns the current time, by the machine's clock.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// let now = client.now();
    /// # Ok(())
    /// # }
    /// ```
    pub fn now(&self) -> SystemTime {
        self.0.sender.clock.now()
    }

    /// Returns by how many seconds the clocks of services are ahead of the machine's, by host and
    /// port. Services whose clocks agree are left out.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// for (service, seconds) in client.clock_differences() {
    ///     println!("{service} is ahead by {seconds} s");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: docs/spec/oci-request-signing.md#clock.
    pub fn clock_differences(&self) -> Vec<(String, i64)> {
        self.0.sender.clock.differences()
    }
}
