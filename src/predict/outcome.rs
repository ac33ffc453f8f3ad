//! What became of a call: the one line for the operator, and the reply for the caller.

use std::time::Instant;

use http::StatusCode;
use log::Level;

use super::{Endpoint, Error, HeaderRules, Prediction};
use crate::fdk::{self, Call, Intent, Reply, error_chain};

/// What is noted of a call while it runs: nothing that a client or a model said.
pub(super) struct Record {
    start: Instant,
    deployment: String,
    path: String,
}

impl Record {
    pub(super) fn start() -> Self {
        Self { start: Instant::now(), deployment: String::new(), path: String::new() }
    }

    pub(super) fn endpoint(&mut self, endpoint: &Endpoint) {
        endpoint.ocid().clone_into(&mut self.deployment);
        self.path = endpoint.path();
    }

    /// Writes the one line about a call.
    pub(super) fn log(&self, call: &Call, outcome: &Result<Prediction, Error>) {
        let intent = format!("{:?}", call.intent()).to_ascii_lowercase();
        let (deployment, path) = (self.deployment.as_str(), self.path.as_str());
        let bytes_in = call.body().len();
        let ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        match outcome {
            Ok(Prediction { status, body, .. }) => {
                let (status, bytes_out) = (status.as_u16(), body.len());
                log::info!(intent, deployment, path, status, bytes_in, bytes_out, ms; "predicted");
            }
            Err(error) => {
                let (status, code) = (error.status(), error.code());
                let level = if status.is_client_error() { Level::Warn } else { Level::Error };
                let (status, why) = (status.as_u16(), error_chain(error));
                log::log!(level, intent, deployment, path, status, code, bytes_in, ms; "{why}");
            }
        }
    }
}

/// The reply to a caller. A gateway passes the true status on; a direct caller knows success and two kinds of failure.
pub(super) fn reply(
    outcome: Result<Prediction, Error>,
    intent: Intent,
    headers: &HeaderRules,
) -> Result<Reply, fdk::Error> {
    let reply = match outcome {
        Ok(prediction) => headers.reply(prediction)?,
        Err(error) => error.reply()?,
    };
    match (intent, reply.status()) {
        (Intent::Gateway, _) => Ok(reply),
        (Intent::Direct, status) if status.is_success() => Ok(reply),
        (Intent::Direct, StatusCode::GATEWAY_TIMEOUT) => Err(fdk::Error::timed_out(reply)),
        (Intent::Direct, _) => Err(fdk::Error::failed(reply)),
    }
}
