//! What became of a call: the one line for the operator, and the reply for the caller.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::{HeaderMap, StatusCode};
use log::Level;

use super::metrics::milliseconds;
use super::trace::Trace;
use super::{Endpoint, Error, HeaderRules, Prediction};
use crate::fdk::{self, Call, Intent, Reply, error_chain};
use crate::oci::{Journey, Phase};

/// Whether this process has had a call: the first one is the one that pays for the start.
static WARM: AtomicBool = AtomicBool::new(false);
/// The longest id of a request that is written, in bytes; Oracle's have 32 to 98.
const LONGEST_ID: usize = 128;

/// What is noted of a call while it runs: nothing that a client or a model said, but for the ids of requests.
pub(super) struct Record {
    trace: Option<Trace>,
    start: Instant,
    warm: bool,
    check: Option<Duration>,
    deployment: String,
    path: String,
    pub(super) journey: Journey,
    report: Duration,
}

impl Record {
    pub(super) fn start(trace: Option<Trace>) -> Self {
        Self {
            trace,
            start: Instant::now(),
            warm: WARM.swap(true, Ordering::Relaxed),
            check: None,
            deployment: String::new(),
            path: String::new(),
            journey: Journey::default(),
            report: Duration::ZERO,
        }
    }

    /// The call's place in a trace; None while tracing is off.
    pub(super) fn trace(&self) -> Option<&Trace> {
        self.trace.as_ref()
    }

    /// When the call began.
    pub(super) fn begin(&self) -> Instant {
        self.start
    }

    /// When all that can be refused before anything is signed had been looked at; None if it was refused.
    pub(super) fn checked_at(&self) -> Option<Instant> {
        self.check.map(|check| self.start + check)
    }

    /// The OCID of the deployment that was meant; None if it never came to one.
    pub(super) fn deployment(&self) -> Option<&str> {
        Some(self.deployment.as_str()).filter(|ocid| !ocid.is_empty())
    }

    /// The path of it.
    pub(super) fn path(&self) -> Option<&str> {
        Some(self.path.as_str()).filter(|path| !path.is_empty())
    }

    /// All that can be refused before anything is signed has been looked at.
    pub(super) fn checked(&mut self) {
        self.check = Some(self.start.elapsed());
    }

    /// How long it took to have others know of the call.
    pub(super) fn reported(&mut self, took: Duration) {
        self.report = took;
    }

    pub(super) fn endpoint(&mut self, endpoint: &Endpoint) {
        endpoint.ocid().clone_into(&mut self.deployment);
        self.path = endpoint.path();
    }

    /// Writes the one line about a call.
    pub(super) fn log(&self, call: &Call, outcome: &Result<Prediction, Error>) {
        let trace_id = self.trace().map(Trace::id).unwrap_or_default();
        let intent = format!("{:?}", call.intent()).to_ascii_lowercase();
        let (deployment, path) = (self.deployment.as_str(), self.path.as_str());
        let (bytes_in, opc_request_id) = (call.body().len(), request_id(call.headers()));
        let start = if self.warm { "warm" } else { "cold" };
        let (total, tries) = (self.start.elapsed(), self.journey.tries());
        let (ms, check_ms) = (milliseconds(total), milliseconds(self.check.unwrap_or(total)));
        let [sign_ms, connect_ms, wait_ms] = [Phase::Sign, Phase::Connect, Phase::Wait]
            .map(|phase| milliseconds(self.journey.time(phase)));
        let report_ms = milliseconds(self.report);
        let left_ms = milliseconds(call.deadline().remaining());
        match outcome {
            Ok(Prediction { status, headers, body }) => {
                let (status, bytes_out) = (status.as_u16(), body.len());
                let deployment_request_id = request_id(headers);
                log::info!(
                    intent, deployment, path, status, bytes_in, bytes_out, tries, check_ms, sign_ms,
                    connect_ms, wait_ms, report_ms, ms, left_ms, start, trace_id, opc_request_id,
                    deployment_request_id;
                    "predicted"
                );
            }
            Err(error) => {
                let (status, code) = (error.status(), error.code());
                let level = if status.is_client_error() { Level::Warn } else { Level::Error };
                let (status, why) = (status.as_u16(), error_chain(error));
                log::log!(
                    level, intent, deployment, path, status, code, bytes_in, tries, check_ms, sign_ms,
                    connect_ms, wait_ms, report_ms, ms, left_ms, start, trace_id, opc_request_id;
                    "{why}"
                );
            }
        }
    }
}

/// The id that a request or its answer was given, if it is one: whoever may call writes what they like into that header.
fn request_id(headers: &HeaderMap) -> &str {
    let id = headers.get("opc-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/.:".contains(&byte);
    if id.len() <= LONGEST_ID && id.bytes().all(plain) { id } else { "" }
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
