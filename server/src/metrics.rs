//! What Prometheus reads: calls, their time, their tokens and bytes, streams, retries, refusals.
//!
//! Every label has few values: a target beyond the first hundred counts as `other`.

use std::array;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use model_deployment_fn::services::Tokens;
use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

use crate::refused::CLIENT_CLOSED_REQUEST;

/// The most targets that have a label of their own.
const MAX_TARGETS: usize = 100;
/// What every other target is called, and every other status.
const OTHER: &str = "other";
/// The longest name of a target that is a label, in bytes: an OCID is shorter.
const MAX_TARGET_BYTES: usize = 255;
/// From a check, in fractions of a millisecond, to a long stream, in seconds.
const BUCKETS: [f64; 20] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
];

/// A name and its value.
type Label<V = Arc<str>> = (&'static str, V);
/// So many of them.
type Labels<const N: usize, V = Arc<str>> = [Label<V>; N];
type Histograms = Family<Labels<1, &'static str>, Histogram, fn() -> Histogram>;

/// All that is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    calls: Family<Labels<2>, Counter>,
    seconds: Histograms,
    streams: Gauge,
    tokens: Family<Vec<Label>, Counter>,
    retries: Family<Labels<1>, Counter>,
    refusals: Family<Labels<1, &'static str>, Counter>,
    request_bytes: Counter,
    response_bytes: Counter,
    targets: Mutex<BTreeSet<Arc<str>>>,
}

/// What the time of a call is spent on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Phase {
    /// Who calls, and whether the target may be called.
    Check,
    /// The signatures.
    Sign,
    /// The connections to the deployment: name, TCP, TLS.
    Connect,
    /// From there to the first byte of the answer.
    Wait,
    /// From the first byte of the request to the last of the answer.
    Whole,
}

impl Phase {
    fn label(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Sign => "sign",
            Self::Connect => "connect",
            Self::Wait => "wait",
            Self::Whole => "whole",
        }
    }
}

/// A call that is over, whatever came of it. Its target was checked: its alias, or its OCID.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// The alias of the target, or its OCID.
    pub target: &'a str,
    /// The status that the client got.
    pub status: StatusCode,
    /// How often the request was sent to the deployment beyond the first time.
    pub retries: u32,
    /// The body that was sent to the deployment, in bytes.
    pub request_bytes: u64,
    /// The body that was sent to the client, in bytes.
    pub response_bytes: u64,
    /// The model that another service was asked for, by a name that the operator listed; None of a deployment.
    pub model: Option<&'a str>,
    /// The tokens of which the answer says that they were used.
    pub tokens: Tokens,
    /// How long which phase took. A phase that was not needed is left out.
    pub phases: &'a [(Phase, Duration)],
}

/// A stream that is open until this is dropped.
#[derive(Debug)]
pub struct OpenStream(Gauge);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// Counters that begin at zero.
    pub fn new() -> Self {
        let mut all = Registry::with_prefix("model_deployment");
        let seconds: Histograms = Family::new_with_constructor(|| Histogram::new(BUCKETS));
        all.register("call_seconds", "Time of calls by phase", seconds.clone());
        Self {
            calls: registered(&mut all, "calls", "Calls of a target that are over"),
            seconds,
            streams: registered(&mut all, "streams_open", "Answers that are being relayed"),
            tokens: registered(&mut all, "tokens", "Tokens that answers say were used"),
            retries: registered(&mut all, "retries", "Requests that were sent again"),
            refusals: registered(&mut all, "refusals", "Requests that were refused"),
            request_bytes: registered(&mut all, "request_bytes", "Bodies sent to deployments"),
            response_bytes: registered(&mut all, "response_bytes", "Bodies sent to clients"),
            targets: Mutex::default(),
            registry: all,
        }
    }

    /// Counts a call that is over.
    pub fn call(&self, call: &Call<'_>) {
        let target = ("target", self.target(call.target));
        let status = ("status", status(call.status));
        self.calls.get_or_create(&[target.clone(), status]).inc();
        for (phase, took) in call.phases {
            self.seconds.get_or_create(&[("phase", phase.label())]).observe(took.as_secs_f64());
        }
        if call.retries > 0 {
            self.retries.get_or_create(array::from_ref(&target)).inc_by(call.retries.into());
        }
        self.request_bytes.inc_by(call.request_bytes);
        self.response_bytes.inc_by(call.response_bytes);
        for (direction, count) in [("in", call.tokens.input), ("out", call.tokens.output)] {
            if let Some(count) = count {
                let mut labels = vec![target.clone(), ("direction", direction.into())];
                labels.extend(call.model.map(|model| ("model", model.into())));
                self.tokens.get_or_create(&labels).inc_by(count);
            }
        }
    }

    /// Counts a request that was refused before any deployment was called.
    pub fn refused(&self, code: &'static str) {
        self.refusals.get_or_create(&[("code", code)]).inc();
    }

    /// Counts a stream as open until the guard is dropped.
    pub fn open_stream(&self) -> OpenStream {
        self.streams.inc();
        OpenStream(self.streams.clone())
    }

    /// All of it in Prometheus' text format.
    pub fn text(&self) -> String {
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.registry).expect("a text takes what is written");
        text
    }

    /// The label of a target: its name, as long as there are few.
    fn target(&self, name: &str) -> Arc<str> {
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = targets.get(name) {
            return known.clone();
        }
        if targets.len() >= MAX_TARGETS || name.len() > MAX_TARGET_BYTES {
            return OTHER.into();
        }
        let new: Arc<str> = name.into();
        targets.insert(new.clone());
        new
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// The label of a status: one that is registered, since a deployment may answer with any number, or 499 of
/// a client that went away.
fn status(status: StatusCode) -> Arc<str> {
    match status.canonical_reason() {
        None if status.as_u16() != CLIENT_CLOSED_REQUEST => OTHER.into(),
        _ => status.as_str().into(),
    }
}

/// A metric by this name, which begins at zero.
fn registered<M: Metric + Clone + Default>(
    registry: &mut Registry,
    name: &'static str,
    help: &'static str,
) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}
