//! The outcome of a call: its log line for the operator, and the reply for the caller.
//!
//! Source: docs/spec/fn-container-contract.md#gateway-response.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use log::Level;
use log::kv::Value;

use super::endpoint::Endpoint;
use super::error::Error;
use super::forward::Prediction;
use super::headers::HeaderRules;
use super::trace::Trace;
use super::upstream::Upstream;
use super::{headers, target};
use crate::services::{Operation, Tokens};
use fn_fdk::{Context, Intent, error_chain};
use oracle_cloud_client::{Phase, RequestTimings};

/// Whether this process has had a call other than a probe: the first one pays for connections and
/// for lazy initialisation.
static WARM: AtomicBool = AtomicBool::new(false);
/// The longest id of an answer that is logged, in bytes; Oracle's have 32 to 98.
const MAX_ID_BYTES: usize = 128;
/// Tells clients of OpenAI's protocol whether to retry.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// What is recorded of a call while it runs: nothing that a client or a model wrote, except the ids
/// of requests.
pub(super) struct Record {
    pub(super) start: Instant,
    warm: bool,
    /// Its place in a trace, if tracing is on.
    pub(super) trace: Option<Trace>,
    /// What was meant; None if the call failed before that was known.
    pub(super) upstream: Option<Upstream>,
    /// The model that a service was asked for, if its entry lists it.
    pub(super) model: Option<String>,
    /// The tokens that a service says it used.
    pub(super) tokens: Tokens,
    /// Whether clients of OpenAI's protocol call: a base URL, with paths that are allowed.
    pub(super) openai: bool,
    /// When all checks before signing were done; None if one failed.
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
            upstream: None,
            model: None,
            tokens: Tokens::default(),
            openai: false,
            checked: None,
            timings: RequestTimings::default(),
            decided: None,
        }
    }

    /// Returns the deployment that was meant.
    pub(super) fn deployment(&self) -> Option<&Endpoint> {
        self.upstream.as_ref().and_then(Upstream::deployment)
    }

    /// Returns the operation of another service that was meant.
    pub(super) fn service(&self) -> Option<&Operation> {
        self.upstream.as_ref().and_then(Upstream::service)
    }

    /// Returns the model that a service was asked for: one that its entry lists, or `other`.
    pub(super) fn service_model(&self) -> Option<&str> {
        self.service().map(|_| self.model.as_deref().unwrap_or("other"))
    }

    /// Records that the outcome of the call is known now.
    pub(super) fn decided(&mut self) {
        self.decided = Some(Instant::now());
    }

    /// Returns when that was; now, if it is not known yet.
    pub(super) fn end(&self) -> Instant {
        self.decided.unwrap_or_else(Instant::now)
    }

    /// Writes the call's log line.
    pub(super) fn log(&self, heard: &Heard, end: &End<'_>) {
        let Heard { call, route, opc_request_id, bytes_in, .. } = heard;
        let trace_id = self.trace.as_ref().map(Trace::id).unwrap_or_default();
        let intent = if heard.intent == Intent::Direct { "direct" } else { "gateway" };
        let deployment = self.deployment().map(Endpoint::ocid).unwrap_or_default();
        let target = self.service().map(Operation::alias).unwrap_or_default();
        let service = self.service().map(Operation::service).unwrap_or_default();
        let model = self.model.as_deref().unwrap_or_default();
        let (tokens_in, tokens_out) = (known(self.tokens.input), known(self.tokens.output));
        let path = self.upstream.as_ref().map(Upstream::path).unwrap_or_default();
        let route = self.deployment().map(|_checked| route.as_str()).unwrap_or_default();
        let start = if self.warm { "warm" } else { "cold" };
        let (ended, tries) = (self.end(), self.timings.attempts());
        let check_ms = milliseconds(self.checked.unwrap_or(ended) - self.start);
        let (report_ms, ms) = (milliseconds(ended.elapsed()), milliseconds(self.start.elapsed()));
        let [sign_ms, connect_ms, wait_ms] = [Phase::Sign, Phase::Connect, Phase::Wait]
            .map(|phase| milliseconds(self.timings.time(phase)));
        let left = heard.deadline.saturating_duration_since(Instant::now());
        let left_ms = milliseconds(left);
        let (bytes_out, stream) = (known(end.bytes_out), known(end.streamed.map(|_| true)));
        let ttfb_ms = known(end.streamed.and_then(|streamed| streamed.ttfb).map(milliseconds));
        let deployment_request_id = plain_id(end.deployment_request_id);
        match end.outcome {
            Ok(status) => {
                let status = status.as_u16();
                log::info!(
                    call, intent, deployment, target, service, path, route, model, status, bytes_in, bytes_out,
                    tokens_in, tokens_out, tries, check_ms, sign_ms, connect_ms, wait_ms, ttfb_ms, report_ms, ms, left_ms, start, stream, trace_id,
                    opc_request_id, deployment_request_id;
                    "predicted"
                );
            }
            Err(error) => {
                let (status, code) = (error.status(), error.code());
                let level = if status.is_client_error() { Level::Warn } else { Level::Error };
                let (status, why) = (status.as_u16(), error_chain(error));
                log::log!(
                    level, call, intent, deployment, target, service, path, route, model, status, code, bytes_in,
                    bytes_out, tries, check_ms, sign_ms, connect_ms, wait_ms, ttfb_ms, report_ms, ms, left_ms, start, stream, trace_id,
                    opc_request_id, deployment_request_id;
                    "{why}"
                );
            }
        }
    }
}

