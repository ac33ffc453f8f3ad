//! Samples of each call as custom metrics of OCI Monitoring. Functions cannot be scraped, so they
//! are posted.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use http::{Request, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::error::Error;
use super::forward::{Forwarder, Prediction};
use super::outcome::{Record, milliseconds};
use super::upstream::Upstream;
use crate::services::Tokens;
use fn_fdk::error_chain;
use oracle_cloud_client::signature::CredentialsError;
use oracle_cloud_client::{Client, Phase, RetrySafety, SendError, TransportError};

/// How often samples are posted: Monitoring accepts 50 requests a second from a whole tenancy.
const INTERVAL: Duration = Duration::from_secs(10);
/// How many streams one request may have: sets of dimensions, each with its metrics.
const MAX_STREAMS: usize = 50;
/// How many calls go into one request, which is sent when there are so many, whatever the interval says.
const MAX_CALLS: usize = 500;
/// How many are held while no call leaves time for a request.
const MAX_HELD: usize = 10 * MAX_CALLS;
/// Monitoring refuses samples that are two hours old; a container may have been frozen for as long.
const MAX_AGE: Duration = Duration::from_secs(7000);
/// With less time than this nothing is posted: a failed post would lose all that was collected.
const MIN_POST_TIME: Duration = Duration::from_millis(80);

/// Where the samples are posted, as the operator set it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MetricsTarget {
    /// `METRICS_NAMESPACE`.
    pub namespace: String,
    /// `METRICS_COMPARTMENT`; if absent, that of the resource principal's token.
    pub compartment: Option<String>,
    /// `METRICS_ENDPOINT`, such as `https://telemetry-ingestion.eu-frankfurt-1.oraclecloud.com`; if
    /// absent, that of the region.
    pub endpoint: Option<String>,
    /// The function's name, or else its OCID.
    pub function: String,
}

/// Why samples were not posted.
#[derive(Debug, thiserror::Error)]
enum MetricsError {
    #[error("METRICS_COMPARTMENT is not set, and the credentials name no compartment")]
    Compartment,
    #[error("METRICS_ENDPOINT is not set, and the region is not known")]
    Region,
    #[error("METRICS_ENDPOINT is not set, and the region could not be found")]
    Unlocated(#[source] CredentialsError),
    #[error(transparent)]
    Unsent(#[from] SendError),
    #[error("Monitoring refused the samples with status {0}")]
    Refused(StatusCode),
    #[error("Monitoring refused {0} of the samples")]
    Partly(u64),
    #[error("Monitoring's answer does not have the documented form")]
    Unreadable,
}

/// Collects the samples of calls, and posts them from time to time.
#[derive(Debug)]
pub struct Metrics {
    target: MetricsTarget,
    batch: Mutex<Batch>,
}

#[derive(Debug, Default)]
struct Batch {
    calls: usize,
    sets: Sets,
    due: Option<Instant>,
}

impl Batch {
    /// Returns whether a further set of dimensions leaves room for that of all others.
    fn has_room_for(&self, called: &Called) -> bool {
        let used: usize = self.sets.keys().map(|set| set.called.streams()).sum();
        used + called.streams() + DEPLOYMENT_STREAMS <= MAX_STREAMS
    }
}

type Sets = BTreeMap<Dimensions, Vec<Sample>>;

/// The dimensions: what tells the streams of a metric apart.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Dimensions {
    called: Called,
    status: String,
    code: &'static str,
}

/// What was called.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Called {
    /// A deployment; `none` if the call named none that may be called.
    Deployment(String),
    /// A service by its alias, and one of the models that its entry lists.
    Service(String, String),
}

impl Called {
    /// Returns how many metrics a set of dimensions has at most.
    fn streams(&self) -> usize {
        match self {
            Self::Deployment(_) => DEPLOYMENT_STREAMS,
            Self::Service(..) => STREAMS.len(),
        }
    }

    fn of(record: &Record) -> Self {
        let called = record.upstream.as_ref().map_or("none", Upstream::name).to_owned();
        match record.service_model() {
            None => Self::Deployment(called),
            Some(model) => Self::Service(called, model.to_owned()),
        }
    }
}

/// The values that are measured of a call.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: SystemTime,
    failed: bool,
    took: Duration,
    waited: Duration,
    tokens: Tokens,
}

impl Metrics {
    /// Creates a collector that posts to `target`.
    pub fn new(target: MetricsTarget) -> Self {
        Self { target, batch: Mutex::default() }
    }

