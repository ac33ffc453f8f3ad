//! The emulated trace collector of Application Performance Monitoring: TLS, the data key, and the
//! schema of Zipkin v2.
//!
//! Source: docs/spec/fn-container-contract.md#tracing.

mod connection;
mod request;
mod span;
mod state;

use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

pub use request::Refusal;
pub use span::{Annotation, Endpoint, Kind, Span};
pub use state::{Behaviour, Received};

use crate::agent::ids;
use crate::deployment::{Authority, Certificate};
use crate::http::Server;
use request::{FORMAT, PUBLIC_SPAN};
use state::State;

/// A running collector on loopback. Dropped, it closes its port and every connection.
#[derive(Debug)]
pub struct Collector {
    server: Mutex<Option<Server>>,
    port: u16,
    state: Arc<State>,
}

impl Collector {
    /// Starts on a free port, with a certificate of `authority` and a data key of its own.
    pub async fn start(authority: &Authority, certificate: Certificate) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let acceptor = TlsAcceptor::from(authority.server_config(certificate));
        let state = Arc::new(State {
            data_key: ids::random(),
            behaviour: Mutex::default(),
            received: watch::Sender::default(),
            connections: AtomicU64::default(),
        });
        let shared = state.clone();
        let server = Server::serve(listener, move |stream| {
            connection::serve(shared.clone(), stream, acceptor.clone())
        })?;
        let port = server.address.port();
        Ok(Self { server: Mutex::new(Some(server)), port, state })
    }

    /// Returns the URL for `OCI_TRACE_COLLECTOR_URL`, with a host that the certificate names:
    /// `localhost` or `127.0.0.1`.
    pub fn url(&self, host: &str) -> String {
        format!("https://{host}:{}{PUBLIC_SPAN}?{FORMAT}{}", self.port, self.state.data_key)
    }

    /// Returns the key in that URL, which no log and no error may show.
    pub fn data_key(&self) -> &str {
        &self.state.data_key
    }

    /// Behaves so from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.state.behaviour.lock().unwrap_or_else(PoisonError::into_inner) = behaviour;
    }

    /// Returns when the port is closed; the connections end with it. What arrived stays, and so
    /// does the URL.
    pub async fn close(&self) {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(server) = server {
            server.close().await;
        }
    }

    /// Returns every request that arrived so far.
    pub fn received(&self) -> Vec<Received> {
        self.state.received.borrow().clone()
    }

    /// Waits for this many requests in all, for at most `patience`, and returns those that had
    /// arrived.
    pub async fn wait_for(&self, requests: usize, patience: Duration) -> Vec<Received> {
        let mut received = self.state.received.subscribe();
        // After a timeout the caller sees how many there are.
        drop(timeout(patience, received.wait_for(|all| all.len() >= requests)).await);
        self.received()
    }

    /// Returns the spans of this trace that were taken so far, in the order in which they came.
    pub fn trace(&self, trace_id: &str) -> Vec<Span> {
        self.state.trace(trace_id, 0)
    }

    /// The same, of what has come since then.
    pub fn trace_since(&self, trace_id: &str, since: Instant) -> Vec<Span> {
        let received = self.state.received.borrow();
        let earlier = received.partition_point(|received| received.at < since);
        drop(received);
        self.state.trace(trace_id, earlier)
    }

    /// Returns how many TLS connections were made so far.
    pub fn connections(&self) -> u64 {
        self.state.connections.load(Ordering::Relaxed)
    }
}
