//! This function: one call of a client becomes one signed call of a model deployment.
//!
//! ```text
//! Call ▶ which address? Endpoint ▶ is the body JSON? ▶ sign ▶ forward ─ TLS ─▶ model deployment
//! Reply ◀──────────────── Prediction | Error ◀──────────────────────────────┘
//! ```

mod body;
mod endpoint;
mod error;
mod forward;
mod headers;
mod outcome;
mod resolve;
mod target;

use std::sync::Arc;

pub use endpoint::{Endpoint, EndpointRule, Refusal, is_model_deployment};
pub use error::Error;
pub use forward::{Forwarder, Prediction};
pub use headers::{HeaderRules, InvalidHeaderName};
pub use target::{Targets, TargetsError};

use crate::fdk::{self, Call, Reply};
use outcome::Record;

/// Everything a call needs, built once at start.
#[derive(Debug)]
pub struct Predictor {
    /// Which addresses may be called, and which one a call means.
    pub targets: Targets,
    /// Which headers pass in either direction.
    pub headers: HeaderRules,
    /// Signs and sends.
    pub forwarder: Forwarder,
}

impl Predictor {
    /// Answers a call, whatever happens, and writes the one line about it to the log.
    pub async fn answer(self: Arc<Self>, call: Call) -> Result<Reply, fdk::Error> {
        let mut record = Record::start();
        let outcome = self.predict(&call, &mut record).await;
        record.log(&call, &outcome);
        outcome::reply(outcome, call.intent(), &self.headers)
    }

    /// The story of one call.
    async fn predict(&self, call: &Call, record: &mut Record) -> Result<Prediction, Error> {
        let endpoint = self.targets.endpoint_of(call.headers())?;
        record.deployment(&endpoint);
        body::check_json(call.body())?;
        let headers = self.headers.forwarded(call);
        self.forwarder.send(&endpoint, headers, call.body().clone(), call.deadline()).await
    }
}
