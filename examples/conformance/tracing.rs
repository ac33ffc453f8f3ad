//! The platform's tracing, and one span of a function, in the form of Zipkin: no room has this, and none is needed for it.

use std::env;
use std::time::{Duration, SystemTime};

use model_deployment_fn::{fdk::Call, oci::http_client};
use serde_json::{Value, json};

/// How long a collector may keep an answer waiting.
const PATIENCE: Duration = Duration::from_secs(2);

/// The span of one call, under that of the platform.
pub(crate) struct Tracing {
    enabled: bool,
    trace: Option<String>,
    span: String,
    parent: Option<String>,
    sampled: bool,
    service: String,
}

impl Tracing {
    pub(crate) fn of(call: &Call) -> Self {
        let header = |name| call.platform_headers().get(name)?.to_str().ok().map(str::to_owned);
        let enabled = env::var("OCI_TRACING_ENABLED").unwrap_or_default().to_ascii_lowercase();
        let part = |name, id| env::var(name).or(env::var(id)).unwrap_or_default().to_lowercase();
        Self {
            enabled: ["1", "true", "yes", "on"].contains(&enabled.as_str()),
            trace: header("x-b3-traceid"),
            span: format!("{:016x}", fastrand::u64(..)),
            parent: header("x-b3-spanid"),
            sampled: header("x-b3-sampled").is_none_or(|text| text == "1" || text == "true"),
            service: part("FN_APP_NAME", "FN_APP_ID") + "::" + &part("FN_FN_NAME", "FN_FN_ID"),
        }
    }

    pub(crate) fn view(&self) -> Value {
        json!({
            "enabled": self.enabled,
            "traceId": self.trace,
            "spanId": self.span,
            "parentSpanId": self.parent,
            "sampled": self.sampled,
            "serviceName": self.service,
        })
    }
}

/// Has the collector know of this call before it is answered. One that is down changes nothing but the log.
pub(crate) async fn export(call: &Call, begin: SystemTime) {
    let trace = Tracing::of(call);
    let url = env::var("OCI_TRACE_COLLECTOR_URL").unwrap_or_default();
    if !trace.enabled || !trace.sampled || url.is_empty() {
        return;
    }
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or_default();
    let span = json!([{
        "traceId": trace.trace,
        "id": trace.span,
        "parentId": trace.parent,
        "name": "conformance",
        "kind": "SERVER",
        "timestamp": micros(begin.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()),
        "duration": micros(begin.elapsed().unwrap_or_default()).max(1),
        "localEndpoint": { "serviceName": trace.service },
        "tags": { "generatedBy": "faas" },
    }]);
    let post = async {
        let client = http_client(None).ok()?.https_only(false).timeout(PATIENCE).build().ok()?;
        let post =
            client.post(url).header("content-type", "application/json").body(span.to_string());
        post.send().await.ok()?.error_for_status().ok()
    };
    if post.await.is_none() {
        log::warn!("the trace collector does not take the span");
    }
}
