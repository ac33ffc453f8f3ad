//! An HTTP/1.1 client for the commands: https to anywhere, plain http to this machine only. It follows no redirect, so that a token
//! goes nowhere else than where it was sent.

use std::error::Error as StdError;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, io};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::header::{HOST, HeaderMap, HeaderValue};
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
use tokio_rustls::rustls::{ClientConfig, Error as TlsError, InvalidMessage, RootCertStore};

use crate::error_chain::chain;
use crate::input::MARK;
use crate::loopback::is_this_machine;
use crate::proxy::{self, Proxy};

/// The longest that a name, a connection or a TLS handshake is waited for.
const CONNECT: Duration = Duration::from_secs(10);
/// The longest that an answer is waited for, where nobody has to compute it.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest that a prediction is waited for: the longest timeout of a function, and some.
pub(crate) const PREDICTION: Duration = Duration::from_secs(310);
/// The largest answer that is read, in bytes: more than a function may give.
const ANSWER_LIMIT: usize = 10 * 1024 * 1024;

/// The variable that names further roots.
pub(crate) const ROOTS: &str = "SSL_CERT_FILE";

/// Why there is no answer, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("`{0}` is no URL; expected `https://host/path`")]
    Url(String),
    #[error("the URL has a user or password in it; leave it out")]
    UserInfo,
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
    #[error("{0} does not speak TLS there; is it the right port?")]
    NoTls(String),
    #[error(transparent)]
    Proxy(#[from] proxy::Error),
    #[error("the value for the header `{0}` cannot be sent; expected one line of visible ASCII")]
    Header(String),
    #[error("the request cannot be made: {0}")]
    Request(String),
    #[error("{0} does not answer within {secs} s", secs = .1.as_secs())]
    Silent(String, Duration),
    #[error("the answer of {0} broke off: {1}")]
    Broken(String, String),
}

impl Error {
    /// 2 where nothing was asked because of what the user gave, otherwise 3.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Url(_)
            | Self::UserInfo
            | Self::Plain(_)
            | Self::Roots(..)
            | Self::Header(_)
            | Self::Request(_) => 2,
            Self::Name(..)
            | Self::Connect(..)
            | Self::Tls(..)
            | Self::NoTls(_)
            | Self::Silent(..)
            | Self::Broken(..) => 3,
            Self::Proxy(error) => error.exit_code(),
        }
    }
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

    /// An answer that nobody gave.
    #[cfg(test)]
    pub(crate) fn of(status: u16, body: String) -> Self {
        let phases = Phases {
            connect: Duration::ZERO,
            tls: Duration::ZERO,
            wait: Duration::ZERO,
            read: Duration::ZERO,
        };
        Self { status, headers: HeaderMap::new(), body: body.into(), phases }
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
    proxy: Option<Proxy>,
    patience: Duration,
}

impl Client {
    /// Trusts Mozilla's roots and those of the PEM bundle that `SSL_CERT_FILE` names, unless it is empty, and goes through the proxy
    /// that `HTTPS_PROXY` names.
    pub(crate) fn from_vars(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let bundle = variable(ROOTS).filter(|path| !path.is_empty()).map(PathBuf::from);
        Ok(Self { proxy: Proxy::from_vars(variable)?, ..Self::new(bundle.as_deref())? })
    }

