//! This function: one call of a client becomes one signed call of a model deployment.
//!
//! ```text
//! Call ▶ which address? Endpoint ▶ is the body JSON? ▶ sign ▶ forward ─ TLS ─▶ model deployment
//! Reply ◀──────────────── Prediction | Error ◀──────────────────────────────┘
//! ```

mod endpoint;
mod error;
mod forward;
mod headers;
mod resolve;
mod target;
mod trust;

use std::sync::Arc;
use std::time::Instant;

use http::{Method, Request, StatusCode};
use serde_json::value::RawValue;

pub use endpoint::{Endpoint, EndpointRule, Refusal, is_model_deployment};
pub use error::Error;
pub use forward::{Forwarder, Prediction};
pub use headers::{HeaderRules, InvalidHeaderName};
pub use target::{Targets, TargetsError};
pub use trust::TrustError;

use crate::fdk::{self, Call, Clock, Intent, Reply};
use crate::oci::{self, Content, Credentials, Principal, Signing};

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
    pub clock: Clock,
}

impl Predictor {
    /// Answers a call, whatever happens, and writes the one line about it to the log.
    pub async fn answer(self: Arc<Self>, call: Call) -> Result<Reply, fdk::Error> {
        let start = Instant::now();
        let target = self.targets.endpoint_of(call.headers());
        let deployment = target
            .as_ref()
            .map_or_else(|_| String::new(), |endpoint| endpoint.ocid().to_owned());
        let outcome = match target {
            Ok(endpoint) => self.predict(&call, &endpoint).await,
            Err(error) => Err(error),
        };
        error::log(&call, &deployment, &outcome, start.elapsed());
        let reply = match outcome {
            Ok(prediction) => self.headers.reply(prediction)?,
            Err(error) => error.reply()?,
        };
        // A gateway passes the true status on; a direct caller has only success and the two kinds of failure.
        match (call.intent(), reply.status()) {
            (Intent::Gateway, _) => Ok(reply),
            (Intent::Direct, status) if status.is_success() => Ok(reply),
            (Intent::Direct, StatusCode::GATEWAY_TIMEOUT) => Err(fdk::Error::timed_out(reply)),
            (Intent::Direct, _) => Err(fdk::Error::failed(reply)),
        }
    }

    /// The story of one call.
    async fn predict(&self, call: &Call, endpoint: &Endpoint) -> Result<Prediction, Error> {
        check_json(call.body())?;
        let credentials = self.principal.credentials((self.clock)())?;
        let prediction = self.send(call, endpoint, &credentials).await?;
        if prediction.status != StatusCode::UNAUTHORIZED {
            return Ok(prediction);
        }
        // It was our signature that was refused, not the client's token: the credentials may have been replaced.
        let credentials = self.principal.refresh(&credentials, (self.clock)())?;
        let prediction = self.send(call, endpoint, &credentials).await?;
        if prediction.status == StatusCode::UNAUTHORIZED {
            Err(Error::Unauthenticated)
        } else {
            Ok(prediction)
        }
    }

    /// Signs for this endpoint and sends, once.
    async fn send(
        &self,
        call: &Call,
        endpoint: &Endpoint,
        credentials: &Credentials,
    ) -> Result<Prediction, Error> {
        let (mut head, ()) = Request::new(()).into_parts();
        head.method = Method::POST;
        head.uri = endpoint.uri().clone();
        head.headers = self.headers.forwarded(call);
        let now = (self.clock)();
        oci::sign(
            &mut head,
            Content::Bytes(call.body()),
            credentials,
            Signing::default(),
            now,
        )?;
        self.forwarder
            .send(endpoint, head.headers, call.body().clone(), call.deadline())
            .await
    }
}

/// Checks that a body is one JSON value, without building it: what is forwarded are the client's own bytes.
fn check_json(body: &[u8]) -> Result<(), Error> {
    if body.trim_ascii().is_empty() {
        return Err(Error::BodyMissing);
    }
    serde_json::from_slice::<&RawValue>(body)
        .map(drop)
        .map_err(Error::BodyNotJson)
}
