//! The place of a call in its trace, and the headers that tell the deployment.
//!
//! Source: docs/spec/fn-container-contract.md#tracing.

use std::time::SystemTime;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use fn_fdk::{Context, TraceContext};
use oracle_cloud_client::apm::{span_id, trace_id};

/// The headers that carry a trace on. Sources: Zipkin's B3 propagation; W3C Trace Context.
pub(crate) const HEADERS: [&str; 8] = [
    "b3",
    "traceparent",
    "tracestate",
    "x-b3-flags",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-spanid",
    "x-b3-traceid",
];
/// The longest `tracestate` that is forwarded, in bytes: the length that W3C Trace Context
/// requires.
const MAX_TRACESTATE_BYTES: usize = 512;

/// One call's trace, and the spans in it whose ids others need.
#[derive(Debug)]
pub(super) struct Trace {
    pub(super) received: SystemTime,
    pub(super) id: String,
    pub(super) parent: Option<String>,
    pub(super) sampled: bool,
    pub(super) debug: bool,
    pub(super) call: String,
    pub(super) predict: String,
    /// Whether the caller's headers name it already, and nobody else has to know of its spans.
    is_passed_on: bool,
}

impl Trace {
    /// Creates the trace of a call that was received at `received`: it continues the caller's
    /// trace, or is a new one.
    pub(super) fn of(context: &Context, received: SystemTime) -> Self {
        let TraceContext { trace_id: known, parent_id: parent, sampled, debug } =
            context.trace.clone();
        let id = known.unwrap_or_else(trace_id);
        let (call, predict) = (span_id(), span_id());
        Self { received, id, parent, sampled, debug, call, predict, is_passed_on: false }
    }

    /// The same of a call whose spans are not told: a trace that it came with is left as it is.
    pub(super) fn untold(context: &Context, received: SystemTime) -> Self {
        let is_passed_on = context.trace.trace_id.is_some();
        Self { is_passed_on, ..Self::of(context, received) }
    }

    /// Returns the id by which log lines are found.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Writes both forms of the trace's headers into a request, in place of the caller's.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        if self.is_passed_on {
            return;
        }
        let same = headers.get("traceparent").is_some_and(|parent| {
            parent.to_str().is_ok_and(|parent| parent.split('-').nth(1) == Some(&self.id))
        });
        let state: usize = headers.get_all("tracestate").iter().map(HeaderValue::len).sum();
        let kept = same && state <= MAX_TRACESTATE_BYTES;
        for name in HEADERS.iter().filter(|name| !(kept && **name == "tracestate")) {
            headers.remove(*name);
        }
        let flags = if self.sampled { "01" } else { "00" };
        let decision = match (self.debug, self.sampled) {
            // Debug implies that it is sampled.
            (true, _) => ("x-b3-flags", "1"),
            (false, true) => ("x-b3-sampled", "1"),
            (false, false) => ("x-b3-sampled", "0"),
        };
        for (name, text) in [
            ("traceparent", format!("00-{:0>32}-{}-{flags}", self.id, self.predict)),
            ("x-b3-traceid", self.id.clone()),
            ("x-b3-spanid", self.predict.clone()),
            ("x-b3-parentspanid", self.call.clone()),
            (decision.0, decision.1.to_owned()),
        ] {
            let value = HeaderValue::try_from(text).expect("digits are visible ASCII");
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}