    /// Trusts Mozilla's roots and those of the PEM bundle, if one is named, and heeds no proxy, as the function does. An answer is
    /// waited for 30 s.
    pub(crate) fn new(bundle: Option<&Path>) -> Result<Self, Error> {
        let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = bundle {
            let refused = |why: String| Error::Roots(path.to_owned(), why);
            let pem = fs::read(path).map_err(|error| refused(error.to_string()))?;
            let pem = pem.strip_prefix(MARK).unwrap_or(&pem);
            let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
            let certificates = certificates.map_err(|error| refused(error.to_string()))?;
            if store.add_parsable_certificates(certificates).0 == 0 {
                return Err(refused("it holds no certificate".to_owned()));
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider speaks TLS 1.2 and 1.3");
        let config = config.with_root_certificates(store).with_no_client_auth();
        Ok(Self { tls: Arc::new(config), proxy: None, patience: PATIENCE })
    }

    /// The same client, which waits so long for a whole answer.
    pub(crate) fn waiting(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Whether a URL can be asked at all.
    pub(crate) fn check(url: &str) -> Result<(), Error> {
        Target::parse(url).map(drop)
    }

    /// One request: 10 s for each step of the connection, the client's patience for the whole answer.
    pub(crate) async fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, String)],
        body: impl Into<Bytes>,
    ) -> Result<Answered, Error> {
        let start = Instant::now();
        let target = Target::parse(url)?;
        let uri: &Uri = &target.uri;
        let path = uri.path_and_query().map_or("/", |target| target.as_str());
        let mut request =
            Request::builder().method(method).uri(path).header(HOST, &target.authority);
        for (name, value) in headers {
            let value = HeaderValue::from_str(value);
            let value = value.map_err(|_invalid| Error::Header((*name).to_owned()))?;
            request = request.header(*name, value);
        }
        let request = request
            .body(Full::new(body.into()))
            .map_err(|error| Error::Request(error.to_string()))?;
        let stream = match self.proxy.as_ref().and_then(|proxy| proxy.of(uri)) {
            Some(proxy) => timeout(CONNECT, proxy.tunnel(uri))
                .await
                .map_err(|_elapsed| proxy::Error::Silent)??,
            None => target.connect().await?,
        };
        let connected = Instant::now();
        let exchange = async {
            if target.secure {
                let name = ServerName::try_from(target.host.clone())
                    .map_err(|_invalid| Error::Url(url.to_owned()))?;
                let handshake = TlsConnector::from(self.tls.clone()).connect(name, stream);
                let stream = timeout(CONNECT, handshake)
                    .await
                    .unwrap_or_else(|_elapsed| Err(io::ErrorKind::TimedOut.into()))
                    .map_err(|error| no_tls(&target.host, &error))?;
                exchange(&target.host, stream, request).await
            } else {
                exchange(&target.host, stream, request).await
            }
        };
        let answered = timeout(self.patience, exchange).await;
        let (head, body, [secured, waited, read]) =
            answered.map_err(|_elapsed| Error::Silent(target.host.clone(), self.patience))??;
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
        // A URL that cannot be taken apart may have its password anywhere before an `@`.
        let wrong = || {
            if url.contains('@') { Error::UserInfo } else { Error::Url(url.to_owned()) }
        };
        let uri: Uri = url.parse().map_err(|_invalid| wrong())?;
        let authority = uri.authority().ok_or_else(wrong)?.as_str().to_owned();
        if authority.contains('@') {
            return Err(Error::UserInfo);
        }
        let host = uri.host().ok_or_else(wrong)?;
        let port = authority.strip_prefix(host).ok_or_else(wrong)?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if is_this_machine(&host) => false,
            Some("http") => return Err(Error::Plain(url.to_owned())),
            _ => return Err(wrong()),
        };
        let port = match port.strip_prefix(':') {
            None => {
                if secure {
                    443
                } else {
                    80
                }
            }
            Some(port) => port_number(port).ok_or_else(wrong)?,
        };
        Ok(Self { uri, authority, host, port, secure })
    }

    async fn connect(&self) -> Result<TcpStream, Error> {
        let slow = |_elapsed| io::Error::from(io::ErrorKind::TimedOut);
        let found = timeout(CONNECT, lookup_host((self.host.as_str(), self.port))).await;
        let found = found.map_err(slow).and_then(|found| found);
        let found = found.map_err(|error| Error::Name(self.host.clone(), error.to_string()))?;
        let addresses: Vec<_> = found.collect();
        // An address that swallows what it is sent must leave time for the others.
        let share = CONNECT / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
        let mut connected = Err(io::Error::from(io::ErrorKind::NotFound));
        for address in addresses {
            let attempt = timeout(share, TcpStream::connect(address)).await;
            connected = attempt.map_err(slow).and_then(|connected| connected);
            if connected.is_ok() {
                break;
            }
        }
        let stream =
            connected.map_err(|error| Error::Connect(self.authority.clone(), error.to_string()))?;
        drop(stream.set_nodelay(true));
        Ok(stream)
    }
}

/// Why there is no TLS: a server that speaks plain HTTP has another remedy than one with a private authority.
fn no_tls(host: &str, error: &io::Error) -> Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
    if let Some(TlsError::InvalidMessage(InvalidMessage::InvalidContentType)) = inner {
        Error::NoTls(host.to_owned())
    } else {
        Error::Tls(host.to_owned(), error.to_string())
    }
}

/// A port of a URL: digits alone, and not 0.
fn port_number(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port != 0)
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

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;
    use tokio::spawn;
    use tokio::time::interval;

    use super::*;
    use emulator::deployment::Authority;

    #[test]
    fn a_byte_order_mark_before_the_roots_is_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roots.pem");
        let authority = Authority::new();
        fs::write(&path, format!("\u{feff}{}", authority.pem())).unwrap();
        assert!(Client::new(Some(&path)).is_ok());
    }

    #[tokio::test]
    async fn an_answer_that_trickles_is_not_waited_for_longer_than_the_patience() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut next: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
            let mut ticks = interval(Duration::from_millis(10));
            while stream.write_all(next).await.is_ok() {
                next = b"x";
                ticks.tick().await;
            }
        });
        let client = Client::new(None).unwrap().waiting(Duration::from_millis(300));
        let answer = timeout(Duration::from_secs(20), client.send("GET", &url, &[], "")).await;
        assert!(matches!(answer.unwrap(), Err(Error::Silent(..))));
        // The connection ends with the call: the server sees that.
        timeout(Duration::from_secs(20), server).await.unwrap().unwrap();
    }

    #[test]
    fn a_question_is_waited_for_30_seconds() {
        assert_eq!(Client::new(None).unwrap().patience, Duration::from_secs(30));
    }
}
