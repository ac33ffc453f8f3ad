//! What the server is made of, and how long it serves.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hyper_util::server::graceful::GracefulShutdown;
use model_deployment_fn::predict::{Forwarder, Predictor};
use oracle_cloud_client::{Principal, TrustError};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::admin::{self, Health};
use crate::bodies::Bodies;
use crate::config::{Config, Limits};
use crate::drain::{Drain, Signals};
use crate::listener;
use crate::shared::Shared;
use crate::trust::Trust;

/// How many connections there may be for each call that may run at once.
const CONNECTIONS_PER_CALL: usize = 4;
/// How long the last words to clients may take.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A server that is ready to serve.
#[derive(Debug)]
pub struct Server(Arc<Shared>);

impl Server {
    /// A server that signs as `principal` by the clock `now`.
    pub fn new(
        config: Config,
        principal: Principal,
        now: fn() -> SystemTime,
    ) -> Result<Self, TrustError> {
        let Config { callers, tls, limits, rule, repeatable, targets, headers, roots, .. } = config;
        let hosts = oracle_cloud_client::Trust::new(roots.as_ref(), rule.all_hosts())?;
        let forwarder = Forwarder::new(&rule, &hosts, principal, now, repeatable)?;
        let trust = Trust::new(callers, roots.as_ref(), forwarder.client())?;
        let Limits { max_body, max_buffered, max_concurrent, .. } = limits;
        Ok(Self(Arc::new(Shared {
            predictor: Predictor { targets, headers, forwarder, tracer: None, metrics: None },
            trust,
            tls,
            metrics: Arc::default(),
            drain: Drain::default(),
            limits,
            calls: Arc::new(Semaphore::new(max_concurrent)),
            connections: Arc::new(Semaphore::new(max_concurrent * CONNECTIONS_PER_CALL)),
            bodies: Bodies::new(max_body, max_buffered),
        })))
    }

    /// Serves until a signal comes and what runs then is over, or its time is.
    pub async fn serve(self, listener: TcpListener, admin: Option<TcpListener>, signals: Signals) {
        let Self(shared) = self;
        // Dropped with this future, which the operator's port then ends with.
        let mut operators = JoinSet::new();
        if let Some(admin) = admin {
            operators.spawn(admin::serve(admin, shared.clone(), shared.metrics.clone()));
        }
        let connections = GracefulShutdown::new();
        let serving = async {
            listener::accept(&shared, listener, &connections).await;
            connections.shutdown().await;
        };
        let ending = async {
            shared.drain.follow(signals, shared.limits.drain_timeout).await;
            sleep(LAST_WORDS).await;
        };
        tokio::select! {
            () = serving => {}
            () = ending => log::warn!("stopped with connections open"),
        }
    }
}

/// What probes ask.
impl Health for Shared {
    fn is_draining(&self) -> bool {
        self.drain.begun.is_cancelled()
    }

    async fn has_credentials(&self) -> bool {
        self.predictor.forwarder.client().credentials().await.is_ok()
    }
}
