//! The emulated Data Science model deployment: TLS, signatures verified, and a real model behind
//! it.
//!
//! Source: docs/spec/oci-services.md#model-deployments.

mod answer;
mod behaviour;
mod call;
mod connection;
mod echo;
mod idle;
mod mcp;
mod model;
mod openai;
mod pace;
mod request;
mod route;
mod sessions;
mod state;
mod tls;
mod verify;

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

pub use behaviour::Behaviour;
pub use call::OCID;
pub use model::Model;
pub(crate) use openai::{Generation, letters, message_text, tokens};
pub use pace::Written;
pub use request::Request;
pub use state::Received;
pub use tls::{Authority, Certificate};
pub(crate) use verify::{Coverage, Signed, refused};
pub use verify::{Refusal, Verified, verify};

use crate::principal::Issuer;
use state::State;

/// A running deployment on loopback. Dropped, it closes every connection.
#[derive(Debug)]
pub struct ModelDeployment {
    address: SocketAddr,
    state: Arc<State>,
    _connections: JoinSet<()>,
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
        let state = Arc::new(State::new(issuer));
        let mut connections = JoinSet::new();
        connections.spawn(connection::accept(state.clone(), listener, acceptor));
        Ok(Self { address, state, _connections: connections })
    }

    /// Returns the address that it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns the predict URL, with a host that the certificate names: `localhost` or `127.0.0.1`.
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

    /// Sets its clock off by this many seconds.
    pub fn set_clock_offset(&self, seconds: i64) {
        self.state.clock_offset.store(seconds, Ordering::Relaxed);
    }

    /// Lets so long pass between two pieces of every stream from now on, as between two tokens.
    pub fn set_pace(&self, gap: Duration) {
        self.state.pace.set(gap);
    }

    /// The last 100,000 pieces of streams, in the order in which they were written.
    pub fn written(&self) -> Vec<Written> {
        self.state.pace.written()
    }

    /// Closes, in order, every connection that waits for its next request, also one whose answer is
    /// just being written; returns when they are closed.
    pub async fn close_idle(&self) {
        self.state.idle.close().await;
    }

    /// Returns every request that arrived so far.
    pub fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns every request that arrived in this time.
    pub fn received_between(&self, from: Instant, until: Instant) -> Vec<Received> {
        let received = self.state.received.lock().unwrap_or_else(PoisonError::into_inner);
        let earlier = received.partition_point(|received| received.at < from);
        let later = received.iter().skip(earlier);
        later.take_while(|received| received.at <= until).cloned().collect()
    }

    /// Returns how many TLS connections were made so far.
    pub fn connections(&self) -> u64 {
        *self.state.connections.borrow()
    }

    /// Waits until this many TLS connections were made.
    pub async fn connected(&self, count: u64) {
        let mut connections = self.state.connections.subscribe();
        let made = connections.wait_for(|made| *made >= count).await;
        drop(made.expect("the sender is this deployment's own"));
    }
}
