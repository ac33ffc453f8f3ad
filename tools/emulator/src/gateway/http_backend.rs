//! A request to a server, and its answer as it comes.
//!
//! Every request has a connection of its own. It speaks HTTP/1.1.
//! Source: docs/spec/oci-services.md#http-back-end.

use std::error::Error;
use std::io;
use std::pin::pin;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::handshake;
use hyper::header::{
    CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING, USER_AGENT,
};
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::body::Relay;
use super::context::Context;
use super::sending::Sending;
use super::spec::HttpBackend;
use super::trust::Trust;

/// The largest body of a request to a server, in bytes: 20 MiB.
pub(super) const BODY_LIMIT: usize = 20 * 1024 * 1024;
/// Headers that are about one connection, and those that the next one gets anew.
const OF_A_CONNECTION: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "upgrade",
];

/// Why a server gave no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    /// The URL came out as none.
    Url,
    /// There is no connection, or it broke before the head of the answer.
    Unreachable,
    /// The connection, a write or the head of the answer took too long.
    Late,
}

/// A request with the headers that its route lets through.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) method: &'a Method,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Asks a server. Dropped, it closes the connection, and so does the body of the answer.
pub(super) async fn ask(
    backend: &HttpBackend,
    asked: Asked<'_>,
    context: &Context<'_>,
    trust: &Trust,
) -> Result<Response<Relay>, Fault> {
    let url = url(&backend.url, context)?;
    let request = request(&url, asked)?;
    let connected =
        timeout(seconds(backend.connect_timeout_in_seconds), connect(&url, backend, trust));
    let stream = connected.await.map_err(|_late| Fault::Late)??;
    let (stream, written) = Sending::new(stream, seconds(backend.send_timeout_in_seconds));
    let (mut sender, connection) =
        handshake(TokioIo::new(stream)).await.map_err(|_broken| Fault::Unreachable)?;
    let mut connections = JoinSet::new();
    // Whoever reads the answer learns how it ended.
    connections.spawn(async move { drop(connection.await) });
    let gap = seconds(backend.read_timeout_in_seconds);
    let answer = head(sender.send_request(request), written, gap).await?;
    let (mut parts, body) = answer.into_parts();
    OF_A_CONNECTION.iter().filter(|name| **name != "content-length").for_each(|name| {
        parts.headers.remove(*name);
    });
    Ok(Response::from_parts(parts, Relay::new(body, gap, connections)))
}

/// Where a request goes: the URL of the back end with its variables filled in, and the client's
/// query.
fn url(template: &str, context: &Context<'_>) -> Result<Uri, Fault> {
    let mut url = context.rendered(template);
    if !context.query.is_empty() {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(context.query);
    }
    url.parse().map_err(|_invalid| Fault::Url)
}

/// A connection of either kind.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

async fn connect(
    url: &Uri,
    backend: &HttpBackend,
    trust: &Trust,
) -> Result<Box<dyn Stream>, Fault> {
    let is_tls = match url.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(Fault::Url),
    };
    let host = url.host().ok_or(Fault::Url)?;
    let port = match url.authority().and_then(|authority| authority.as_str().strip_prefix(host)) {
        Some("") if is_tls => 443,
        Some("") => 80,
        port => port.and_then(|port| port.strip_prefix(':')?.parse().ok()).ok_or(Fault::Url)?,
    };
    let host = host.trim_matches(['[', ']']);
    let unreachable = |_error| Fault::Unreachable;
    let stream = TcpStream::connect((host, port)).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    if !is_tls {
        return Ok(Box::new(stream));
    }
    let name = ServerName::try_from(host.to_owned()).map_err(|_invalid| Fault::Url)?;
    let tls = TlsConnector::from(trust.config(!backend.is_ssl_verify_disabled));
    Ok(Box::new(tls.connect(name, stream).await.map_err(unreachable)?))
}

/// What the server gets.
fn request(url: &Uri, asked: Asked<'_>) -> Result<Request<Full<Bytes>>, Fault> {
    let Asked { method, mut headers, body } = asked;
    let target = url.path_and_query().map_or("/", |target| target.as_str());
    let authority = url.authority().ok_or(Fault::Url)?;
    let has_body = [CONTENT_LENGTH, TRANSFER_ENCODING];
    let has_body = has_body.iter().any(|name| headers.contains_key(name));
    for name in OF_A_CONNECTION {
        headers.remove(name);
    }
    if has_body {
        // Of an empty one, too.
        headers.insert(CONTENT_LENGTH, body.len().into());
    }
    let host = HeaderValue::from_str(authority.as_str()).map_err(|_invalid| Fault::Url)?;
    headers.insert(HOST, host);
    headers.entry(USER_AGENT).or_insert(HeaderValue::from_static("Oracle API Gateway"));
    headers.insert("x-real-ip", HeaderValue::from_static("127.0.0.1"));
    for (name, own) in [("x-forwarded-for", "127.0.0.1"), ("forwarded", "for=127.0.0.1")] {
        headers.append(HeaderName::from_static(name), HeaderValue::from_static(own));
    }
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method.clone();
    *request.uri_mut() = target.parse().map_err(|_invalid| Fault::Url)?;
    *request.headers_mut() = headers;
    Ok(request)
}

/// The head of an answer, for which the server has so long after the last byte that it was sent.
async fn head(
    answer: impl Future<Output = hyper::Result<Response<Incoming>>>,
    written: watch::Receiver<Instant>,
    gap: Duration,
) -> Result<Response<Incoming>, Fault> {
    let mut answer = pin!(answer);
    loop {
        let end = *written.borrow() + gap;
        tokio::select! {
            answer = &mut answer => return answer.map_err(|error| fault(&error)),
            () = sleep_until(end) => {
                if *written.borrow() + gap <= Instant::now() {
                    return Err(Fault::Late);
                }
            }
        }
    }
}

fn fault(error: &hyper::Error) -> Fault {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    let is_late = cause.is_some_and(|cause| cause.kind() == io::ErrorKind::TimedOut);
    if is_late { Fault::Late } else { Fault::Unreachable }
}

fn seconds(count: f64) -> Duration {
    Duration::from_secs_f64(count)
}
