//! One span of a function, in the form of Zipkin.

use std::env;
use std::time::{Duration, SystemTime};

use fn_fdk::{Call, TraceContext, Tracing};
use oracle_cloud_client::{Trust, apm, http_client};
use serde_json::{Value, json};

/// How long a collector may keep an answer waiting.
const PATIENCE: Duration = Duration::from_secs(2);

/// The span of one call, under that of the platform.
pub(crate) struct Span {
    tracing: Tracing,
    context: TraceContext,
    id: String,
}

impl Span {
    pub(crate) fn of(call: &Call) -> Self {
        Self {
            tracing: Tracing::from_vars(|name| env::var(name).ok()),
            context: call.context().trace.clone(),
            id: apm::span_id(),
        }
    }

    pub(crate) fn view(&self) -> Value {
        json!({
            "enabled": self.tracing.is_enabled(),
            "traceId": self.context.trace_id,
            "spanId": self.id,
            "parentSpanId": self.context.parent_id,
            "sampled": self.context.sampled,
            "serviceName": self.tracing.service(),
        })
    }
}

/// Has the collector know of this call before it is answered. One that is down changes nothing but the log.
pub(crate) async fn export(call: &Call, begin: SystemTime) {
    let Span { tracing, context, id } = Span::of(call);
    let Some(url) = tracing.collector().filter(|_| context.sampled) else {
        return;
    };
    let tags = tracing.tags().iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let span = apm::Span {
        trace_id: context.trace_id.unwrap_or_else(apm::trace_id),
        id,
        parent_id: context.parent_id,
        name: "conformance",
        kind: Some(apm::Kind::Server),
        timestamp: begin,
        duration: begin.elapsed().unwrap_or_default(),
        local_endpoint: apm::Service { service_name: tracing.service().to_owned() },
        debug: context.debug,
        tags: tags.collect(),
    };
    // No `apm::Collector`: that of the conformance test speaks plain HTTP.
    let post = async {
        let client =
            http_client(&Trust::public().ok()?).https_only(false).timeout(PATIENCE).build().ok()?;
        let body = serde_json::to_string(&[span]).ok()?;
        let post = client.post(url).header("content-type", "application/json").body(body);
        post.send().await.ok()?.error_for_status().ok()
    };
    if post.await.is_none() {
        log::warn!("the trace collector does not take the span");
    }
}
