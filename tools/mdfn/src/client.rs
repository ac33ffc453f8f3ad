//! The HTTP client of the commands: https to anywhere, plain http to this machine only. It follows
//! no redirect, so that a token goes nowhere else than where it was sent.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Uri;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::method::{InvalidMethod, Method};
use reqwest::{redirect, retry};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, InvalidMessage, RootCertStore};

use crate::error_chain::{cause, chain, last_cause};
use crate::input::BYTE_ORDER_MARK;
use crate::loopback::is_this_machine;
use crate::proxy::{self, Proxy, Way};
use crate::resolver::{NameNotFound, Resolver};
use crate::stopwatch::Stopwatch;

/// The longest that a connection is waited for, from the name to the end of the TLS handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest wait for an answer that needs no computation.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest that a prediction is waited for: the longest timeout of a function, and some.
pub(crate) const PREDICTION_TIMEOUT: Duration = Duration::from_secs(310);
/// The largest answer that is read, in bytes: more than a function may give.
const MAX_ANSWER_BYTES: usize = 10 * 1024 * 1024;
/// The most pieces of an answer that are noted.
const MAX_PIECES: usize = 10_000;

/// The variable that names further roots.
pub(crate) const ROOTS: &str = "SSL_CERT_FILE";

/// Why there is no answer, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("`{0}` is not a URL; expected `https://host/path`")]
    Url(String),
    #[error("the URL has a user or password in it; leave it out")]
    UserInfo,
    #[error("`{0}` is plain http to another machine; expected https")]
    Plain(String),
    #[error("the PEM bundle {path}, named by {ROOTS}, cannot be used: {1}", path = .0.display())]
    Roots(PathBuf, String),
    #[error("{0}")]
    Name(NameNotFound),
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
    #[error("the answer of {0} is larger than 10 MiB, the most that is read")]
    Large(String),
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
            Self::Name(_)
            | Self::Connect(..)
            | Self::Tls(..)
            | Self::NoTls(_)
            | Self::Silent(..)
            | Self::Broken(..)
            | Self::Large(_) => 3,
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
    /// The first 10,000 pieces in which the body came.
    pub(crate) pieces: Vec<Piece>,
}

/// A piece of an answer's body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    /// When it came, counted from the request, with the connection where there was none.
    pub(crate) after: Duration,
    /// Its size.
    pub(crate) bytes: usize,
}

/// How long each part of a request took, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phases {
    /// The name, the connection and, with https, TLS.
    pub(crate) connect: Duration,
    /// From the request to the head of the answer.
    pub(crate) wait: Duration,
    /// The rest of the answer.
    pub(crate) read: Duration,
}

impl Answered {
    /// Returns the first value of a header, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// An answer that was never sent.
    #[cfg(test)]
    pub(crate) fn new(status: u16, body: String) -> Self {
        let zero = Duration::ZERO;
        let phases = Phases { connect: zero, wait: zero, read: zero };
        let pieces = Vec::new();
        Self { status, headers: HeaderMap::new(), body: body.into(), phases, pieces }
    }

    /// Returns the body, for a person.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A client with the roots that it trusts. Every request has a connection of its own.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    tls: ClientConfig,
    proxy: Option<Proxy>,
    patience: Duration,
}

impl Client {
    /// Trusts Mozilla's roots and those of the PEM bundle that `SSL_CERT_FILE` names, unless it is
    /// empty, and goes through the proxy that `HTTPS_PROXY` names.
    pub(crate) fn from_vars(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        Ok(Self { proxy: Proxy::from_vars(&variable)?, ..Self::without_proxy(variable)? })
    }

    /// The same, which goes through no proxy, whatever is set.
    pub(crate) fn without_proxy(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let bundle = variable(ROOTS).filter(|path| !path.is_empty()).map(PathBuf::from);
        Self::new(bundle.as_deref())
    }

    /// Trusts Mozilla's roots and those of the PEM bundle, if one is named, and heeds no proxy, as
    /// the function does. An answer is waited for 30 s.
    pub(crate) fn new(bundle: Option<&Path>) -> Result<Self, Error> {
        let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = bundle {
            let refused = |why: String| Error::Roots(path.to_owned(), why);
            let pem = fs::read(path).map_err(|error| refused(error.to_string()))?;
            let pem = pem.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&pem);
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
        Ok(Self { tls: config, proxy: None, patience: ANSWER_TIMEOUT })
    }

