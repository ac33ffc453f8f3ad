//! The services of OCI that a function may call beside model deployments: Generative AI, Language,
//! Object Storage, Secrets and the messages of queues. They verify signatures and keep state.
//!
//! Paths, members and statuses are those of Oracle's SDK for Python 2.189 and of OpenAI's clients
//! 2.54 and 3.57, and those that the live service was observed to answer with. The rest of the
//! service's behaviour is not known.

mod answer;
mod behaviour;
mod call;
mod document;
mod event;
mod exchange;
mod gate;
pub mod generative_ai;
mod host;
mod language;
mod personal_data;
mod queue;
mod route;
mod secrets;
mod service;
mod state;
mod steps;
mod words;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, PoisonError};

use self::exchange::{Exchange, Shared};
use self::gate::Gate;
use self::generative_ai::Resource;
use self::host::Host;
use self::state::State;
use crate::deployment::{Authority, Certificate};
use crate::object_storage::Objects;
use crate::principal::Issuer;
use crate::user::User;

pub use self::behaviour::Behaviour;
pub use self::exchange::Received;
pub use self::queue::QUEUE;
pub use self::secrets::{Secrets, VAULT};
pub use self::service::Service;

/// The running services on loopback. Dropped, they close every connection.
#[derive(Debug)]
pub struct Services {
    shared: Arc<Shared>,
    hosts: BTreeMap<Service, Host>,
}

impl Services {
    /// Starts each service on two free ports, with certificates of `tls`. They trust tokens of
    /// `issuer` and the key of `user`.
    pub async fn start(issuer: Arc<Issuer>, user: Arc<User>, tls: &Authority) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            gate: Gate::new(issuer, user),
            state: State::default(),
            received: std::sync::Mutex::default(),
        });
        let config = tls.server_config(Certificate::Valid);
        let mut hosts = BTreeMap::new();
        for service in Service::ALL {
            let exchange = Exchange::new(service, shared.clone());
            hosts.insert(service, Host::start(exchange, config.clone()).await?);
        }
        Ok(Self { shared, hosts })
    }

    /// Returns the base URL of a service's host, such as `https://localhost:40001`.
    pub fn url(&self, service: Service) -> String {
        format!("https://localhost:{}", self.host(service).tls.address.port())
    }

    /// Returns the base URL without TLS, for clients that take any URL.
    pub fn plain_url(&self, service: Service) -> String {
        format!("http://localhost:{}", self.host(service).plain.address.port())
    }

    /// Applies `behaviour` to the next request of `service`; several apply to requests in order.
    pub fn behave(&self, service: Service, behaviour: Behaviour) {
        self.host(service).exchange.behaviours().push_back(behaviour);
    }

    /// Sets the clock of a service off by `seconds`.
    pub fn set_clock_offset(&self, service: Service, seconds: i64) {
        self.host(service).exchange.clock.set(seconds);
    }

    /// Sets whether Generative AI refuses a content type with parameters.
    pub fn set_strict_content_type(&self, strict: bool) {
        self.shared.gate.set_strict_content_type(strict);
    }

    /// Removes the resource principals' policy for `resource`. Users keep their rights.
    pub fn revoke(&self, resource: Resource) {
        self.shared.state.generative_ai.revoke(resource);
    }

    /// Returns every request that arrived so far at any of the services.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the objects of Object Storage.
    pub fn objects(&self) -> &Objects {
        &self.shared.state.objects
    }

    /// Returns the secrets: none until a test stores one.
    pub fn secrets(&self) -> &Secrets {
        &self.shared.state.secrets
    }

    fn host(&self, service: Service) -> &Host {
        self.hosts.get(&service).expect("all were started")
    }
}
