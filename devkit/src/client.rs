//! An HTTP/1.1 client for the commands: https to anywhere, plain http to this machine only. It follows no redirect and heeds no
//! proxy, so that a token goes nowhere else than where it was sent.

use std::error::Error as StdError;
use std::iter::successors;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, io};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::header::{HOST, HeaderMap};
use hyper::http::response::Parts;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// The longest that a name, a connection or a TLS handshake is waited for.
const CONNECT: Duration = Duration::from_secs(10);
/// The longest that an answer is waited for: the longest timeout of a function, and some.
const PATIENCE: Duration = Duration::from_secs(310);
/// The largest answer that is read, in bytes: more than a function may give.
const ANSWER_LIMIT: usize = 10 * 1024 * 1024;

/// The variable that names further roots.
pub(crate) const ROOTS: &str = "SSL_CERT_FILE";

/// Why there is no answer, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("`{0}` is no URL; expected `https://host/path`")]
    Url(String),
    #[error("`{0}` is plain http to another machine; expected https")]
    Plain(String),
    #[error("the PEM bundle {path}, named by {ROOTS}, cannot be used: {1}", path = .0.display())]
    Roots(PathBuf, String),
    #[error("the name `{0}` is not found: {1}")]
    Name(String, String),
    #[error(
        "no connection to {0}: {1}; is it the right host, and does a firewall let this machine reach it?"
    )]
    Connect(String, String),
    #[error("no TLS connection to {0}: {1}; a private certificate authority is named by {ROOTS}")]
    Tls(String, String),
    #[error("the request cannot be made: {0}")]
    Request(String),
    #[error("{0} does not answer within {secs} s", secs = .1.as_secs())]
    Silent(String, Duration),
    #[error("the answer of {0} broke off: {1}")]
    Broken(String, String),
}

/// What a service answered, whole.
#[derive(Debug)]
pub(crate) struct Answered {
    /// The status.
    pub(crate) status: u16,
    headers: HeaderMap,
    /// The body.
    pub(crate) body: Bytes,
    /// What took how long.
    pub(crate) phases: Phases,
}

/// How long each part of a request took, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phases {
    /// The name and the connection.
    pub(crate) connect: Duration,
    /// The TLS handshake; next to nothing without TLS.
    pub(crate) tls: Duration,
    /// From the request to the head of the answer.
    pub(crate) wait: Duration,
    /// The rest of the answer.
    pub(crate) read: Duration,
}

impl Answered {
    /// The first value of a header, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body, for a person.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A client with the roots that it trusts. Every request has a connection of its own.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    tls: Arc<ClientConfig>,
}

impl Client {
    /// Trusts Mozilla's roots and those of the PEM bundle, if one is named.
    pub(crate) fn new(bundle: Option<&Path>) -> Result<Self, Error> {
        let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = bundle {
            let refused = |why: String| Error::Roots(path.to_owned(), why);
            let pem = fs::read(path).map_err(|error| refused(error.to_string()))?;
            let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
            let certificates = certificates.map_err(|error| refused(error.to_string()))?;
            if store.add_parsable_certificates(certificates).0 == 0 {
                return Err(refused("it holds no certificate".to_owned()));
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider speaks TLS 1.2 and 1.3");
        Ok(Self { tls: Arc::new(config.with_root_certificates(store).with_no_client_auth()) })
    }

    /// One request: 10 s for each step of the connection, 310 s for the answer.
    pub(crate) async fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, String)],
        body: impl Into<Bytes>,
    ) -> Result<Answered, Error> {
        let start = Instant::now();
        let target = Target::parse(url)?;
        let stream = target.connect().await?;
        let connected = Instant::now();
        let uri: &Uri = &target.uri;
        let path = uri.path_and_query().map_or("/", |target| target.as_str());
        let request = Request::builder().method(method).uri(path).header(HOST, &target.authority);
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        let request = request
            .body(Full::new(body.into()))
            .map_err(|error| Error::Request(error.to_string()))?;
        let exchange = async {
            if target.secure {
                let name = ServerName::try_from(target.host.clone())
                    .map_err(|_invalid| Error::Url(url.to_owned()))?;
                let handshake = TlsConnector::from(self.tls.clone()).connect(name, stream);
                let stream = timeout(CONNECT, handshake)
                    .await
                    .unwrap_or_else(|_elapsed| Err(io::ErrorKind::TimedOut.into()))
                    .map_err(|error| Error::Tls(target.host.clone(), error.to_string()))?;
                exchange(&target.host, stream, request).await
            } else {
                exchange(&target.host, stream, request).await
            }
        };
        let answered = timeout(PATIENCE, exchange).await;
        let (head, body, [secured, waited, read]) =
            answered.map_err(|_elapsed| Error::Silent(target.host.clone(), PATIENCE))??;
        let phases = Phases {
            connect: connected - start,
            tls: secured - connected,
            wait: waited - secured,
            read: read - waited,
        };
        Ok(Answered { status: head.status.as_u16(), headers: head.headers, body, phases })
    }
}