    /// The same client, which waits so long for a whole answer.
    pub(crate) fn waiting(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Checks whether a URL can be asked at all.
    pub(crate) fn check(url: &str) -> Result<(), Error> {
        Target::parse(url).map(drop)
    }

    /// Returns one request: 10 s for the connection, the client's patience for the whole answer.
    pub(crate) async fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, String)],
        body: impl Into<Bytes>,
    ) -> Result<Answered, Error> {
        let target = Target::parse(url)?;
        let proxy = self.proxy.as_ref().and_then(|proxy| proxy.way_to(&target.uri));
        let (start, connecting) = (Instant::now(), Stopwatch::default());
        let failed = |error| failed(&target.uri, proxy.is_some(), self.patience, error);
        let request = self.http(proxy.as_ref(), &connecting)?;
        let request = request.request(named_method(method)?, url).headers(values(headers)?);
        let mut answer = request.body(body.into()).send().await.map_err(failed)?;
        let waited = start.elapsed();
        let (mut body, mut pieces) = (Vec::new(), Vec::new());
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(Error::Large(target.host));
            }
            body.extend_from_slice(&chunk);
            if pieces.len() < MAX_PIECES {
                pieces.push(Piece { after: start.elapsed(), bytes: chunk.len() });
            }
        }
        let connect = connecting.time();
        let phases = Phases {
            connect,
            wait: waited.saturating_sub(connect),
            read: start.elapsed().saturating_sub(waited),
        };
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok(Answered { status, headers, body: body.into(), phases, pieces })
    }

    /// Returns a client for one request, so that its connection ends with it.
    fn http(&self, way: Option<&Way>, connecting: &Stopwatch) -> Result<reqwest::Client, Error> {
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .dns_resolver(Arc::new(Resolver))
            .connector_layer(connecting.clone())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(self.patience);
        let builder = match way {
            Some(way) => builder.proxy(way.proxy()?),
            None => builder,
        };
        builder.build().map_err(|error| Error::Request(chain(&error)))
    }
}

fn named_method(method: &str) -> Result<Method, Error> {
    method.parse().map_err(|error: InvalidMethod| Error::Request(error.to_string()))
}

fn values(headers: &[(&str, String)]) -> Result<HeaderMap, Error> {
    let mut values = HeaderMap::new();
    for (name, value) in headers {
        let refused = || Error::Header((*name).to_owned());
        let value = HeaderValue::from_str(value).map_err(|_invalid| refused())?;
        values.append(HeaderName::try_from(*name).map_err(|_invalid| refused())?, value);
    }
    Ok(values)
}

/// Where a URL leads.
#[derive(Debug)]
struct Target {
    uri: Uri,
    host: String,
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
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if is_this_machine(&host) => {}
            Some("http") => return Err(Error::Plain(url.to_owned())),
            _ => return Err(wrong()),
        }
        if port.strip_prefix(':').is_some_and(|port| !is_port(port)) {
            return Err(wrong());
        }
        Ok(Self { uri, host })
    }
}

/// Why there is no answer, by how far it came. `proxied` says whether a proxy stands between.
fn failed(uri: &Uri, proxied: bool, patience: Duration, error: reqwest::Error) -> Error {
    let error = error.without_url();
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    if !error.is_connect() {
        let late = error.is_timeout();
        let why = chain(&error);
        return if late { Error::Silent(host, patience) } else { Error::Broken(host, why) };
    }
    if let Some(tls) = cause::<rustls::Error>(&error) {
        return no_tls(host, tls);
    }
    match (proxied, error.is_timeout()) {
        (true, true) => proxy::Error::Silent.into(),
        (true, false) => proxy::Error::Refused(chain(&error)).into(),
        (false, late) => {
            if let Some(not_found) = cause::<NameNotFound>(&error) {
                return Error::Name(not_found.clone());
            }
            let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
            let why = if late { "timed out".to_owned() } else { last_cause(&error) };
            Error::Connect(authority, why)
        }
    }
}

/// Returns the error for a server without TLS, or for one with a private authority: they need
/// different remedies.
fn no_tls(host: String, error: &rustls::Error) -> Error {
    if let rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) = error {
        Error::NoTls(host)
    } else {
        Error::Tls(host, error.to_string())
    }
}

/// Returns whether a text is a port of a URL: digits alone, and not 0.
fn is_port(text: &str) -> bool {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits && text.parse().is_ok_and(|port: u16| port != 0)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpSocket};
    use tokio::spawn;
    use tokio::time::{interval, timeout};

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
            assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
            let mut next: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
            let mut ticks = interval(Duration::from_millis(10));
            while stream.write_all(next).await.is_ok() {
                next = b"x";
                ticks.tick().await;
            }
        });
        let client = Client::new(None).unwrap().waiting(Duration::from_millis(300));
        let answer = timeout(Duration::from_secs(20), client.send("GET", &url, &[], "")).await;
        let answer = answer.unwrap();
        assert!(matches!(answer, Err(Error::Silent(..))), "{answer:?}");
        // The connection ends with the call: the server sees that.
        timeout(Duration::from_secs(20), server).await.unwrap().unwrap();
    }

    #[test]
    fn a_question_is_waited_for_30_seconds() {
        assert_eq!(Client::new(None).unwrap().patience, Duration::from_secs(30));
    }

    #[tokio::test]
    async fn an_answer_over_10_mib_is_no_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 10485761\r\n\r\n";
            stream.write_all(head).await.unwrap();
            // The client leaves before the end.
            drop(stream.write_all(&vec![b'x'; 10 * 1024 * 1024 + 1]).await);
        });
        let client = Client::new(None).unwrap();
        let answer = client.send("GET", &url, &[], "").await;
        assert!(matches!(answer, Err(Error::Large(_))), "{answer:?}");
    }

    #[tokio::test]
    async fn an_address_that_refuses_is_named_with_the_reason() {
        // A port that is taken, where nobody listens.
        let silent = TcpSocket::new_v4().unwrap();
        silent.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let place = silent.local_addr().unwrap().to_string();
        let asked = Client::new(None).unwrap();
        let error = asked.send("GET", &format!("http://{place}/"), &[], "").await.unwrap_err();
        let said = format!("no connection to {place}: Connection refused (os error 111);");
        assert!(error.to_string().starts_with(&said), "{error}");
    }
}
