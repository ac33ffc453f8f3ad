//! Each call's figures as custom metrics of OCI Monitoring: nothing can be scraped from a function, so they are posted.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::outcome::Record;
use super::{Error, Forwarder, Prediction};
use crate::fdk::Clock;
use crate::oci::{Phase, SendError};

/// How often figures are posted at the most: Monitoring takes 50 requests a second of a whole tenancy.
const INTERVAL: Duration = Duration::from_secs(10);
/// How many different sets of dimensions go into one request: with four metrics each, no more than the 50 streams it may have.
const SETS: usize = 12;
/// How many calls go into one request.
const CALLS: usize = 500;

/// Where the figures go: what the operator set.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MetricsTarget {
    /// `METRICS_NAMESPACE`.
    pub namespace: String,
    /// `METRICS_COMPARTMENT`; that of the resource principal's token if absent.
    pub compartment: Option<String>,
    /// `METRICS_ENDPOINT`, such as `https://telemetry-ingestion.eu-frankfurt-1.oraclecloud.com`; that of the region if absent.
    pub endpoint: Option<String>,
    /// The function's name, or else its OCID.
    pub function: String,
}

/// Why figures were not taken.
#[derive(Debug, thiserror::Error)]
enum MetricsError {
    #[error("METRICS_COMPARTMENT is not set, and the credentials name no compartment")]
    Compartment,
    #[error("METRICS_ENDPOINT is not set, and the region is not known")]
    Region,
    #[error("{0}")]
    Unsent(#[from] SendError),
    #[error("the service refused them with status {0}")]
    Refused(StatusCode),
    #[error("the service took all but {0} of them")]
    Partly(u64),
}

/// Collects the figures of calls, and posts them from time to time.
#[derive(Debug)]
pub struct Metrics {
    target: Option<MetricsTarget>,
    clock: Clock,
    batch: Mutex<Batch>,
}

#[derive(Debug, Default)]
struct Batch {
    calls: usize,
    sets: BTreeMap<Dimensions, Vec<Figures>>,
    due: Option<Instant>,
}

/// What tells the streams of a metric apart.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Dimensions {
    deployment: String,
    status: StatusCode,
    code: &'static str,
}

/// What is measured of a call.
#[derive(Clone, Copy, Debug)]
struct Figures {
    at: SystemTime,
    took: Duration,
    waited: Duration,
}

impl Metrics {
    /// Posts to `target`, or nothing without one.
    pub fn new(target: Option<MetricsTarget>, clock: Clock) -> Self {
        Self { target, clock, batch: Mutex::default() }
    }

    /// Whether any are posted.
    pub(super) fn are_on(&self) -> bool {
        self.target.is_some()
    }

    /// Counts a call. The first one is posted at once, and then all that came together, every 10 s at the most: until then at the
    /// longest. What is not posted when the platform ends the process is lost.
    pub(super) async fn count(
        &self,
        record: &Record,
        outcome: &Result<Prediction, Error>,
        forwarder: &Forwarder,
        until: Instant,
    ) {
        let Some(target) = &self.target else {
            return;
        };
        if let Some(sets) = self.batch(record, outcome)
            && let Err(error) = post(target, &sets, forwarder, until).await
        {
            let calls: usize = sets.values().map(Vec::len).sum();
            log::warn!(calls; "the figures of calls are lost: {error}");
        }
    }

    /// The call, and all before it that were not posted, if it is time.
    fn batch(
        &self,
        record: &Record,
        outcome: &Result<Prediction, Error>,
    ) -> Option<BTreeMap<Dimensions, Vec<Figures>>> {
        let (status, code) = match outcome {
            Ok(prediction) => (prediction.status, "none"),
            Err(error) => (error.status(), error.code()),
        };
        let deployment = record.deployment().unwrap_or("none").to_owned();
        let took = record.begin().elapsed();
        let figures =
            Figures { at: (self.clock)(), took, waited: record.journey.time(Phase::Wait) };
        let mut batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
        batch.calls += 1;
        batch.sets.entry(Dimensions { deployment, status, code }).or_default().push(figures);
        let now = Instant::now();
        let full = batch.calls >= CALLS || batch.sets.len() >= SETS;
        if !full && batch.due.is_some_and(|due| now < due) {
            return None;
        }
        Some(
            mem::replace(&mut *batch, Batch { due: Some(now + INTERVAL), ..Batch::default() }).sets,
        )
    }
}

/// Source: Monitoring, `PostMetricData`.
async fn post(
    target: &MetricsTarget,
    sets: &BTreeMap<Dimensions, Vec<Figures>>,
    forwarder: &Forwarder,
    until: Instant,
) -> Result<(), MetricsError> {
    let endpoint = match &target.endpoint {
        Some(endpoint) => endpoint.clone(),
        None => forwarder.endpoint("telemetry-ingestion").await.ok_or(MetricsError::Region)?,
    };
    let compartment = match &target.compartment {
        Some(compartment) => compartment.clone(),
        None => forwarder.compartment().await.ok_or(MetricsError::Compartment)?,
    };
    let metrics: Vec<Value> =
        sets.iter().flat_map(|(set, calls)| streams(target, &compartment, set, calls)).collect();
    let request = Request::post(endpoint + "/20180401/metrics")
        .header("content-type", "application/json")
        .header("accept", "application/json")
        .body(json!({ "metricData": metrics }).to_string())
        .ok()
        .ok_or(SendError::Address)?;
    let answer = forwarder.post(request, until).await?;
    if !answer.status().is_success() {
        return Err(MetricsError::Refused(answer.status()));
    }
    let summary: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    match summary.get("failedMetricsCount").and_then(Value::as_u64) {
        None | Some(0) => Ok(()),
        Some(failed) => Err(MetricsError::Partly(failed)),
    }
}

/// The four metrics of the calls with the same dimensions.
fn streams(
    target: &MetricsTarget,
    compartment: &str,
    set: &Dimensions,
    calls: &[Figures],
) -> [Value; 4] {
    let failed = u64::from(set.status.is_server_error());
    let stream = |name: &str, unit: &str, value: &dyn Fn(&Figures) -> Value| {
        let point = |call: &Figures| {
            let at = DateTime::<Utc>::from(call.at).to_rfc3339_opts(SecondsFormat::Millis, true);
            json!({ "timestamp": at, "value": value(call), "count": 1 })
        };
        json!({
            "namespace": target.namespace,
            "compartmentId": compartment,
            "name": name,
            "dimensions": {
                "function": target.function,
                "deployment": set.deployment,
                "status": set.status.as_str(),
                "code": set.code,
            },
            "metadata": { "unit": unit },
            "datapoints": calls.iter().map(point).collect::<Vec<Value>>(),
        })
    };
    [
        stream("calls", "count", &|_| json!(1)),
        stream("errors", "count", &|_| json!(failed)),
        stream("duration_ms", "ms", &|call| json!(milliseconds(call.took))),
        stream("wait_ms", "ms", &|call| json!(milliseconds(call.waited))),
    ]
}

/// Milliseconds, to a hundredth of one.
pub(super) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e5).round() / 100.0
}
