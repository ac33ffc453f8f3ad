//! The place of a call in its trace: what the deployment is told of it, and the spans that say how it went.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Instant, SystemTime};

use http::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::time;

use super::outcome::Record;
use super::{Error, Prediction};
use crate::fdk::{Call, Clock, TraceContext, Tracing};
use crate::oci::Phase;
use crate::oci::apm::{Collector, Kind, Service, Span, span_id, trace_id};

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

/// Traces calls, where the platform asks for it.
#[derive(Debug)]
pub struct Tracer {
    tracing: Tracing,
    collector: Option<Collector>,
    clock: Clock,
}

impl Tracer {
    /// A tracer for what the platform says of tracing, which trusts Mozilla's roots and those in the PEM bundle at `roots`.
    pub fn new(tracing: Tracing, roots: Option<&Path>, clock: Clock) -> Self {
        let collector = tracing.collector().map(|url| Collector::new(url, roots));
        let collector = collector.and_then(|collector| {
            // A function that cannot be traced still predicts.
            collector.map_err(|error| log::warn!("no call is traced: {error}")).ok()
        });
        Self { tracing, collector, clock }
    }

    /// Whether calls are traced.
    pub fn is_on(&self) -> bool {
        self.collector.is_some()
    }

    /// The trace of a call that begins now; None while tracing is off.
    pub(super) fn trace(&self, call: &Call) -> Option<Trace> {
        self.collector.as_ref()?;
        let TraceContext { trace_id: known, parent_id, sampled } = TraceContext::of(call);
        Some(Trace {
            begin: ((self.clock)(), Instant::now()),
            id: known.unwrap_or_else(trace_id),
            parent: parent_id,
            sampled,
            call: span_id(),
            predict: span_id(),
        })
    }

    /// Has the collector know of a call, until then at the longest. One that does not take it changes nothing but the log.
    pub(super) async fn send(
        &self,
        call: &Call,
        record: &Record,
        outcome: &Result<Prediction, Error>,
        until: time::Instant,
    ) {
        let trace = record.trace().filter(|trace| trace.sampled);
        let (Some(collector), Some(trace)) = (&self.collector, trace) else {
            return;
        };
        let spans = self.spans(trace, call, record, outcome);
        if let Err(error) = collector.send(&spans, until).await {
            log::warn!("the spans of this call are lost: {error}");
        }
    }

    /// The call below the platform's span; its check and its prediction below the call; signatures and connections below the
    /// prediction.
    fn spans(
        &self,
        trace: &Trace,
        call: &Call,
        record: &Record,
        outcome: &Result<Prediction, Error>,
    ) -> Vec<Span> {
        let span = |name, parent: &str, begin: Instant, end: Instant| Span {
            trace_id: trace.id.clone(),
            id: span_id(),
            parent_id: Some(parent.to_owned()),
            name,
            kind: None,
            timestamp: trace.at(begin),
            duration: end.saturating_duration_since(begin),
            local_endpoint: Service { service_name: self.tracing.service().to_owned() },
            tags: BTreeMap::new(),
        };
        let (begin, end) = (record.begin(), Instant::now());
        let checked = record.checked_at().unwrap_or(end);
        let result = result(outcome);
        let mut root = span("call", "", begin, end);
        (root.id, root.parent_id) = (trace.call.clone(), trace.parent.clone());
        root.kind = Some(Kind::Server);
        let own =
            self.tracing.tags().iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        root.tags = own.chain(tags(record)).chain(result.clone()).collect();
        root.tags.extend(call.id().map(|id| ("callID".to_owned(), id.to_owned())));
        let mut spans = vec![root, span("check", &trace.call, begin, checked)];
        let steps = record.journey.steps();
        if let (Some(first), Some(last)) = (steps.first(), steps.last()) {
            let mut predict = span("predict", &trace.call, first.begin, last.begin + last.took);
            predict.id.clone_from(&trace.predict);
            predict.kind = Some(Kind::Client);
            let tries = ("tries".to_owned(), record.journey.tries().to_string());
            predict.tags = tags(record).chain(result).chain([tries]).collect();
            spans.push(predict);
        }
        for step in steps {
            let name = match step.phase {
                Phase::Sign => "sign",
                Phase::Connect => "connect",
                Phase::Wait => continue,
            };
            spans.push(span(name, &trace.predict, step.begin, step.begin + step.took));
        }
        spans
    }
}

/// The deployment that was meant, and which path of it, as tags.
fn tags(record: &Record) -> impl Iterator<Item = (String, String)> {
    let known = [("deployment", record.deployment()), ("http.path", record.path())];
    known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
}

/// What became of a call, as tags: its status, and the error where it failed.
fn result(outcome: &Result<Prediction, Error>) -> Vec<(String, String)> {
    let (status, error) = match outcome {
        Ok(Prediction { status, .. }) => {
            (*status, status.is_server_error().then(|| status.as_str().to_owned()))
        }
        Err(error) => (error.status(), Some(error.code().to_owned())),
    };
    let status = ("http.status_code".to_owned(), status.as_str().to_owned());
    [status].into_iter().chain(error.map(|error| ("error".to_owned(), error))).collect()
}

/// One call's trace, and the spans in it that others have to know of.
#[derive(Debug)]
pub(super) struct Trace {
    begin: (SystemTime, Instant),
    id: String,
    parent: Option<String>,
    sampled: bool,
    call: String,
    predict: String,
}

impl Trace {
    /// By which the lines of a log are found.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    fn at(&self, instant: Instant) -> SystemTime {
        let (clock, begin) = self.begin;
        clock + instant.saturating_duration_since(begin)
    }

    /// Has a request go on with the trace, in both forms, instead of with the caller's.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        let same = headers.get("traceparent").is_some_and(|parent| {
            parent.to_str().is_ok_and(|parent| parent.split('-').nth(1) == Some(&self.id))
        });
        for name in HEADERS.iter().filter(|name| !(same && **name == "tracestate")) {
            headers.remove(*name);
        }
        let (flags, sampled) = if self.sampled { ("01", "1") } else { ("00", "0") };
        for (name, text) in [
            ("traceparent", format!("00-{:0>32}-{}-{flags}", self.id, self.predict)),
            ("x-b3-traceid", self.id.clone()),
            ("x-b3-spanid", self.predict.clone()),
            ("x-b3-parentspanid", self.call.clone()),
            ("x-b3-sampled", sampled.to_owned()),
        ] {
            let value = HeaderValue::try_from(text).expect("digits are visible ASCII");
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}
