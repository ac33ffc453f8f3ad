//! The emulated Data Science model deployment: TLS, signatures verified, and a real model behind it.
//!
//! Source: docs/spec/oci-services.md#model-deployments.

mod answer;
mod behaviour;
mod connection;
mod echo;
mod idle;
mod model;
mod openai;
mod request;
mod route;
mod tls;
mod verify;

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::io::AsyncRead;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

pub use behaviour::Behaviour;
pub use model::Model;
pub use request::Request;
pub use tls::{Authority, Certificate};
pub use verify::{Refusal, Verified, verify};
pub(crate) use verify::{Signed, refused};

use crate::clock::now;
use crate::principal::Issuer;
use answer::Answer;
use idle::Idle;
use request::Unreadable;
use route::Call;

/// The deployment's OCID.
pub const OCID: &str = "ocid1.datasciencemodeldeployment.oc1.sa-saopaulo-1.aaaaaaaairisirisirisirisirisirisirisirisirisirisiris";

/// One request that arrived, and what the verification said of it.
#[derive(Clone, Debug)]
pub struct Received {
    /// The request as it came.
    pub request: Request,
    /// Whether its signature is valid.
    pub verdict: Result<Verified, Refusal>,
    /// Which TLS connection it came on, counted from 1.
    pub connection: u64,
    /// When it was there, read and verified.
    pub at: Instant,
}

/// A running deployment on loopback. Dropped, it closes every connection.
#[derive(Debug)]
pub struct ModelDeployment {
    address: SocketAddr,
    state: Arc<State>,
    _connections: JoinSet<()>,
}

#[derive(Debug)]
struct State {
    issuer: Arc<Issuer>,
    model: Model,
    behaviours: Mutex<VecDeque<Behaviour>>,
    received: Mutex<Vec<Received>>,
    connections: watch::Sender<u64>,
    requests: AtomicU64,
    clock_offset: AtomicI64,
    idle: Idle,
}

impl ModelDeployment {
    /// Starts on a free port, with a certificate of `authority`, trusting tokens of `issuer`.
    pub async fn start(
        issuer: Arc<Issuer>,
        authority: &Authority,
        certificate: Certificate,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let acceptor = TlsAcceptor::from(authority.server_config(certificate));
        let state = Arc::new(State {
            issuer,
            model: Model::iris(),
            behaviours: Mutex::default(),
            received: Mutex::default(),
            connections: watch::Sender::default(),
            requests: AtomicU64::default(),
            clock_offset: AtomicI64::default(),
            idle: Idle::default(),
        });
        let mut connections = JoinSet::new();
        connections.spawn(state.clone().accept(listener, acceptor));
        Ok(Self { address, state, _connections: connections })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The predict URL, with a host that the certificate names: `localhost` or `127.0.0.1`.
    pub fn url(&self, host: &str) -> String {
        format!("https://{host}:{}/{OCID}/predict", self.port())
    }

    /// Misbehaves so, once, at the next request; several are kept in order.
    pub fn behave(&self, behaviour: Behaviour) {
        self.state.behaviours.lock().unwrap_or_else(PoisonError::into_inner).push_back(behaviour);
    }

    /// Misbehaves so at the next request, whatever was to come before.
    pub fn behave_only(&self, behaviour: Behaviour) {
        let mut behaviours = self.state.behaviours.lock().unwrap_or_else(PoisonError::into_inner);
        *behaviours = VecDeque::from([behaviour]);
    }

    /// Sets its clock off by so many seconds.
    pub fn set_clock_offset(&self, seconds: i64) {
        self.state.clock_offset.store(seconds, Ordering::Relaxed);
    }

    /// Closes, in order, every connection that waits for its next request, also one whose answer is just being written; returns
    /// when they are closed.
    pub async fn close_idle(&self) {
        self.state.idle.close().await;
    }

    /// Every request that arrived so far.
    pub fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every request that arrived in this time.
    pub fn received_between(&self, from: Instant, until: Instant) -> Vec<Received> {
        let received = self.state.received.lock().unwrap_or_else(PoisonError::into_inner);
        let earlier = received.partition_point(|received| received.at < from);
        let later = received.iter().skip(earlier);
        later.take_while(|received| received.at <= until).cloned().collect()
    }

    /// How many TLS connections were made so far.
    pub fn connections(&self) -> u64 {
        *self.state.connections.borrow()
    }

    /// Waits until so many TLS connections were made.
    pub async fn connected(&self, count: u64) {
        let mut connections = self.state.connections.subscribe();
        let made = connections.wait_for(|made| *made >= count).await;
        drop(made.expect("the sender is this deployment's own"));
    }
}

impl State {
    async fn accept(self: Arc<Self>, listener: TcpListener, acceptor: TlsAcceptor) {
        // Dropped with this task, so that no connection outlives the deployment.
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(connection::serve(self.clone(), stream, acceptor.clone()));
            while connections.try_join_next().is_some() {}
        }
    }

    /// Counts one more connection; its number.
    fn count_connection(&self) -> u64 {
        let mut number = 0;
        self.connections.send_modify(|made| {
            *made += 1;
            number = *made;
        });
        number
    }

    /// Reads one request, and what it is answered with; None if the peer is done.
    async fn next(
        &self,
        stream: &mut (impl AsyncRead + Unpin),
        buffer: &mut Vec<u8>,
        connection: u64,
    ) -> Option<(Answer, Option<Behaviour>)> {
        let request = match Request::read(stream, buffer).await {
            Ok(request) => request,
            Err(Unreadable::Closed) => return None,
            Err(Unreadable::LengthRequired) => {
                let refusal = Answer::error(411, "LengthRequired", "content-length is missing");
                return Some((refusal, None));
            }
            Err(Unreadable::TooLarge) => {
                let refusal =
                    Answer::error(413, "PayloadTooLarge", "the body is larger than 10 MB");
                return Some((refusal, None));
            }
        };
        let time = self.time();
        let verdict = verify(&request, self.issuer.public(), time);
        let behaviour = self.behaviours.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        self.keep(request.clone(), verdict.clone(), connection);
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let answer = match verdict {
            Err(refusal) => Answer::error(401, "NotAuthenticated", &refusal.to_string()),
            Ok(_) => route::answer(&Call { model: &self.model, request: &request, number, time }),
        };
        let id = request
            .text("opc-request-id")
            .map_or_else(|| format!("EMULATED{number:024}"), str::to_owned);
        let answer = answer
            .with_header("opc-request-id", &id)
            .with_header("date", &httpdate::fmt_http_date(time));
        Some((answer, behaviour))
    }

    fn keep(&self, request: Request, verdict: Result<Verified, Refusal>, connection: u64) {
        let mut received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        // The time is taken with the list in hand, so that the list is in the order of its times.
        received.push(Received { request, verdict, connection, at: Instant::now() });
    }

    fn time(&self) -> SystemTime {
        let offset = self.clock_offset.load(Ordering::Relaxed);
        let distance = Duration::from_secs(offset.unsigned_abs());
        if offset < 0 { now() - distance } else { now() + distance }
    }
}