    /// Counts a call. The first one is posted at once. Later ones are posted together, after at
    /// most 10 s or 500 calls. Samples that are not posted when the platform ends the process are
    /// lost.
    pub(super) async fn count(
        &self,
        record: &Record,
        outcome: &Result<Prediction, Error>,
        client: &Client,
        until: Instant,
    ) {
        let Some(sets) = self.collected(record, outcome, client.now(), until) else {
            return;
        };
        let posted = timeout_at(until, post(&self.target, &sets, client, until)).await;
        let late = || Err(SendError::from(TransportError::AttemptTimeout).into());
        if let Err(error) = posted.unwrap_or_else(|_elapsed| late()) {
            let calls: usize = sets.values().map(Vec::len).sum();
            log::warn!(calls; "metrics of calls were not posted: {}", error_chain(&error));
        }
    }

    /// Returns the samples of the call and of all before it, if they are due and there is time to
    /// post them.
    fn collected(
        &self,
        record: &Record,
        outcome: &Result<Prediction, Error>,
        at: SystemTime,
        until: Instant,
    ) -> Option<Sets> {
        let (status, code) = match outcome {
            Ok(prediction) => (prediction.status, "none"),
            Err(error) => (error.status(), error.code()),
        };
        let called = Called::of(record);
        let mut set = Dimensions { called, status: status.as_str().to_owned(), code };
        let sample = Sample {
            at,
            failed: status.is_server_error(),
            took: record.end() - record.start,
            waited: record.timings.time(Phase::Wait),
            tokens: record.tokens,
        };
        let mut batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
        if batch.calls >= MAX_HELD {
            let calls = batch.calls;
            log::warn!(calls; "metrics of calls were not posted: no call left time for it");
            *batch = Batch { due: batch.due, ..Batch::default() };
        }
        // A caller who may name any deployment must not decide how many streams there are.
        if !batch.sets.contains_key(&set) && !batch.has_room_for(&set.called) {
            let other = || "other".to_owned();
            set =
                Dimensions { called: Called::Deployment(other()), status: other(), code: "other" };
        }
        batch.calls += 1;
        batch.sets.entry(set).or_default().push(sample);
        let now = Instant::now();
        let due = batch.calls >= MAX_CALLS || batch.due.is_none_or(|due| due <= now);
        if !due || until < now + MIN_POST_TIME {
            return None;
        }
        let next = Batch { due: Some(now + INTERVAL), ..Batch::default() };
        Some(mem::replace(&mut *batch, next).sets)
    }
}

/// Source: docs/spec/oci-services.md#post-metric-data.
async fn post(
    target: &MetricsTarget,
    sets: &Sets,
    client: &Client,
    until: Instant,
) -> Result<(), MetricsError> {
    let endpoint = match &target.endpoint {
        Some(endpoint) => endpoint.clone(),
        None => region_endpoint(client).await?,
    };
    let compartment = match &target.compartment {
        Some(compartment) => compartment.clone(),
        None => own_compartment(client).await?,
    };
    let now = client.now();
    let recent = |call: &Sample| now.duration_since(call.at).unwrap_or_default() < MAX_AGE;
    let mut metrics = Vec::new();
    for (set, calls) in sets {
        let calls: Vec<Sample> = calls.iter().copied().filter(recent).collect();
        if !calls.is_empty() {
            let streams = STREAMS.iter();
            metrics.extend(
                streams.filter_map(|stream| stream.json(target, &compartment, set, &calls)),
            );
        }
    }
    let request = Request::post(endpoint + "/20180401/metrics")
        .header("content-type", "application/json")
        .header("accept", "application/json")
        .body(json!({ "metricData": metrics }).to_string())
        .ok()
        .ok_or(SendError::Address)?;
    let options = Forwarder::options(until.into_std()).retry_safety(RetrySafety::Never);
    let answer = client.send_with(request, &options).await?;
    if !answer.status().is_success() {
        return Err(MetricsError::Refused(answer.status()));
    }
    let summary = serde_json::from_slice::<Summary>(answer.body());
    match summary.ok().ok_or(MetricsError::Unreadable)?.failed {
        0 => Ok(()),
        failed => Err(MetricsError::Partly(failed)),
    }
}

/// What the service says of a post that it accepted.
#[derive(Deserialize)]
struct Summary {
    #[serde(rename = "failedMetricsCount", default)]
    failed: u64,
}

/// Returns where the signer's region accepts samples.
async fn region_endpoint(client: &Client) -> Result<String, MetricsError> {
    let principal = client.principal().ok_or(MetricsError::Region)?;
    let host = principal.host("telemetry-ingestion").await;
    let host = host.map_err(MetricsError::Unlocated)?.ok_or(MetricsError::Region)?;
    Ok(format!("https://{host}"))
}

