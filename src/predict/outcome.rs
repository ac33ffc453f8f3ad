//! What became of a call: the one line for the operator, and the reply for the caller.
//!
//! Source: docs/spec/fn-container-contract.md#gateway-response.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue, StatusCode};
use log::Level;

use super::trace::Trace;
use super::{Endpoint, Error, HeaderRules, Prediction, headers, target};
use fn_fdk::{self, Call, Intent, Rejection, Reply, error_chain};
use oracle_cloud_client::{Journey, Phase};

/// Whether this process had a call other than a probe: the first one pays for connections, and for what else is made when needed.
static WARM: AtomicBool = AtomicBool::new(false);
/// The longest id of an answer that is written, in bytes; Oracle's have 32 to 98.
const LONGEST_ID: usize = 128;
/// Tells clients of OpenAI's protocol whether another try is worth it.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// What is noted of a call while it runs: nothing that a client or a model said, but for the ids of requests.
pub(super) struct Record {
    pub(super) start: Instant,
    warm: bool,
    /// Its place in a trace, while tracing is on.
    pub(super) trace: Option<Trace>,
    /// The deployment that was meant; None if it never came to one.
    pub(super) endpoint: Option<Endpoint>,
    /// Whether clients of OpenAI's protocol call: a base URL, and paths that are open.
    pub(super) openai: bool,
    /// When all that can be refused before anything is signed had been looked at; None if it was refused.
    pub(super) checked: Option<Instant>,
    pub(super) journey: Journey,
    decided: Option<Instant>,
}

impl Record {
    pub(super) fn start(trace: Option<Trace>) -> Self {
        Self {
            start: Instant::now(),
            warm: WARM.swap(true, Ordering::Relaxed),
            trace,
            endpoint: None,
            openai: false,
            checked: None,
            journey: Journey::default(),
            decided: None,
        }
    }

    /// What becomes of the call is known now.
    pub(super) fn decided(&mut self) {
        self.decided = Some(Instant::now());
    }

    /// When that was; now, if it is not yet.
    pub(super) fn end(&self) -> Instant {
        self.decided.unwrap_or_else(Instant::now)
    }

    /// Writes the one line about a call.
    pub(super) fn log(&self, call: &Call, outcome: &Result<Prediction, Error>) {
        let trace_id = self.trace.as_ref().map(Trace::id).unwrap_or_default();
        let intent = match call.intent() {
            Intent::Direct => "direct",
            Intent::Gateway => "gateway",
        };
        let deployment = self.endpoint.as_ref().map(Endpoint::ocid).unwrap_or_default();
        let path = self.endpoint.as_ref().map(Endpoint::path).unwrap_or_default();
        let route = self.endpoint.as_ref().and_then(|_checked| target::route(call.headers()));
        let (route, bytes_in) = (route.unwrap_or_default(), call.received());
        let opc_request_id = headers::request_id(call.headers()).map_or("", plain_id);
        let start = if self.warm { "warm" } else { "cold" };
        let (end, tries) = (self.end(), self.journey.tries());
        let check_ms = milliseconds(self.checked.unwrap_or(end) - self.start);
        let (report_ms, ms) = (milliseconds(end.elapsed()), milliseconds(self.start.elapsed()));
        let [sign_ms, connect_ms, wait_ms] = [Phase::Sign, Phase::Connect, Phase::Wait]
            .map(|phase| milliseconds(self.journey.time(phase)));
        let left_ms = milliseconds(call.deadline().remaining());
        match outcome {
            Ok(Prediction { status, headers, body }) => {
                let (status, bytes_out) = (status.as_u16(), body.len());
                let deployment_request_id = headers.get("opc-request-id").map(HeaderValue::to_str);
                let deployment_request_id = match deployment_request_id {
                    Some(Ok(id)) => plain_id(id),
                    Some(Err(_)) | None => "",
                };
                log::info!(
                    intent, deployment, path, route, status, bytes_in, bytes_out, tries, check_ms, sign_ms,
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
                    level, intent, deployment, path, route, status, code, bytes_in, tries, check_ms, sign_ms,
                    connect_ms, wait_ms, report_ms, ms, left_ms, start, trace_id, opc_request_id;
                    "{why}"
                );
            }
        }
    }
}

/// An id of a request as it is written; nothing where whoever made it wrote something else into it.
fn plain_id(id: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/.:".contains(&byte);
    if id.len() <= LONGEST_ID && id.bytes().all(plain) { id } else { "" }
}

/// Milliseconds, to a hundredth of one.
pub(super) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e5).round() / 100.0
}

/// The reply to a caller. A gateway passes the true status on; a direct caller knows success and two kinds of failure.
pub(super) fn reply(
    outcome: Result<Prediction, Error>,
    intent: Intent,
    record: &Record,
    headers: &HeaderRules,
) -> Result<Reply, fn_fdk::Error> {
    let late = matches!(outcome, Err(Error::Rejected(Rejection::BodyLate)));
    let mut reply = match outcome {
        Ok(prediction) => headers.reply(prediction)?,
        Err(error) => error.reply(record.openai)?,
    };
    // Those clients try again by themselves what was tried here already.
    if record.openai && reply.status().is_server_error() && record.journey.tries() > 1 {
        reply = reply.with_header(SHOULD_RETRY, HeaderValue::from_static("false"))?;
    }
    match (intent, reply.status()) {
        // The agent has given the call up as well.
        _ if late => Err(fn_fdk::Error::timed_out(reply)),
        (Intent::Gateway, _) => Ok(reply),
        (Intent::Direct, status) if status.is_success() => Ok(reply),
        (Intent::Direct, StatusCode::GATEWAY_TIMEOUT) => Err(fn_fdk::Error::timed_out(reply)),
        (Intent::Direct, _) => Err(fn_fdk::Error::failed(reply)),
    }
}
