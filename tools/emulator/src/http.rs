//! HTTP on loopback for the small services of the emulated cloud: a server, with TLS or without,
//! and the one question that a service asks another.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::http1::handshake;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// The longest that a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The longest that the rest of a body is waited for.
const LINGERING: Duration = Duration::from_secs(30);

/// The longest that another service is waited for.
const ANSWER: Duration = Duration::from_secs(30);
/// The largest answer of another service that is read, in bytes.
const ANSWER_LIMIT: usize = 1024 * 1024;

/// What a service answers, whole.
pub type Reply = Response<Full<Bytes>>;

/// What ends a body before its time.
pub(crate) type BodyError = Box<dyn Error + Send + Sync>;

/// A running server. Dropped, it closes its port and every connection.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    tasks: JoinSet<()>,
}

impl Server {
    /// Serves on `port` of 127.0.0.1; port 0 takes a free one.
    pub async fn start<H, F, B>(port: u16, handler: H) -> io::Result<Self>
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: Body<Data = Bytes, Error: Into<BodyError>> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        Self::serve(listener, move |stream| connection(stream, handler.clone()))
    }

    /// Serves on any address of this machine, over TLS.
    pub async fn start_tls<H, F, B>(
        address: SocketAddr,
        tls: Arc<ServerConfig>,
        handler: H,
    ) -> io::Result<Self>
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: Body<Data = Bytes, Error: Into<BodyError>> + Send + 'static,
    {
        let (listener, tls) = (TcpListener::bind(address).await?, TlsAcceptor::from(tls));
        Self::serve(listener, move |stream| {
            let (tls, handler) = (tls.clone(), handler.clone());
            async move {
                if let Ok(Ok(stream)) = timeout(HANDSHAKE, tls.accept(stream)).await {
                    connection(stream, handler).await;
                }
            }
        })
    }

    /// Hands every connection to `serve`.
    pub fn serve<S, C>(listener: TcpListener, serve: S) -> io::Result<Self>
    where
        S: Fn(TcpStream) -> C + Send + 'static,
        C: Future<Output = ()> + Send + 'static,
    {
        let address = listener.local_addr()?;
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            // Dropped with this task, so that no connection outlives the server.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                drop(stream.set_nodelay(true));
                connections.spawn(serve(stream));
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, tasks })
    }

    /// Returns when the port is closed; the connections end with it.
    pub async fn close(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Serves one connection until either side has had enough of it.
async fn connection<H, F, B>(stream: impl AsyncRead + AsyncWrite + Unpin, handler: H)
where
    H: Fn(Request<Incoming>) -> F,
    F: Future<Output = Response<B>>,
    B: Body<Data = Bytes, Error: Into<BodyError>> + 'static,
{
    let service = service_fn(|request| {
        let reply = handler(request);
        async move { Ok::<_, Infallible>(reply.await) }
    });
    let mut http = http1::Builder::new();
    // A client may leave whenever it wants to.
    drop(http.max_buf_size(16 * 1024).serve_connection(TokioIo::new(stream), service).await);
}

/// Reads a body up to `limit` bytes; None if it is larger or breaks off.
pub async fn body(
    incoming: impl Body<Data = Bytes, Error = hyper::Error>,
    limit: usize,
) -> Option<Bytes> {
    Some(Limited::new(incoming, limit).collect().await.ok()?.to_bytes())
}

/// Reads what is left of a body and forgets it: closed before, the connection breaks under a client
/// that is still sending.
pub async fn drain(incoming: &mut Incoming) {
    let rest = async { while let Some(Ok(_)) = incoming.frame().await {} };
    // Who sends for longer has had its chance.
    drop(timeout(LINGERING, rest).await);
}

/// Returns the body that `url` answers with, over plain HTTP, whatever its status; None without an
/// answer within 30 s and 1 MiB.
pub async fn get(url: &str) -> Option<Bytes> {
    timeout(ANSWER, fetched(url.parse().ok()?)).await.ok().flatten()
}

async fn fetched(url: Uri) -> Option<Bytes> {
    let authority = url.authority().filter(|_| url.scheme_str() == Some("http"))?;
    let port = authority.port_u16().unwrap_or(80);
    let host = authority.host().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, port)).await.ok()?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.ok()?;
    // Dropped with this call, so that no connection outlives it.
    let mut connections = JoinSet::new();
    connections.spawn(connection);
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path).header(HOST, authority.as_str());
    let answer = sender.send_request(request.body(Full::<Bytes>::default()).ok()?).await.ok()?;
    body(answer.into_body(), ANSWER_LIMIT).await
}

/// Returns a JSON answer.
pub fn reply(status: u16, body: &Value) -> Reply {
    let reply = Response::builder().status(status).header(CONTENT_TYPE, "application/json");
    reply.body(Full::from(body.to_string())).expect("status and header are fixed and valid")
}