/// What the line about a call has of its request.
pub(super) struct Heard {
    call: String,
    intent: Intent,
    deadline: Instant,
    route: String,
    opc_request_id: String,
    pub(super) bytes_in: usize,
}

impl Heard {
    /// That of a request of which so many bytes came.
    pub(super) fn of(request: &Request<Bytes>, bytes_in: usize, context: &Context) -> Self {
        let opc_request_id = headers::request_id(request.headers()).map_or("", plain_id);
        Self {
            call: context.id.clone().unwrap_or_default(),
            intent: context.intent,
            deadline: context.deadline,
            route: target::route(request.headers()).unwrap_or_default().to_owned(),
            opc_request_id: opc_request_id.to_owned(),
            bytes_in,
        }
    }
}

/// What the line about a call has of its end.
pub(super) struct End<'a> {
    /// The status that was passed on, or why none was, or not the whole answer.
    pub(super) outcome: Result<StatusCode, &'a Error>,
    pub(super) bytes_out: Option<usize>,
    pub(super) deployment_request_id: &'a str,
    /// Of a call whose answer is passed on while it comes.
    pub(super) streamed: Option<Streamed>,
}

/// What is known of an answer that is passed on while it comes.
#[derive(Clone, Copy)]
pub(super) struct Streamed {
    /// From the begin of the call to the first byte of the body, if one came.
    pub(super) ttfb: Option<Duration>,
}

impl<'a> From<&'a Result<Prediction, Error>> for End<'a> {
    fn from(outcome: &'a Result<Prediction, Error>) -> Self {
        let outcome = outcome.as_ref();
        let id = outcome.map(|prediction| deployment_request_id(&prediction.headers));
        Self {
            outcome: outcome.map(|prediction| prediction.status),
            bytes_out: outcome.ok().map(|prediction| prediction.body.len()),
            deployment_request_id: id.unwrap_or_default(),
            streamed: None,
        }
    }
}

/// The id that a deployment gave its answer.
pub(super) fn deployment_request_id(headers: &HeaderMap) -> &str {
    let id = headers.get("opc-request-id").and_then(|id| id.to_str().ok());
    id.unwrap_or_default()
}

/// A field that is left out where its value is not known.
fn known<'a>(value: Option<impl Into<Value<'a>>>) -> Value<'a> {
    value.map_or(Value::from(""), Into::into)
}

/// Returns a request's id for the log; empty if it has characters that no id has.
fn plain_id(id: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/.:".contains(&byte);
    if id.len() <= MAX_ID_BYTES && id.bytes().all(plain) { id } else { "" }
}

/// Milliseconds, with two decimals.
pub(super) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e5).round() / 100.0
}

/// Makes the caller's response.
pub(super) fn response(
    outcome: Result<(StatusCode, HeaderMap, Bytes), Error>,
    record: &Record,
    headers: &HeaderRules,
    program: &str,
) -> Response<Bytes> {
    let is_own = outcome.is_err();
    // Where the front ends a call, another one may have more luck.
    let is_fronts = matches!(outcome, Err(Error::Front(_)));
    let mut response = match outcome {
        Ok((status, returned, body)) => headers.response(status, &returned, body, record.service()),
        Err(error) => error.response(record.openai, program),
    };
    if record.service().is_some_and(Operation::is_secret) {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    // Those clients would otherwise retry what was retried here already.
    let tried = match record.service() {
        None => record.openai && record.timings.attempts() > 1,
        Some(_) => is_own || record.timings.attempts() > 1,
    };
    if tried && !is_fronts && response.status().is_server_error() {
        response.headers_mut().append(SHOULD_RETRY, HeaderValue::from_static("false"));
    }
    response
}
