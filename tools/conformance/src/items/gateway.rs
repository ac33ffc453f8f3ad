//! Requests of a gateway: which parts are the client's and which are the platform's.

use crate::call::Call;
use crate::context::Context;
use crate::harness::Harness;
use crate::item::Item;
use crate::launch;
use crate::verdict::{Problem, Verdict, expect};

pub(super) const ITEMS: &[Item] = &[
    Item::must(44, "method, URL and headers are the client's", |harness| Box::pin(view(harness))),
    Item::should(45, "without the intent no HTTP request", |harness| Box::pin(no_intent(harness))),
    Item::must(46, "a repeated header of the client has two values", |harness| {
        Box::pin(repeated(harness))
    }),
    Item::should(47, "a bare Fn-Http-H- is ignored", |harness| Box::pin(bare_prefix(harness))),
    Item::should(48, "the socket's own headers are not the client's", |harness| {
        Box::pin(platform(harness))
    }),
    Item::should(49, "the content type has one value", |harness| Box::pin(content_type(harness))),
    Item::should(50, "absolute URL and path give the same", |harness| Box::pin(urls(harness))),
    Item::should(51, "no method and no URL: POST and /", |harness| Box::pin(defaults(harness))),
    Item::should(52, "the platform's own headers stay readable", |harness| {
        Box::pin(readable(harness))
    }),
    Item::should(53, "a client's Fn-Intent changes nothing", |harness| Box::pin(spoofed(harness))),
];

async fn seen(harness: &Harness, call: Call) -> Result<Context, Problem> {
    launch::start(harness).await?.context(call).await
}

async fn view(harness: Harness) -> Verdict {
    let call = Call::with("{}").gateway("PUT", "/v1/x?q=1").client("X-A", "one");
    let context = seen(&harness, call).await?;
    context.expect("method", "PUT")?;
    context.expect("query", "q=1")?;
    context.expect_header("x-a", &["one"])?;
    if harness.predictor().is_none() {
        context.expect("gateway", true)?;
        context.expect("path", "/v1/x")?;
        context.expect_header("fn-http-h-x-a", &[])?;
    }
    Ok("PUT /v1/x?q=1, x-a: one".into())
}

async fn no_intent(harness: Harness) -> Verdict {
    let call = Call::with("{}").header("Fn-Http-Method", "PUT");
    let call = call.header("Fn-Http-Request-Url", "/spoofed?q=1").header("Fn-Http-H-X-A", "1");
    let context = seen(&harness, call).await?;
    context.expect_header("x-a", &[])?;
    if harness.predictor().is_some() {
        context.expect("method", "POST")?;
        context.expect("query", "")?;
    } else {
        context.expect("gateway", false)?;
    }
    Ok("direct".into())
}

async fn repeated(harness: Harness) -> Verdict {
    let call = Call::with("{}").gateway("POST", "/").client("X-A", "1").client("X-A", "2");
    seen(&harness, call).await?.expect_header("x-a", &["1", "2"])?;
    Ok("x-a: 1, 2".into())
}

async fn bare_prefix(harness: Harness) -> Verdict {
    let call = Call::with("{}").gateway("POST", "/").header("Fn-Http-H-", "bare");
    seen(&harness, call).await?.expect_header("", &[])?;
    Ok("ignored".into())
}

async fn platform(harness: Harness) -> Verdict {
    let call = Call::with("{}").gateway("POST", "/").client("X-A", "1");
    let context = seen(&harness, call).await?;
    context.expect_header("x-a", &["1"])?;
    for (name, value) in
        [("user-agent", "Go-http-client/1.1"), ("host", "localhost"), ("accept-encoding", "gzip")]
    {
        let values = context.header(name)?;
        let leaked = values.iter().any(|own| own == value);
        expect(!leaked, format!("no `{name}: {value}`"), || format!("{name}: {values:?}"))?;
    }
    Ok("user-agent, host and accept-encoding are absent".into())
}

async fn content_type(harness: Harness) -> Verdict {
    let call = Call::with("{}").gateway("POST", "/");
    let call = call.header("Content-Type", "a/b").client("Content-Type", "c/d");
    let context = seen(&harness, call).await?;
    let values = context.header("content-type")?;
    expect(values.len() == 1, "one value", || format!("{values:?}"))?;
    Ok(values.concat())
}

async fn urls(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    let key = if harness.predictor().is_some() { "predict" } else { "path" };
    let mut views = Vec::new();
    for url in ["/v1/a%20b?q=1&r=%2F", "https://gateway.example:8443/v1/a%20b?q=1&r=%2F"] {
        let context = instance.context(Call::with("{}").gateway("POST", url)).await?;
        views.push((context.text(key)?, context.text("query")?));
    }
    let (path, absolute) = (views.first().cloned(), views.pop());
    expect(path == absolute, format!("{path:?}"), || format!("{absolute:?}"))?;
    let query = path.and_then(|(_, query)| query).unwrap_or_default();
    expect(query == "q=1&r=%2F", "query q=1&r=%2F", || query.clone())?;
    Ok("the same path and query".into())
}

async fn defaults(harness: Harness) -> Verdict {
    let context = seen(&harness, Call::with("{}").bare_gateway()).await?;
    context.expect("method", "POST")?;
    if harness.predictor().is_none() {
        context.expect("path", "/")?;
    }
    context.expect("query", "")?;
    Ok("POST /".into())
}

async fn readable(harness: Harness) -> Verdict {
    if harness.predictor().is_some() {
        return Err(Problem::not_checked(
            "the predictor does not show the platform's headers, and does not use those of tracing",
        ));
    }
    let headers = [
        ("X-B3-Traceid", "0af7651916cd43dd"),
        ("X-B3-Spanid", "b7ad6b7169203331"),
        ("Opc-Request-Id", "/A/B"),
    ];
    let call = Call::with("{}").gateway("POST", "/");
    let call = headers.iter().fold(call, |call, (name, value)| call.header(name, *value));
    let id = call.id().unwrap_or_default();
    let context = seen(&harness, call).await?;
    context.expect("callId", id)?;
    let deadline = context.value("deadline")?;
    expect(!deadline.is_null(), "a deadline", || "none".into())?;
    for (name, value) in headers {
        let seen = context.platform(name)?;
        expect(seen == [value], format!("{name}: {value}"), || format!("{seen:?}"))?;
    }
    Ok("call id, deadline, B3, Opc-Request-Id".into())
}

async fn spoofed(harness: Harness) -> Verdict {
    let call = Call::with("{}").header("Fn-Http-H-Fn-Intent", "httprequest");
    let call = call.header("Fn-Http-H-X-A", "1").header("Fn-Http-Method", "PUT");
    let context = seen(&harness, call).await?;
    context.expect_header("x-a", &[])?;
    if harness.predictor().is_some() {
        context.expect("method", "POST")?;
    } else {
        context.expect("gateway", false)?;
    }
    let call = Call::with("{}").gateway("PUT", "/").client("Fn-Intent", "other");
    seen(&harness, call).await?.expect("method", "PUT")?;
    Ok("direct stays direct, gateway stays gateway".into())
}
