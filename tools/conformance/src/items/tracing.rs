//! Tracing: the platform's settings and headers, and the export of a span.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use emulator::http::{self, Server};
use http_body_util::BodyExt;
use hyper::Request;
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::ask::Ask;
use crate::call::Call;
use crate::context::Context;
use crate::harness::{Harness, Subject};
use crate::instance::Instance;
use crate::item::Item;
use crate::launch::{self, Launch};
use crate::verdict::{Problem, Verdict, expect};

pub(super) const ITEMS: &[Item] = &[
    Item::must(87, "without its variables tracing is off", |harness| Box::pin(absent(harness))),
    Item::should(88, "0, 1, true, x: off, on, on, off", |harness| Box::pin(switch(harness))),
    Item::should(89, "a new span under the platform's", |harness| Box::pin(ids(harness))),
    Item::should(90, "sampled unless the platform says 0", |harness| Box::pin(sampled(harness))),
    Item::should(91, "a span is exported before the answer ends", |harness| {
        Box::pin(export(harness))
    })
    .alone(),
    Item::should(92, "the service is `app::fn` in lower case", |harness| {
        Box::pin(service(harness))
    }),
];

const TRACE: &str = "0af7651916cd43dd";
const SPAN: &str = "b7ad6b7169203331";
const QUERY: &str = "dataFormat=zipkin&dataFormatVersion=2&dataKey=KEY%2F1";
/// How long a collector that is down may delay an answer.
const DELAY: Duration = Duration::from_secs(5);

/// Returns "not checked" for a function without tracing.
fn knows(harness: &Harness) -> Result<(), Problem> {
    match harness.subject() {
        Subject::Protocol => Ok(()),
        Subject::Predictor(_) => Err(Problem::not_checked("the predictor does not show its trace")),
        Subject::Plain => harness.needs_protocol("what a handler sees of tracing"),
    }
}

/// Returns the handler's view; null stands for an FDK that has no tracing.
fn tracing(context: &Context) -> Result<Context, Problem> {
    let view = context.value("tracing")?;
    if view.is_null() {
        return Err(Problem::not_checked("the function cannot: its FDK has no tracing"));
    }
    Ok(Context::new(view.clone()))
}

async fn traced(launch: Launch, url: &str) -> Result<Instance, Problem> {
    launch.set("OCI_TRACING_ENABLED", "1").set("OCI_TRACE_COLLECTOR_URL", url).start().await
}

fn spanned(call: Call) -> Call {
    call.header("X-B3-Traceid", TRACE).header("X-B3-Spanid", SPAN)
}

async fn absent(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    instance.served(spanned(Call::with("{}"))).await?;
    if harness.predictor().is_some() {
        return Ok("served".into());
    }
    knows(&harness)?;
    let context = instance.context(spanned(Call::new())).await?;
    if !context.value("tracing")?.is_null() {
        tracing(&context)?.expect("enabled", false)?;
    }
    Ok("off".into())
}

async fn switch(harness: Harness) -> Verdict {
    knows(&harness)?;
    for (value, enabled) in [("0", false), ("1", true), ("true", true), ("x", false)] {
        let launch = Launch::new(&harness).await?.set("OCI_TRACING_ENABLED", value);
        let launch = launch.set("OCI_TRACE_COLLECTOR_URL", "http://127.0.0.1:9/");
        let context = launch.start().await?.context(spanned(Call::new())).await;
        let seen = context.and_then(|context| tracing(&context)?.expect("enabled", enabled));
        seen.map_err(|problem| problem.when(format!("OCI_TRACING_ENABLED={value}")))?;
    }
    Ok("off, on, on, off".into())
}

async fn ids(harness: Harness) -> Verdict {
    knows(&harness)?;
    let instance = traced(Launch::new(&harness).await?, "http://127.0.0.1:9/").await?;
    let mut spans = Vec::new();
    for call in [Call::new(), Call::new().gateway("POST", "/")] {
        let view = tracing(&instance.context(spanned(call)).await?)?;
        view.expect("traceId", TRACE)?;
        view.expect("parentSpanId", SPAN)?;
        let span = view.text("spanId")?.unwrap_or_default();
        let fresh =
            span.len() == 16 && span != SPAN && span.bytes().all(|byte| byte.is_ascii_hexdigit());
        expect(fresh, "a new span id of 16 hexadecimal digits", || span.clone())?;
        spans.push(span);
    }
    expect(spans.first() != spans.last(), "another span for each call", || "the same".into())?;
    Ok(format!("span {} under {SPAN}", spans.concat().split_at(16).0))
}

