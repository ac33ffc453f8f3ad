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
mod metrics;
mod outcome;
mod path;
mod payload;
mod resolve;
mod target;
mod trace;

use std::sync::Arc;
use std::time::Duration;

pub use endpoint::{Endpoint, EndpointRule, Refusal, is_authority, is_model_deployment};
pub use error::Error;
pub use forward::{Forwarder, Prediction};
pub use headers::{HeaderRules, InvalidHeaderName};
pub use metrics::{Metrics, MetricsTarget};
pub use path::{InvalidPath, Paths};
pub use target::{Targets, TargetsError};
pub use trace::Tracer;

use tokio::time::Instant;

use crate::fdk::{self, Call, Reply};
use health::Probe;
use outcome::Record;
use payload::Payload;

/// How long spans and figures may keep a reply waiting, however slow those are who take them.
const REPORT: Duration = Duration::from_millis(500);
/// What the reply itself takes after them: the agent must have it before the deadline.
const REPLY_MARGIN: Duration = Duration::from_millis(50);

/// Everything a call needs, built once at start.
#[derive(Debug)]
pub struct Predictor {
    /// Which addresses may be called, and which one a call means.
    pub targets: Targets,
    /// Which headers pass in either direction.
    pub headers: HeaderRules,
    /// Signs and sends.
    pub forwarder: Forwarder,
    /// Tells the trace collector of calls.
    pub tracer: Tracer,
    /// Tells Monitoring of calls.
    pub metrics: Metrics,
}

impl Predictor {
    /// Answers a call, whatever happens, and writes the one line about it to the log.
    pub async fn answer(self: Arc<Self>, call: Call) -> Result<Reply, fdk::Error> {
        if let Some(probe) = Probe::of(&call) {
            return probe.answer(&self.forwarder).await;
        }
        let mut record = Record::start(self.tracer.trace(&call));
        let outcome = self.predict(&call, &mut record).await;
        self.report(&call, &mut record, &outcome).await;
        record.log(&call, &outcome);
        outcome::reply(outcome, call.intent(), &self.headers)
    }

    /// The story of one call.
    async fn predict(&self, call: &Call, record: &mut Record) -> Result<Prediction, Error> {
        let (endpoint, body) = self.targets.of(call)?;
        record.endpoint(&endpoint);
        let payload = Payload::of(call, &endpoint, body)?;
        let headers = self.headers.forwarded(call, &payload, record.trace());
        record.checked();
        self.forwarder.send(call, &endpoint, headers, payload.body, &mut record.journey).await
    }

    /// Has others know of a call before it is answered: nothing runs afterwards.
    async fn report(&self, call: &Call, record: &mut Record, outcome: &Result<Prediction, Error>) {
        if record.trace().is_none() && !self.metrics.are_on() {
            return;
        }
        let begin = Instant::now();
        let until = (begin + REPORT).min(call.deadline().limit() - REPLY_MARGIN);
        tokio::join!(
            self.tracer.send(call, record, outcome, until),
            self.metrics.count(record, outcome, &self.forwarder, until),
        );
        record.reported(begin.elapsed());
    }
}
