//! One connection of a client: TLS where it is configured, and HTTP/1.1 within bounds.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use fn_fdk::error_chain;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use strict_http1::{Bounds, Strict};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::call;
use crate::shared::Shared;

/// How long a connection is kept without a request: longer than gateways keep theirs.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);
/// The largest head, and what is buffered of an answer that the client does not read.
const BUFFER_BYTES: usize = 64 * 1024;

/// Serves a connection to its end.
pub(crate) async fn serve(shared: Arc<Shared>, stream: TcpStream, watcher: Watcher) {
    // Pieces of a stream are small, and each is waited for.
    if let Err(error) = stream.set_nodelay(true) {
        log::debug!("a connection is slower than it could be: {error}");
    }
    match &shared.tls {
        None => serve_http(shared, stream, watcher).await,
        Some(acceptor) => match acceptor.accept(stream).await {
            Ok(stream) => serve_http(shared.clone(), stream, watcher).await,
            Err(error) => log::warn!("a connection was refused: {}", error_chain(&error)),
        },
    }
}

async fn serve_http<S>(shared: Arc<Shared>, stream: S, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (stream, guard) = Strict::new(stream, Bounds::default());
    let service = service_fn(move |request| {
        // In a box, whose memory is free again while the answer streams.
        let answer = Box::pin(call::answer(shared.clone(), guard.clone(), request));
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(IDLE_TIMEOUT);
    http.max_buf_size(BUFFER_BYTES).max_header_size(BUFFER_BYTES);
    if let Err(error) = watcher.watch(http.serve_connection(TokioIo::new(stream), service)).await {
        report(&error);
    }
}

/// Writes a line about what was no request. A call that breaks off has its own.
fn report(error: &hyper::Error) {
    let why = error_chain(error);
    if error.is_parse() {
        // hyper has answered so.
        let status = if error.is_parse_too_large() { 431 } else { 400 };
        log::warn!(status, code = "CannotParseRequest"; "a request was not understood: {why}");
    } else if error.is_timeout() {
        log::warn!("a connection was closed: {why}");
    } else {
        log::debug!("a connection ended: {why}");
    }
}