/// Returns the signer's compartment, if the token names it.
async fn own_compartment(client: &Client) -> Result<String, MetricsError> {
    let credentials = client.credentials().await.map_err(SendError::from)?;
    let compartment = credentials.claim("res_compartment").and_then(Value::as_str);
    Ok(compartment.ok_or(MetricsError::Compartment)?.to_owned())
}

/// A metric, and which value of a call it has.
#[derive(Clone, Copy)]
struct Stream {
    name: &'static str,
    unit: &'static str,
    /// None if the call says nothing of it.
    value: fn(&Sample) -> Option<Value>,
}

/// How many of them a call of a deployment has, which tells no tokens.
const DEPLOYMENT_STREAMS: usize = 4;

const STREAMS: [Stream; 6] = [
    Stream { name: "calls", unit: "count", value: |_| Some(1.0.into()) },
    Stream {
        name: "errors",
        unit: "count",
        value: |call| Some(f64::from(u8::from(call.failed)).into()),
    },
    Stream { name: "duration_ms", unit: "ms", value: |call| Some(milliseconds(call.took).into()) },
    Stream { name: "wait_ms", unit: "ms", value: |call| Some(milliseconds(call.waited).into()) },
    Stream { name: "tokens_in", unit: "count", value: |call| call.tokens.input.map(Value::from) },
    Stream { name: "tokens_out", unit: "count", value: |call| call.tokens.output.map(Value::from) },
];

impl Stream {
    fn json(
        &self,
        target: &MetricsTarget,
        compartment: &str,
        set: &Dimensions,
        calls: &[Sample],
    ) -> Option<Value> {
        let point = |call: &Sample| {
            let at = DateTime::<Utc>::from(call.at).to_rfc3339_opts(SecondsFormat::Millis, true);
            Some(json!({ "timestamp": at, "value": (self.value)(call)?, "count": 1 }))
        };
        let points: Vec<Value> = calls.iter().filter_map(point).collect();
        let mut dimensions = BTreeMap::from([
            ("function", target.function.as_str()),
            ("status", &set.status),
            ("code", set.code),
        ]);
        match &set.called {
            Called::Deployment(ocid) => dimensions.extend([("deployment", ocid.as_str())]),
            Called::Service(alias, model) => {
                dimensions.extend([("service", alias.as_str()), ("model", model)]);
            }
        }
        let metric = json!({
            "namespace": target.namespace,
            "compartmentId": compartment,
            "name": self.name,
            "dimensions": dimensions,
            "metadata": { "unit": self.unit },
            "datapoints": points,
        });
        (!points.is_empty()).then_some(metric)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_are_posted_at_once_and_then_every_10_s_if_there_is_time() {
        let target = MetricsTarget {
            namespace: "n".to_owned(),
            compartment: None,
            endpoint: None,
            function: "f".to_owned(),
        };
        let metrics = Metrics::new(target);
        let calls = |left: u64| {
            let until = Instant::now() + Duration::from_millis(left);
            let (record, outcome) = (Record::start(None), Err(Error::TargetMissing));
            let sets = metrics.collected(&record, &outcome, SystemTime::UNIX_EPOCH, until);
            sets.map(|sets| sets.values().map(Vec::len).sum::<usize>())
        };
        assert_eq!(calls(500), Some(1));
        assert_eq!(calls(500), None);
        tokio::time::advance(INTERVAL).await;
        // A call that has reached its deadline leaves the post to the next.
        assert_eq!(calls(50), None);
        assert_eq!(calls(500), Some(3));
        assert_eq!((1..MAX_CALLS).find_map(|_| calls(500)), None);
        assert_eq!(calls(500), Some(MAX_CALLS));
        // Where no call leaves time, the oldest are given up.
        assert_eq!((0..=MAX_HELD).find_map(|_| calls(50)), None);
        assert_eq!(calls(500), None);
        tokio::time::advance(INTERVAL).await;
        assert_eq!(calls(500), Some(3));
    }

    #[test]
    fn one_post_has_no_more_streams_than_it_may_whatever_is_called() {
        let mut batch = Batch::default();
        for number in 0..100 {
            let called = match number % 2 {
                0 => Called::Service(number.to_string(), "m".to_owned()),
                _ => Called::Deployment(number.to_string()),
            };
            if batch.has_room_for(&called) {
                batch.sets.insert(
                    Dimensions { called, status: "200".to_owned(), code: "none" },
                    Vec::new(),
                );
            }
        }
        let used: usize = batch.sets.keys().map(|set| set.called.streams()).sum();
        assert!((47..=MAX_STREAMS).contains(&(used + DEPLOYMENT_STREAMS)), "{used}");
    }
}
