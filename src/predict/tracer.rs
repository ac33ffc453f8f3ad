//! The spans of a call.
//!
//! Source: docs/spec/fn-container-contract.md#tracing.

use std::collections::BTreeMap;
use std::time::Instant;

use tokio::time;

use super::budget::REPORT_TIMEOUT;
use super::error::Error;
use super::forward::Prediction;
use super::outcome::Record;
use super::trace::Trace;
use fn_fdk::{Context, Tracing, error_chain};
use oracle_cloud_client::apm::{Collector, Kind, Service, Span, span_id};
use oracle_cloud_client::{Phase, Trust};

/// Sends the spans of calls.
#[derive(Debug)]
pub struct Tracer {
    tracing: Tracing,
    collector: Collector,
}

impl Tracer {
    /// Creates a tracer, if the platform configures a collector. The collector must be one that
    /// `trust` trusts.
    pub fn new(tracing: Tracing, trust: &Trust) -> Option<Self> {
        let collector = Collector::new(tracing.collector()?, trust);
        // A function without tracing still predicts.
        let collector = collector
            .map_err(|error| log::warn!("tracing is off: {}", error_chain(&error)))
            .ok()?;
        Some(Self { tracing, collector })
    }

    /// Sends a call's spans to the collector, by `until`. A collector that fails changes nothing
    /// but the log.
    pub(super) async fn send(
        &self,
        context: &Context,
        record: &Record,
        outcome: &Result<Prediction, Error>,
        until: time::Instant,
    ) {
        let Some(trace) = record.trace.as_ref().filter(|trace| trace.sampled) else {
            return;
        };
        let spans = self.spans(trace, context, record, outcome);
        if let Err(error) = self.collector.send(&spans, REPORT_TIMEOUT, until.into_std()).await {
            log::warn!("the spans of this call are lost: {}", error_chain(&error));
        }
    }

    /// Makes the spans: the call below the platform's span; its check and its prediction below the
    /// call; signatures and connections below the prediction.
    fn spans(
        &self,
        trace: &Trace,
        context: &Context,
        record: &Record,
        outcome: &Result<Prediction, Error>,
    ) -> Vec<Span> {
        let span = |name, parent: &str, begin: Instant, end: Instant| Span {
            trace_id: trace.id.clone(),
            id: span_id(),
            parent_id: Some(parent.to_owned()),
            name,
            kind: None,
            timestamp: trace.received + begin.saturating_duration_since(record.start),
            duration: end.saturating_duration_since(begin),
            local_endpoint: Service { service_name: self.tracing.service().to_owned() },
            debug: trace.debug,
            tags: BTreeMap::new(),
        };
        let (begin, end) = (record.start, record.end());
        let result = result(outcome);
        let mut root = span("call", "", begin, end);
        (root.id, root.parent_id) = (trace.call.clone(), trace.parent.clone());
        root.kind = Some(Kind::Server);
        let own =
            self.tracing.tags().iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        root.tags.extend(own.chain(target(record)).chain(result.clone()));
        root.tags.extend(context.id.iter().map(|id| ("callID".to_owned(), id.clone())));
        let mut spans =
            vec![root, span("check", &trace.call, begin, record.checked.unwrap_or(end))];
        let steps = record.timings.segments();
        if let (Some(first), Some(last)) = (steps.first(), steps.last()) {
            let mut predict = span("predict", &trace.call, first.begin, last.begin + last.took);
            predict.id.clone_from(&trace.predict);
            predict.kind = Some(Kind::Client);
            let tries = ("tries".to_owned(), record.timings.attempts().to_string());
            predict.tags.extend(target(record).chain(result).chain([tries]));
            spans.push(predict);
        }
        for step in steps {
            let name = match step.phase {
                Phase::Sign => "sign",
                Phase::Connect => "connect",
                Phase::Wait | _ => continue,
            };
            spans.push(span(name, &trace.predict, step.begin, step.begin + step.took));
        }
        spans
    }
}

/// Returns the tags for the deployment or service that was meant, and for its path.
fn target(record: &Record) -> impl Iterator<Item = (String, String)> {
    let known = record.upstream.iter().flat_map(|upstream| {
        let kind = if upstream.service().is_some() { "target" } else { "deployment" };
        [(kind, upstream.name().to_owned()), ("http.path", upstream.path())]
    });
    known.map(|(name, value)| (name.to_owned(), value))
}

/// Returns the tags for the outcome of a call: its status, and the error if it failed.
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
