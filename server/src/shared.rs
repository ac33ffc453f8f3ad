//! What calls share: built once at start.

use std::sync::Arc;

use model_deployment_fn::predict::Predictor;
use tokio::sync::Semaphore;

use crate::bodies::Bodies;
use crate::config::Limits;
use crate::drain::Drain;
use crate::metrics::Metrics;
use crate::tls::Acceptor;
use crate::trust::Trust;

/// Everything that calls need.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) predictor: Predictor,
    pub(crate) trust: Trust,
    pub(crate) tls: Option<Acceptor>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) drain: Drain,
    pub(crate) limits: Limits,
    pub(crate) calls: Arc<Semaphore>,
    pub(crate) connections: Arc<Semaphore>,
    pub(crate) bodies: Bodies,
}
