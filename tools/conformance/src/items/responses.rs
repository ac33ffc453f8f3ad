//! Responses: what is sent on the socket after a success.

use crate::ask::Ask;
use crate::call::Call;
use crate::harness::Harness;
use crate::item::Item;
use crate::launch;
use crate::verdict::{Problem, Verdict, equal, expect};
use crate::wire::{Framing, Reply};

pub(super) const ITEMS: &[Item] = &[
    Item::should(54, "success is 200, framed and identified", |harness| Box::pin(success(harness))),
    Item::should(55, "direct: the user's headers as they are", |harness| Box::pin(direct(harness))),
    Item::must(56, "gateway: the user's headers with the prefix", |harness| {
        Box::pin(gateway(harness))
    }),
    Item::should(57, "gateway: no prefix is put before a prefix", |harness| {
        Box::pin(prefixed(harness))
    }),
    Item::must(58, "headers of a connection never leave", |harness| Box::pin(hop_by_hop(harness))),
    Item::should(61, "gateway: 204 and 304 are 200 with no body", |harness| {
        Box::pin(bodyless(harness))
    }),
    Item::should(62, "direct: another status is 200, with a warning", |harness| {
        Box::pin(status(harness))
    }),
    Item::should(68, "nothing is 200 with Content-Length: 0", |harness| Box::pin(nothing(harness))),
    Item::must(69, "gateway: no bare redirect", |harness| Box::pin(redirect(harness))),
    Item::must(70, "the socket's Accept-Encoding is not obeyed", |harness| {
        Box::pin(plain(harness))
    }),
    Item::should(71, "gateway: Content-Encoding only with the prefix", |harness| {
        Box::pin(encoded(harness))
    }),
];

/// `conformance`, compressed.
const GZIP: [u8; 31] = [
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 75, 206, 207, 75, 203, 47, 202, 77, 204, 75, 78, 5, 0, 231,
    21, 21, 232, 11, 0, 0, 0,
];

async fn success(harness: Harness) -> Verdict {
    let reply = launch::start(&harness).await?.served(Call::with("{}")).await?;
    let framed = reply.framing != Framing::Unframed;
    expect(framed, "a body with its length or in chunks", || "neither".into())?;
    let own = |name: &str| {
        let value = reply.value(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| Problem::failed(format!("the header {name}"), "none"))
    };
    let evidence = format!("{}, {}", own("fn-fdk-version")?, own("fn-fdk-runtime")?);
    if reply.status != 200 {
        harness.needs_protocol(&format!("it answered {} ({evidence}); a success", reply.status))?;
    }
    Ok(evidence)
}

/// Expects these values of a header on the socket.
fn has(reply: &Reply, name: &str, expected: &[&str]) -> Result<(), Problem> {
    let seen = reply.values(name);
    expect(seen == expected, format!("{name} {expected:?}"), || format!("{seen:?}"))
}

/// Expects that no header begins so.
fn none_begins(reply: &Reply, prefix: &str) -> Result<(), Problem> {
    let found = reply.headers.iter().find(|(name, _)| name.starts_with(prefix));
    expect(found.is_none(), format!("no header {prefix}*"), || {
        found.map(|(name, _)| name.clone()).unwrap_or_default()
    })
}

async fn direct(harness: Harness) -> Verdict {
    let ask = Ask::headers(&[("X-A", "1"), ("X-A", "2")]);
    let reply = launch::ask(&harness, &ask, Call::with("{}")).await?;
    equal("status", &200, &reply.status)?;
    has(&reply, "x-a", &["1", "2"])?;
    none_begins(&reply, "fn-http-")?;
    Ok("x-a: 1, 2".into())
}

async fn gateway(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    let headers = [("X-A", "1"), ("X-A", "2"), ("Content-Type", "text/x-own")];
    for (status, shown) in [(201, "201"), (200, "200")] {
        let call = Call::with("{}").gateway("POST", "/");
        let reply = instance.ask(&Ask::status(status, &headers), call).await?;
        equal("status", &200, &reply.status)?;
        has(&reply, "fn-http-h-x-a", &["1", "2"])?;
        has(&reply, "x-a", &[])?;
        has(&reply, "content-type", &["text/x-own"])?;
        has(&reply, "fn-http-h-content-type", &[])?;
        has(&reply, "fn-http-status", &[shown])?;
    }
    Ok("fn-http-h-x-a: 1, 2; content-type once; fn-http-status".into())
}

async fn prefixed(harness: Harness) -> Verdict {
    if harness.predictor().is_some() {
        return Err(Problem::not_checked("the predictor returns no Fn-* header of a model"));
    }
    let call = Call::with("{}").gateway("POST", "/");
    let reply = launch::ask(&harness, &Ask::headers(&[("fn-http-h-x-b", "1")]), call).await?;
    equal("status", &200, &reply.status)?;
    has(&reply, "fn-http-h-x-b", &["1"])?;
    none_begins(&reply, "fn-http-h-fn-http-h-")?;
    Ok("once".into())
}

