//! Samples of each call as custom metrics of OCI Monitoring: nothing can be scraped from a function, so they are posted.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use http::{Request, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::endpoint::Endpoint;
use super::error::Error;
use super::forward::{Forwarder, Prediction};
use super::outcome::{Record, milliseconds};
use fn_fdk::error_chain;
use oracle_cloud_client::signature::CredentialsError;
use oracle_cloud_client::{Client, Phase, RetrySafety, SendError, TransportError};

/// How often samples are posted: Monitoring takes 50 requests a second of a whole tenancy.
const INTERVAL: Duration = Duration::from_secs(10);
/// How many different sets of dimensions go into one request: with four metrics each, no more than the 50 streams it may have.
const MAX_SETS: usize = 12;
/// How many calls go into one request, which is sent when there are so many, whatever the interval says.
const MAX_CALLS: usize = 500;
/// Monitoring takes no points of two hours ago; a container may have been frozen for as long.
const MAX_AGE: Duration = Duration::from_secs(7000);
/// Less time than this is not worth a try, which would lose all that was collected.
const MIN_POST_TIME: Duration = Duration::from_millis(80);

/// Where the samples go: what the operator set.
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

/// Why samples were not taken.
#[derive(Debug, thiserror::Error)]
enum MetricsError {
    #[error("METRICS_COMPARTMENT is not set, and the credentials name no compartment")]
    Compartment,
    #[error("METRICS_ENDPOINT is not set, and the region is not known")]
    Region,
    #[error("METRICS_ENDPOINT is not set, and the region cannot be asked for")]
    Unlocated(#[source] CredentialsError),
    #[error(transparent)]
    Unsent(#[from] SendError),
    #[error("the service refused them with status {0}")]
    Refused(StatusCode),
    #[error("the service took all but {0} of them")]
    Partly(u64),
    #[error("the service's answer is not the documented one")]
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

type Sets = BTreeMap<Dimensions, Vec<Sample>>;

/// What tells the streams of a metric apart.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Dimensions {
    deployment: String,
    status: String,
    code: &'static str,
}

/// What is measured of a call.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: SystemTime,
    failed: bool,
    took: Duration,
    waited: Duration,
}

impl Metrics {
    /// Posts to `target`.
    pub fn new(target: MetricsTarget) -> Self {
        Self { target, batch: Mutex::default() }
    }

    /// Counts a call. The first one is posted at once, and then all that came together, 10 s later or 500 calls: until then at the
    /// longest. What is not posted when the platform ends the process is lost.
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

    /// The call, and all before it that were not posted, if it is time and there is time.
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
        let deployment = record.endpoint.as_ref().map_or("none", Endpoint::ocid).to_owned();
        let mut set = Dimensions { deployment, status: status.as_str().to_owned(), code };
        let sample = Sample {
            at,
            failed: status.is_server_error(),
            took: record.end() - record.start,
            waited: record.timings.time(Phase::Wait),
        };
        let mut batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever may name deployments does not thereby decide how many streams there are.
        if batch.sets.len() >= MAX_SETS - 1 && !batch.sets.contains_key(&set) {
            let other = || "other".to_owned();
            set = Dimensions { deployment: other(), status: other(), code: "other" };
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
            metrics.extend(STREAMS.map(|stream| stream.json(target, &compartment, set, &calls)));
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

/// What the service says of a post that it took.
#[derive(Deserialize)]
struct Summary {
    #[serde(rename = "failedMetricsCount", default)]
    failed: u64,
}

/// Where the region of whoever signs takes samples.
async fn region_endpoint(client: &Client) -> Result<String, MetricsError> {
    let principal = client.principal().ok_or(MetricsError::Region)?;
    let host = principal.host("telemetry-ingestion").await;
    let host = host.map_err(MetricsError::Unlocated)?.ok_or(MetricsError::Region)?;
    Ok(format!("https://{host}"))
}

/// The compartment of whoever signs, where the token names it.
async fn own_compartment(client: &Client) -> Result<String, MetricsError> {
    let credentials = client.credentials().await.map_err(SendError::from)?;
    let compartment = credentials.claim("res_compartment").and_then(Value::as_str);
    Ok(compartment.ok_or(MetricsError::Compartment)?.to_owned())
}

/// A metric, and what it is of a call.
#[derive(Clone, Copy)]
struct Stream {
    name: &'static str,
    unit: &'static str,
    value: fn(&Sample) -> f64,
}

const STREAMS: [Stream; 4] = [
    Stream { name: "calls", unit: "count", value: |_| 1.0 },
    Stream { name: "errors", unit: "count", value: |call| f64::from(u8::from(call.failed)) },
    Stream { name: "duration_ms", unit: "ms", value: |call| milliseconds(call.took) },
    Stream { name: "wait_ms", unit: "ms", value: |call| milliseconds(call.waited) },
];

impl Stream {
    fn json(
        self,
        target: &MetricsTarget,
        compartment: &str,
        set: &Dimensions,
        calls: &[Sample],
    ) -> Value {
        let point = |call: &Sample| {
            let at = DateTime::<Utc>::from(call.at).to_rfc3339_opts(SecondsFormat::Millis, true);
            json!({ "timestamp": at, "value": (self.value)(call), "count": 1 })
        };
        json!({
            "namespace": target.namespace,
            "compartmentId": compartment,
            "name": self.name,
            "dimensions": {
                "function": target.function,
                "deployment": set.deployment,
                "status": set.status,
                "code": set.code,
            },
            "metadata": { "unit": self.unit },
            "datapoints": calls.iter().map(point).collect::<Vec<Value>>(),
        })
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
        // A call that has come to its deadline leaves it to the next.
        assert_eq!(calls(50), None);
        assert_eq!(calls(500), Some(3));
        assert_eq!((1..MAX_CALLS).find_map(|_| calls(500)), None);
        assert_eq!(calls(500), Some(MAX_CALLS));
    }
}
