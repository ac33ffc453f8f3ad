//! The emulated trace collector of Application Performance Monitoring: TLS, the data key, and the schema of Zipkin v2.
//!
//! Source: docs/spec/fn-container-contract.md#tracing.

mod connection;
mod request;
mod span;

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

use crate::agent::ids;
use crate::deployment::{Authority, Certificate, Request};
use crate::http::Server;

/// The path for spans that are sent with a public data key, as a function sends them.
const PUBLIC_SPAN: &str = "/20200101/observations/public-span";
/// The path for spans that are sent with a private data key.
const PRIVATE_SPAN: &str = "/20200101/observations/private-span";
/// What the query begins with; the data key follows.
const FORMAT: &str = "dataFormat=zipkin&dataFormatVersion=2&dataKey=";

/// One request that arrived, and what became of it.
#[derive(Clone, Debug)]
pub struct Received {
    /// The request as it came; its body is what was sent.
    pub request: Request,
    /// Its spans, or why they are not taken. Independent of the [`Behaviour`].
    pub spans: Result<Vec<Span>, Refusal>,
    /// When the last byte of it was there.
    pub at: Instant,
    /// Which TLS connection it came on, counted from 1.
    pub connection: u64,
}

/// How requests are answered. What they bring is checked and kept all the same.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Behaviour {
    /// 200 with an empty body, or a refusal: 401 for a wrong data key, 400 for what is not Zipkin v2.
    #[default]
    Answer,
    /// The same, after so long.
    Slow(Duration),
    /// 503.
    Refuse,
    /// Never answers, and keeps the connection.
    Hang,
    /// Resets the connection before a byte of the answer.
    Reset,
}

/// A running collector on loopback. Dropped, it closes its port and every connection.
#[derive(Debug)]
pub struct Collector {
    server: Mutex<Option<Server>>,
    port: u16,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    data_key: String,
    behaviour: Mutex<Behaviour>,
    received: watch::Sender<Vec<Received>>,
    connections: AtomicU64,
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

    /// The URL for `OCI_TRACE_COLLECTOR_URL`, with a host that the certificate names: `localhost` or `127.0.0.1`.
    pub fn url(&self, host: &str) -> String {
        format!("https://{host}:{}{PUBLIC_SPAN}?{FORMAT}{}", self.port, self.state.data_key)
    }

    /// The key in that URL, which no log and no error may show.
    pub fn data_key(&self) -> &str {
        &self.state.data_key
    }

    /// Behaves so from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.state.behaviour.lock().unwrap_or_else(PoisonError::into_inner) = behaviour;
    }

    /// Returns when the port is closed; the connections end with it. What arrived stays, and so does the URL.
    pub async fn close(&self) {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(server) = server {
            server.close().await;
        }
    }

    /// Every request that arrived so far.
    pub fn received(&self) -> Vec<Received> {
        self.state.received.borrow().clone()
    }

    /// Waits for so many requests in all, but no longer than `patience`: what had arrived by then.
    pub async fn wait_for(&self, requests: usize, patience: Duration) -> Vec<Received> {
        let mut received = self.state.received.subscribe();
        // Whoever waited in vain sees how many there are.
        drop(timeout(patience, received.wait_for(|all| all.len() >= requests)).await);
        self.received()
    }

    /// The spans of this trace that were taken so far, in the order in which they came.
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

    /// How many TLS connections were made so far.
    pub fn connections(&self) -> u64 {
        self.state.connections.load(Ordering::Relaxed)
    }
}

impl State {
    fn trace(&self, trace_id: &str, earlier: usize) -> Vec<Span> {
        let received = self.received.borrow();
        let taken =
            received.iter().skip(earlier).filter_map(|received| received.spans.as_ref().ok());
        taken.flatten().filter(|span| span.trace_id == trace_id).cloned().collect()
    }
}