async fn hop_by_hop(harness: Harness) -> Verdict {
    let headers = [
        ("Connection", "x-a"),
        ("Keep-Alive", "timeout=9"),
        ("TE", "trailers"),
        ("Trailer", "X-A"),
        ("Upgrade", "h2c"),
        ("Proxy-Authenticate", "Basic"),
        ("Proxy-Connection", "close"),
    ];
    let framing = [("Transfer-Encoding", "gzip"), ("Content-Length", "99")];
    let sent: Vec<_> = match harness.predictor() {
        // A deployment that frames its answer twice has given none.
        Some(_) => headers.to_vec(),
        None => headers.iter().chain(&framing).copied().collect(),
    };
    let instance = launch::start(&harness).await?;
    for (call, prefix) in
        [(Call::with("{}"), ""), (Call::with("{}").gateway("POST", "/"), "fn-http-h-")]
    {
        let reply = instance.ask(&Ask::headers(&sent), call).await?;
        // Refusing them all with an error keeps them from leaving just as well.
        expect([200, 502].contains(&reply.status), "200 or 502", || reply.shown())?;
        for (name, value) in sent.iter().chain([("Content-Length", "99")].iter()) {
            let name = format!("{prefix}{}", name.to_ascii_lowercase());
            let leaked = reply.values(&name).iter().any(|own| own == value);
            expect(!leaked, format!("no {name}: {value}"), || "it leaves".into())?;
        }
    }
    Ok(format!("{} names, direct and through a gateway", sent.len()))
}

async fn bodyless(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    // The predictor never passes on a 304 of a model.
    let statuses: &[u16] = if harness.predictor().is_some() { &[204] } else { &[204, 304] };
    for &status in statuses {
        let call = Call::with(if harness.predictor().is_some() { "" } else { "{}" });
        let call = call.gateway("POST", "/");
        let reply = instance.ask(&Ask::status(status, &[]), call).await?;
        equal("status", &200, &reply.status)?;
        has(&reply, "fn-http-status", &[&status.to_string()])?;
        expect(reply.body.is_empty(), "no body", || reply.shown())?;
    }
    Ok(format!("{statuses:?}"))
}

async fn status(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    let marks = (instance.out.mark(), instance.err.mark());
    let reply = instance.ask(&Ask::status(201, &[]), Call::with("{}")).await?;
    equal("status", &200, &reply.status)?;
    none_begins(&reply, "fn-http-status")?;
    let said = [instance.out.since(marks.0), instance.err.since(marks.1)].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    let warns = |line: &&str| line.contains("201") && line.to_ascii_lowercase().contains("warn");
    let line = said.lines().find(warns);
    let line = line.ok_or_else(|| Problem::failed("a warning that names 201", "none"))?;
    Ok(line.trim().to_owned())
}

async fn nothing(harness: Harness) -> Verdict {
    let reply = launch::ask(&harness, &Ask::Nothing, Call::with("{}")).await?;
    equal("status", &200, &reply.status)?;
    expect(reply.body.is_empty(), "no body", || reply.shown())?;
    has(&reply, "content-length", &["0"])?;
    Ok("200, Content-Length: 0".into())
}

async fn redirect(harness: Harness) -> Verdict {
    let call = Call::with("{}").gateway("GET", "/");
    let ask = Ask::status(302, &[("Location", "https://example.com/")]);
    let reply = launch::ask(
        &harness,
        &ask,
        if harness.predictor().is_some() { call.body("") } else { call },
    )
    .await?;
    equal("status", &200, &reply.status)?;
    has(&reply, "location", &[])?;
    if harness.predictor().is_some() {
        has(&reply, "fn-http-status", &["502"])?;
        return Ok("the model's redirect is an error".into());
    }
    has(&reply, "fn-http-status", &["302"])?;
    has(&reply, "fn-http-h-location", &["https://example.com/"])?;
    Ok("302 and Location with the prefix".into())
}

async fn plain(harness: Harness) -> Verdict {
    let body = "compress me ".repeat(1000);
    let call = Call::with(body).header("Accept-Encoding", "gzip");
    let reply = launch::start(&harness).await?.served(call).await?;
    has(&reply, "content-encoding", &[])?;
    harness.needs_protocol(&format!("it answered {} without; a long answer", reply.status))?;
    Ok("not compressed".into())
}

async fn encoded(harness: Harness) -> Verdict {
    let call = Call::with(GZIP).gateway("POST", "/").client("Accept-Encoding", "gzip");
    let reply = launch::ask(&harness, &Ask::headers(&[("Content-Encoding", "gzip")]), call).await?;
    equal("status", &200, &reply.status)?;
    has(&reply, "content-encoding", &[])?;
    has(&reply, "fn-http-h-content-encoding", &["gzip"])?;
    expect(reply.body == GZIP, "the compressed bytes", || reply.shown())?;
    Ok("fn-http-h-content-encoding: gzip".into())
}
