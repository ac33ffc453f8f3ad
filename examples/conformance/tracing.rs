//! One span of a function, in the form of Zipkin.

use std::env;
use std::time::{Duration, SystemTime};

use fn_fdk::{Call, TraceContext, Tracing};
use http::{Request, Uri, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use oracle_cloud_client::apm;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;

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
    let taken = match serde_json::to_string(&[span]) {
        Ok(spans) => timeout(PATIENCE, post(url, spans)).await.ok().flatten().is_some(),
        Err(_never) => false,
    };
    if !taken {
        log::warn!("the trace collector does not take the span");
    }
}

/// No `apm::Collector`: that of the conformance test speaks plain HTTP.
async fn post(url: &str, spans: String) -> Option<()> {
    let uri: Uri = url.parse().ok()?;
    let authority = uri.authority()?.as_str();
    let stream = TcpStream::connect((uri.host()?, uri.port_u16().unwrap_or(80))).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    let request = Request::post(uri.path_and_query()?.as_str())
        .header(header::HOST, authority)
        .header(header::CONTENT_TYPE, "application/json");
    let answer = sender.send_request(request.body(spans).ok()?).await.ok()?;
    answer.status().is_success().then_some(())
}
