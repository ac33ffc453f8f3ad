//! This function: one call of a client becomes one signed call of a model deployment.
//!
//! ```text
//! Call ▶ which address? Endpoint ▶ what for? Payload ▶ sign ▶ forward ─ TLS ─▶ model deployment
//! Reply ◀──────────────── Prediction | Error ◀───────────────────────────┘
//! ```

mod endpoint;
mod envelope;
mod error;
mod forward;
mod headers;
mod health;
mod outcome;
mod path;
mod payload;
mod resolve;
mod target;

use std::sync::Arc;

pub use endpoint::{Endpoint, EndpointRule, Refusal, is_authority, is_model_deployment};
pub use error::Error;
pub use forward::{Forwarder, Prediction};
pub use headers::{HeaderRules, InvalidHeaderName};
pub use path::{InvalidPath, Paths};
pub use target::{Targets, TargetsError};

use crate::fdk::{self, Call, Reply};
use health::Probe;
use outcome::Record;
use payload::Payload;

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
        if let Some(probe) = Probe::of(&call) {
            return probe.answer(&self.forwarder).await;
        }
        let mut record = Record::start();
        let outcome = self.predict(&call, &mut record).await;
        record.log(&call, &outcome);
        outcome::reply(outcome, call.intent(), &self.headers)
    }

    /// The story of one call.
    async fn predict(&self, call: &Call, record: &mut Record) -> Result<Prediction, Error> {
        let (endpoint, body) = self.targets.of(call)?;
        record.endpoint(&endpoint);
        let payload = Payload::of(call, &endpoint, body)?;
        let headers = self.headers.forwarded(call, &payload);
        record.checked();
        self.forwarder.send(call, &endpoint, headers, payload.body, &mut record.journey).await
    }
}
