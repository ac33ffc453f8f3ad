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
mod trust;

use std::sync::Arc;

use http::StatusCode;

pub use endpoint::{Endpoint, EndpointRule, Refusal, is_model_deployment};
pub use error::Error;
pub use forward::{Forwarder, Prediction};
pub use headers::{HeaderRules, InvalidHeaderName};
pub use target::{Targets, TargetsError};
pub use trust::TrustError;

use crate::fdk::{self, Call, Reply};
use crate::oci::{self, Content, Credentials, Principal, ServiceClock, Signing};
use outcome::Record;

/// Everything a call needs, built once at start.
#[derive(Debug)]
pub struct Predictor {
    /// Which addresses may be called, and which one a call means.
    pub targets: Targets,
    /// Which headers pass in either direction.
    pub headers: HeaderRules,
    /// Who signs.
    pub principal: Principal,
    /// The one HTTP client.
    pub forwarder: Forwarder,
    /// The time of day, for signatures and the expiry of tokens.
    pub clock: ServiceClock,
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
        let credentials = self.principal.credentials(self.clock.now())?;
        let prediction = self.send(call, &endpoint, &credentials).await?;
        if prediction.status != StatusCode::UNAUTHORIZED {
            return Ok(prediction);
        }
        // It was our signature that was refused, not the client's token: our clock or our credentials may be old.
        self.clock.correct(&prediction.headers);
        let credentials = self.principal.refresh(&credentials, self.clock.now())?;
        let prediction = self.send(call, &endpoint, &credentials).await?;
        match prediction.status {
            StatusCode::UNAUTHORIZED => Err(Error::Unauthenticated),
            _ => Ok(prediction),
        }
    }

    /// Signs for this endpoint and sends, once.
    async fn send(
        &self,
        call: &Call,
        to: &Endpoint,
        by: &Credentials,
    ) -> Result<Prediction, Error> {
        let mut head = to.request(self.headers.forwarded(call));
        let content = Content::Bytes(call.body());
        oci::sign(&mut head, content, by, Signing::default(), self.clock.now())?;
        self.forwarder.send(to, head.headers, call.body().clone(), call.deadline()).await
    }
}
