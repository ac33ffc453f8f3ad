//! Responses: what a handler may not set.

use crate::ask::Ask;
use crate::call::Call;
use crate::harness::Harness;
use crate::item::Item;
use crate::launch;
use crate::verdict::{Problem, Verdict, expect};

pub(super) const ITEMS: &[Item] = &[
    Item::should(59, "the platform's headers cannot be set", |harness| Box::pin(reserved(harness))),
    Item::should(60, "a status that cannot be sent: 502", |harness| Box::pin(statuses(harness))),
    Item::must(72, "an invalid header never reaches the socket", |harness| {
        Box::pin(invalid(harness))
    }),
];

async fn reserved(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    for (name, value) in [("Fn-Call-Id", "own"), ("Fn-Deadline", "own"), ("Fn-Http-Status", "418")]
    {
        for call in [Call::with("{}"), Call::with("{}").gateway("POST", "/")] {
            let reply = instance.ask(&Ask::headers(&[(name, value)]), call).await?;
            expect([200, 502].contains(&reply.status), "200 or 502", || reply.shown())?;
            let leaked = reply.headers.iter().find(|(own, seen)| {
                own.trim_start_matches("fn-http-h-").eq_ignore_ascii_case(name)
                    && seen == value.as_bytes()
            });
            expect(leaked.is_none(), format!("no {name} of the user"), || "it leaves".into())?;
        }
    }
    Ok("refused or ignored".into())
}

async fn statuses(harness: Harness) -> Verdict {
    let mut instance = launch::start(&harness).await?;
    for status in [99, 101, 199, 600, 1000] {
        for call in [Call::with("{}"), Call::with("{}").gateway("POST", "/")] {
            let gateway = call.has("Fn-Intent");
            let reply = instance.ask(&Ask::status(status, &[]), call).await?;
            // The predictor handles its model's error itself, and tells a gateway's caller.
            let told = harness.predictor().is_some() && gateway && reply.status == 200;
            let told = told && reply.value("fn-http-status").as_deref() == Some("502");
            let refused = reply.status == 502 || told;
            expect(refused, format!("502 for status {status}"), || {
                let shown = reply.value("fn-http-status").unwrap_or_default();
                format!("{} with fn-http-status {shown:?}", reply.status)
            })?;
        }
    }
    instance.alive().await?;
    Ok("99, 101, 199, 600 and 1000: 502, alive".into())
}

async fn invalid(harness: Harness) -> Verdict {
    if harness.predictor().is_some() {
        return Err(Problem::not_checked("no model can send an invalid HTTP header"));
    }
    let mut instance = launch::start(&harness).await?;
    for (name, value) in [
        ("X-A", "1\r\nX-Injected: 1"),
        ("X-A", "1\nX-Injected: 1"),
        ("X-A", "a\0b"),
        ("X-A: 1\r\nX-Injected", "1"),
        ("X\nA", "1"),
        ("X A", "1"),
        ("", "1"),
    ] {
        for call in [Call::with("{}"), Call::with("{}").gateway("POST", "/")] {
            let reply = instance.ask(&Ask::headers(&[(name, value)]), call).await?;
            let shown = format!("{}: {}", name.escape_debug(), value.escape_debug());
            expect([200, 502].contains(&reply.status), format!("200 or 502 for {shown}"), || {
                reply.shown()
            })?;
            let text = String::from_utf8_lossy(&reply.head).to_ascii_lowercase();
            let names = ["x-injected: 1", "a\0b", "x a:", "\r\n: "];
            let leaked = names.iter().any(|name| text.contains(name));
            expect(!leaked, format!("{shown} stays inside"), || text.escape_debug().to_string())?;
        }
    }
    instance.alive().await?;
    Ok("CR, LF, NUL, blank, nothing: none leaves".into())
}
