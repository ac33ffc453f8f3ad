//! One TLS connection: its requests in order, and the way it ends.

use std::future;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::request;
use super::state::{Behaviour, Received, State};
use crate::deployment;
use crate::http::{self, Reply};

/// The longest that a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The connection shall be reset in place of an answer.
#[derive(Debug, thiserror::Error)]
#[error("reset, as configured")]
struct Reset;

/// Serves one connection until either side has had enough of it.
pub(super) async fn serve(state: Arc<State>, stream: TcpStream, acceptor: TlsAcceptor) {
    let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await else {
        return;
    };
    let number = state.connections.fetch_add(1, Ordering::Relaxed) + 1;
    let service = service_fn(|request| answer(&state, request, number));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    if (&mut connection).await.is_err() {
        let stream = connection.into_parts().io.into_inner();
        // What follows without lingering has no orderly close. The peer may be gone already.
        drop(stream.get_ref().0.set_zero_linger());
    }
}

/// Reads a request, keeps it, and answers as the collector behaves.
async fn answer(state: &State, request: Request<Incoming>, number: u64) -> Result<Reply, Reset> {
    let (head, body) = request.into_parts();
    let body = http::body(body, request::BODY_LIMIT).await;
    let spans = request::spans(&head, body.as_deref(), &state.data_key);
    let reply = request::reply(&spans);
    let request = deployment::Request::from_parts(&head, &body.unwrap_or_default());
    // Read first, so that one who sees what arrived and changes it changes the next answer.
    let behaviour = *state.behaviour.lock().unwrap_or_else(PoisonError::into_inner);
    state.received.send_modify(|all| {
        // The time is taken with the list in hand, so that the list is in the order of its times.
        all.push(Received { request, spans, at: Instant::now(), connection: number });
    });
    match behaviour {
        Behaviour::Answer => Ok(reply),
        Behaviour::Slow(time) => {
            sleep(time).await;
            Ok(reply)
        }
        Behaviour::Refuse => Ok(request::unavailable()),
        Behaviour::Hang => future::pending().await,
        Behaviour::Reset => Err(Reset),
    }
}
