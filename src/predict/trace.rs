//! The place of a call in its trace, and what the deployment is told of it.
//!
//! Source: docs/spec/fn-container-contract.md#tracing.

use std::time::SystemTime;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use fn_fdk::{Context, TraceContext};
use oracle_cloud_client::apm::{span_id, trace_id};

/// The headers by which a trace goes on. Sources: Zipkin's B3 propagation; W3C Trace Context.
pub(super) const HEADERS: [&str; 8] = [
    "b3",
    "traceparent",
    "tracestate",
    "x-b3-flags",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-spanid",
    "x-b3-traceid",
];
/// The longest `tracestate` that goes on, in bytes: all that W3C Trace Context asks for.
const MAX_TRACESTATE_BYTES: usize = 512;

/// One call's trace, and the spans in it that others have to know of.
#[derive(Debug)]
pub(super) struct Trace {
    pub(super) received: SystemTime,
    pub(super) id: String,
    pub(super) parent: Option<String>,
    pub(super) sampled: bool,
    pub(super) debug: bool,
    pub(super) call: String,
    pub(super) predict: String,
}

impl Trace {
    /// The trace of a call that was received at `received`: the one that it came with, or a new one.
    pub(super) fn of(context: &Context, received: SystemTime) -> Self {
        let TraceContext { trace_id: known, parent_id: parent, sampled, debug } =
            context.trace.clone();
        let id = known.unwrap_or_else(trace_id);
        Self { received, id, parent, sampled, debug, call: span_id(), predict: span_id() }
    }

    /// By which the lines of a log are found.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Has a request go on with the trace, in both forms, instead of with the caller's.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
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
            // Debug says that it is sampled.
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
