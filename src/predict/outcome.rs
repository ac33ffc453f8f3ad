//! What became of a call: the one line for the operator, and the reply for the caller.
//!
//! Source: docs/spec/fn-container-contract.md#gateway-response.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};
use log::Level;

use super::endpoint::Endpoint;
use super::error::Error;
use super::forward::Prediction;
use super::headers::HeaderRules;
use super::trace::Trace;
use super::{headers, target};
use fn_fdk::{Context, Intent, error_chain};
use oracle_cloud_client::{Phase, RequestTimings};

/// Whether this process had a call other than a probe: the first one pays for connections, and for what else is made when needed.
static WARM: AtomicBool = AtomicBool::new(false);
/// The longest id of an answer that is written, in bytes; Oracle's have 32 to 98.
const MAX_ID_BYTES: usize = 128;
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
    pub(super) timings: RequestTimings,
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
            timings: RequestTimings::default(),
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
    pub(super) fn log(
        &self,
        request: &Request<Bytes>,
        bytes_in: usize,
        context: &Context,
        outcome: &Result<Prediction, Error>,
    ) {
        let trace_id = self.trace.as_ref().map(Trace::id).unwrap_or_default();
        let intent = if context.intent == Intent::Direct { "direct" } else { "gateway" };
        let deployment = self.endpoint.as_ref().map(Endpoint::ocid).unwrap_or_default();
        let path = self.endpoint.as_ref().map(Endpoint::path).unwrap_or_default();
        let route = self.endpoint.as_ref().and_then(|_checked| target::route(request.headers()));
        let route = route.unwrap_or_default();
        let opc_request_id = headers::request_id(request.headers()).map_or("", plain_id);
        let start = if self.warm { "warm" } else { "cold" };
        let (end, tries) = (self.end(), self.timings.attempts());
        let check_ms = milliseconds(self.checked.unwrap_or(end) - self.start);
        let (report_ms, ms) = (milliseconds(end.elapsed()), milliseconds(self.start.elapsed()));
        let [sign_ms, connect_ms, wait_ms] = [Phase::Sign, Phase::Connect, Phase::Wait]
            .map(|phase| milliseconds(self.timings.time(phase)));
        let left = context.deadline.saturating_duration_since(Instant::now());
        let left_ms = milliseconds(left);
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
    if id.len() <= MAX_ID_BYTES && id.bytes().all(plain) { id } else { "" }
}

/// Milliseconds, to a hundredth of one.
pub(super) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e5).round() / 100.0
}

/// What the caller has of it.
pub(super) fn response(
    outcome: Result<Prediction, Error>,
    record: &Record,
    headers: &HeaderRules,
) -> Response<Bytes> {
    let mut response = match outcome {
        Ok(prediction) => headers.response(prediction),
        Err(error) => error.response(record.openai),
    };
    // Those clients try again by themselves what was tried here already.
    if record.openai && response.status().is_server_error() && record.timings.attempts() > 1 {
        response.headers_mut().append(SHOULD_RETRY, HeaderValue::from_static("false"));
    }
    response
}
