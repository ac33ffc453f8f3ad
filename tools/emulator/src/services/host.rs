//! The host of a service. It listens with TLS, and without TLS for clients that take any URL.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::exchange::Exchange;
use crate::http::Server;

/// The longest that a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A running host. Dropped, it closes its ports and every connection.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) tls: Server,
    pub(super) plain: Server,
    pub(super) exchange: Arc<Exchange>,
}

impl Host {
    /// Starts on two free ports of 127.0.0.1.
    pub(super) async fn start(exchange: Exchange, tls: Arc<ServerConfig>) -> io::Result<Self> {
        let exchange = Arc::new(exchange);
        let (acceptor, encrypted) = (TlsAcceptor::from(tls), exchange.clone());
        let tls = Server::serve(listener().await?, move |stream| {
            let (acceptor, exchange) = (acceptor.clone(), encrypted.clone());
            async move {
                if let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await {
                    connection(exchange, stream).await;
                }
            }
        })?;
        let open = exchange.clone();
        let plain =
            Server::serve(listener().await?, move |stream| connection(open.clone(), stream))?;
        Ok(Self { tls, plain, exchange })
    }
}

async fn listener() -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
}

/// Serves one connection until one of the sides closes it.
async fn connection(exchange: Arc<Exchange>, stream: impl AsyncRead + AsyncWrite + Unpin) {
    let answering = service_fn(|request| exchange.clone().answer(request));
    // It is to break at times, and a client may leave whenever it wants to.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), answering).await);
}