async fn sampled(harness: Harness) -> Verdict {
    knows(&harness)?;
    let instance = traced(Launch::new(&harness).await?, "http://127.0.0.1:9/").await?;
    let view = tracing(&instance.context(spanned(Call::new())).await?)?;
    view.expect("sampled", true)?;
    let call = spanned(Call::new()).header("X-B3-Sampled", "0");
    tracing(&instance.context(call).await?)?.expect("sampled", false)?;
    Ok("absent: sampled; 0: not".into())
}

async fn service(harness: Harness) -> Verdict {
    knows(&harness)?;
    let launch =
        Launch::new(&harness).await?.set("FN_APP_NAME", "My-App").set("FN_FN_NAME", "My-Fn");
    let instance = traced(launch, "http://127.0.0.1:9/").await?;
    let view = tracing(&instance.context(spanned(Call::new())).await?)?;
    view.expect("serviceName", "my-app::my-fn")?;
    let launch = Launch::new(&harness).await?.unset("FN_APP_NAME").unset("FN_FN_NAME");
    let instance = traced(launch, "http://127.0.0.1:9/").await?;
    let view = tracing(&instance.context(spanned(Call::new())).await?)?;
    let name = view.text("serviceName")?.unwrap_or_default();
    let words = ["none", "null", "undefined", "nil"];
    let sane = name.split("::").all(|part| !part.is_empty() && !words.contains(&part));
    expect(sane, "a name without the two variables", || format!("{name:?}"))?;
    Ok(format!("my-app::my-fn; unset: {name}"))
}

/// What a trace collector got: method, target, content type, body.
type Received = Arc<Mutex<Vec<(String, String, Value)>>>;

async fn collector() -> Result<(Server, Received), Problem> {
    let received = Received::default();
    let kept = received.clone();
    let server = Server::start(0, move |request: Request<Incoming>| {
        let kept = kept.clone();
        async move {
            let (method, target) = (request.method().to_string(), request.uri().to_string());
            let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes);
            let body = serde_json::from_slice(&body.unwrap_or_default()).unwrap_or_default();
            kept.lock().unwrap_or_else(PoisonError::into_inner).push((method, target, body));
            http::reply(200, &json!({}))
        }
    });
    let server = server.await.map_err(Problem::machine("a port on loopback"))?;
    Ok((server, received))
}

async fn export(harness: Harness) -> Verdict {
    knows(&harness)?;
    let (server, received) = collector().await?;
    let url = format!("http://{}/20200101/observations/public-span?{QUERY}", server.address);
    let instance = traced(Launch::new(&harness).await?, &url).await?;
    let reply = instance.ask(&Ask::Span, spanned(Call::with("{}"))).await?;
    expect(reply.status == 200, "200", || reply.shown())?;
    let got = received.lock().unwrap_or_else(PoisonError::into_inner).clone();
    check_export(&got)?;
    drop((server, instance));
    // The collector's port is closed now.
    let instance = traced(Launch::new(&harness).await?, &url).await?;
    let begin = Instant::now();
    let reply = instance.ask(&Ask::Span, spanned(Call::with("{}"))).await?;
    let took = begin.elapsed();
    let unharmed = reply.status == 200 && took < DELAY;
    expect(unharmed, "200 within 5 s without a collector", || {
        format!("{} after {took:.1?}", reply.status)
    })?;
    Ok(format!("one POST before the answer; without a collector {took:.0?}"))
}

fn check_export(got: &[(String, String, Value)]) -> Result<(), Problem> {
    let [(method, target, body)] = got else {
        return Err(Problem::failed("one POST before the answer ends", format!("{}", got.len())));
    };
    expect(method == "POST", "a POST", || method.clone())?;
    let path = format!("/20200101/observations/public-span?{QUERY}");
    expect(*target == path, &path, || target.clone())?;
    let spans = body.as_array().map(Vec::as_slice);
    let Some([span]) = spans else {
        return Err(Problem::failed("a JSON array of one span", body));
    };
    let text = |name: &str| span.get(name).and_then(Value::as_str).unwrap_or_default();
    expect(text("traceId") == TRACE && text("parentId") == SPAN, "its trace and parent", || {
        span.to_string()
    })?;
    expect(text("id").len() == 16, "an id of 16 digits", || span.to_string())?;
    let number = |name: &str| span.get(name).and_then(Value::as_u64).unwrap_or_default();
    let now = emulator::clock::since_epoch(emulator::clock::now()).as_micros();
    let micros = now.abs_diff(u128::from(number("timestamp"))) < 60_000_000
        && number("duration") < 60_000_000;
    expect(micros && number("duration") > 0, "timestamp and duration in microseconds", || {
        span.to_string()
    })
}