/// Where a URL leads.
#[derive(Debug)]
struct Target {
    uri: Uri,
    authority: String,
    host: String,
    port: u16,
    secure: bool,
}

impl Target {
    fn parse(url: &str) -> Result<Self, Error> {
        let wrong = || Error::Url(url.to_owned());
        let uri: Uri = url.parse().map_err(|_invalid| wrong())?;
        let authority = uri.authority().ok_or_else(wrong)?.as_str().to_owned();
        let host = uri.host().ok_or_else(wrong)?.trim_matches(['[', ']']).to_owned();
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if is_this_machine(&host) => false,
            Some("http") => return Err(Error::Plain(url.to_owned())),
            _ => return Err(wrong()),
        };
        if authority.contains('@') {
            return Err(wrong());
        }
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        Ok(Self { uri, authority, host, port, secure })
    }

    async fn connect(&self) -> Result<TcpStream, Error> {
        let slow = |_elapsed| io::Error::from(io::ErrorKind::TimedOut);
        let found = timeout(CONNECT, lookup_host((self.host.as_str(), self.port))).await;
        let found = found.map_err(slow).and_then(|found| found);
        let found = found.map_err(|error| Error::Name(self.host.clone(), error.to_string()))?;
        let addresses: Vec<_> = found.collect();
        let connected = timeout(CONNECT, async {
            let mut last = io::Error::from(io::ErrorKind::NotFound);
            for address in addresses {
                match TcpStream::connect(address).await {
                    Ok(stream) => return Ok(stream),
                    Err(error) => last = error,
                }
            }
            Err(last)
        });
        let connected = connected.await.map_err(slow).and_then(|connected| connected);
        let stream =
            connected.map_err(|error| Error::Connect(self.authority.clone(), error.to_string()))?;
        drop(stream.set_nodelay(true));
        Ok(stream)
    }
}

/// Whether a host is this machine, which plain http does not leave.
pub(crate) fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// The answer's head and body, and when there was a connection, a head and a body.
async fn exchange(
    host: &str,
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Result<(Parts, Bytes, [Instant; 3]), Error> {
    let secured = Instant::now();
    let broken = |error: &(dyn StdError + 'static)| Error::Broken(host.to_owned(), chain(error));
    let (mut sender, connection) =
        handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
    let mut connections = JoinSet::new();
    connections.spawn(connection);
    let answer = sender.send_request(request).await.map_err(|error| broken(&error))?;
    let waited = Instant::now();
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, ANSWER_LIMIT).collect().await;
    let body = body.map_err(|error| broken(&*error))?.to_bytes();
    Ok((head, body, [secured, waited, Instant::now()]))
}

/// An error with its causes.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let causes = successors(Some(error), |error| StdError::source(*error));
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
