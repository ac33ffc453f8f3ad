//! OCI Monitoring, as far as custom metrics are concerned: it verifies signatures and checks every
//! point.
//!
//! Source: docs/spec/oci-services.md#post-metric-data.

use std::collections::BTreeSet;
use std::future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use chrono::DateTime;
use hyper::body::Incoming;
use hyper::{Method, Request};
use serde_json::{Map, Value, json};

use crate::clock::now;
use crate::deployment::{self, Authority, Certificate, verify};
use crate::http::{self, Reply, Server};
use crate::principal::Issuer;

/// The path of the operation.
const PATH: &str = "/20180401/metrics";
/// The most that a request may carry, in bytes, here.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;
/// The most streams of one request.
const STREAMS: usize = 50;
/// How old a point may be, and how far ahead.
const OLDEST: Duration = Duration::from_secs(2 * 3600);
const NEWEST: Duration = Duration::from_secs(600);

/// What the service does with a request that is right.
#[derive(Clone, Copy, Debug)]
pub enum Answering {
    /// Takes it.
    Taken,
    /// Accepts all but this many of its metrics.
    AllBut(u64),
    /// Answers with an error of this status.
    Error(u16),
    /// Never answers.
    Hang,
}

/// A running service. Dropped, it closes its port.
#[derive(Debug)]
pub struct Monitoring {
    server: Server,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    issuer: Arc<Issuer>,
    answering: Mutex<Answering>,
    taken: Mutex<Vec<Value>>,
    refused: Mutex<Vec<String>>,
}

impl Monitoring {
    /// Starts on a free port of 127.0.0.1, with a certificate of `tls`, trusting tokens of
    /// `issuer`.
    pub async fn start(issuer: Arc<Issuer>, tls: &Authority) -> io::Result<Self> {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let answering = Mutex::new(Answering::Taken);
        let (taken, refused) = (Mutex::default(), Mutex::default());
        let state = Arc::new(State { issuer, answering, taken, refused });
        let kept = state.clone();
        let server =
            Server::start_tls(any, tls.server_config(Certificate::Valid), move |request| {
                kept.clone().answer(request)
            });
        Ok(Self { server: server.await?, state })
    }

    /// Returns the base URL.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.server.address.port())
    }

    /// Does so with all requests from now on.
    pub fn answer_by(&self, answering: Answering) {
        *self.state.answering.lock().unwrap_or_else(PoisonError::into_inner) = answering;
    }

    /// Returns the metrics of every request that was right, in order, whatever the answer was.
    pub fn taken(&self) -> Vec<Value> {
        self.state.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the errors of the other requests.
    pub fn refused(&self) -> Vec<String> {
        self.state.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl State {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Reply {
        let (head, body) = request.into_parts();
        let body = http::body(body, MAX_BODY_BYTES).await.unwrap_or_default();
        let verdict =
            verify(&deployment::Request::from_parts(&head, &body), self.issuer.public(), now());
        let checked = match verdict {
            Err(refusal) => Err((401, refusal.to_string())),
            Ok(_) if head.method != Method::POST || head.uri.path() != PATH => {
                Err((404, format!("{} {}", head.method, head.uri)))
            }
            Ok(_) => metrics(&body, now()).map_err(|why| (400, why)),
        };
        match checked {
            Ok(metrics) => {
                self.taken.lock().unwrap_or_else(PoisonError::into_inner).extend(metrics);
            }
            Err((status, why)) => {
                self.refused.lock().unwrap_or_else(PoisonError::into_inner).push(why.clone());
                return http::reply(status, &json!({ "code": "Refused", "message": why }));
            }
        }
        let answering = *self.answering.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = match answering {
            Answering::Taken => 0,
            Answering::AllBut(failed) => failed,
            Answering::Error(status) => return http::reply(status, &json!({ "code": "Error" })),
            Answering::Hang => future::pending().await,
        };
        http::reply(200, &json!({ "failedMetricsCount": failed, "failedMetrics": [] }))
    }
}

/// Returns the metrics of a request, or what is wrong with them.
fn metrics(body: &[u8], now: SystemTime) -> Result<Vec<Value>, String> {
    let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let metrics = body.get("metricData").and_then(Value::as_array).ok_or("no metricData")?;
    let mut streams = BTreeSet::new();
    for metric in metrics {
        check(metric, now).map_err(|what| format!("{what}: {metric}"))?;
        let part = |name: &str| metric.get(name).unwrap_or(&Value::Null).to_string();
        streams.insert(["namespace", "name", "dimensions"].map(part));
    }
    match streams.len() {
        0 => Err("no metric".to_owned()),
        1..=STREAMS if streams.len() == metrics.len() => Ok(metrics.clone()),
        1..=STREAMS => Err("a stream is there twice".to_owned()),
        count => Err(format!("{count} streams; {STREAMS} are allowed")),
    }
}

fn check(metric: &Value, now: SystemTime) -> Result<(), &'static str> {
    let text = |name: &str| metric.get(name).and_then(Value::as_str).unwrap_or_default();
    let word = |text: &str, more: &[u8]| {
        text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    let namespace = text("namespace");
    if !word(namespace, b"_") || namespace.starts_with("oci_") || namespace.starts_with("oracle_") {
        return Err("the namespace is not valid");
    }
    if !word(text("name"), b"._-$") {
        return Err("the name is not valid");
    }
    if !text("compartmentId").starts_with("ocid1.") {
        return Err("there is no compartment");
    }
    let dimensions = metric.get("dimensions").and_then(Value::as_object);
    if !dimensions.is_some_and(are_dimensions) {
        return Err("the dimensions are not valid");
    }
    let points = metric.get("datapoints").and_then(Value::as_array);
    match points.map(Vec::as_slice) {
        None | Some([]) => Err("there are no points"),
        Some(points) if points.iter().all(|point| is_point(point, now)) => Ok(()),
        Some(_) => Err("a point is not valid"),
    }
}

fn are_dimensions(dimensions: &Map<String, Value>) -> bool {
    let is_text = |value: &Value| {
        value.as_str().is_some_and(|text| !text.is_empty() && text.len() <= 512 && text.is_ascii())
    };
    (1..=20).contains(&dimensions.len()) && dimensions.values().all(is_text)
}

fn is_point(point: &Value, now: SystemTime) -> bool {
    let time = point.get("timestamp").and_then(Value::as_str);
    let time = time.and_then(|time| DateTime::parse_from_rfc3339(time).ok()).map(SystemTime::from);
    let near = time.is_some_and(|time| now - OLDEST < time && time < now + NEWEST);
    let count = point.get("count").and_then(Value::as_u64).is_some_and(|count| count > 0);
    near && count && point.get("value").is_some_and(Value::is_number)
}
