//! Requests: bodies in every framing, and odd headers.

use serde_json::Value;

use crate::ask::Ask;
use crate::call::Call;
use crate::harness::Harness;
use crate::item::Item;
use crate::launch;
use crate::verdict::{Verdict, equal, expect};

pub(super) const ITEMS: &[Item] = &[
    Item::must(17, "a body in one chunk arrives whole", |harness| Box::pin(one_chunk(harness))),
    Item::must(18, "a body in 1-byte chunks and packets", |harness| Box::pin(trickle(harness))),
    Item::must(19, "a body with Content-Length", |harness| Box::pin(sized(harness))),
    Item::must(20, "Content-Length: 0 is an empty body", |harness| Box::pin(empty(harness))),
    Item::must(21, "a body of 6 MB is accepted", |harness| Box::pin(large(harness))),
    Item::must(22, "a binary body is unchanged", |harness| Box::pin(binary(harness))),
    Item::must(23, "UTF-8 text is unchanged", |harness| Box::pin(text(harness))),
    Item::should(24, "text that is not UTF-8: 502, alive", |harness| {
        Box::pin(broken_text(harness))
    }),
    Item::must(25, "repeated headers keep all values in order", |harness| {
        Box::pin(repeated(harness))
    }),
    Item::must(26, "header names in any case are found", |harness| Box::pin(mixed_case(harness))),
    Item::should(27, "X_Foo and X-Foo stay distinct", |harness| Box::pin(underscores(harness))),
    Item::should(28, "300 headers, and one of 64 KB", |harness| Box::pin(many_headers(harness))),
    Item::should(29, "a header value with bytes above 0x7f", |harness| {
        Box::pin(header_bytes(harness))
    }),
    Item::should(30, "an empty Content-Type counts as absent", |harness| {
        Box::pin(empty_type(harness))
    }),
    Item::should(31, "a content type with parameters is matched", |harness| {
        Box::pin(parameters(harness))
    }),
    Item::should(32, "neither call id nor deadline: served", |harness| {
        Box::pin(bare_call(harness))
    }),
];

const LARGE: usize = 6 * 1024 * 1024;
const TEXT: &str = "\"Grüße, 世界 🌍\"";

async fn one_chunk(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    instance.echoes(Call::with("{\"data\": [[5.1, 3.5]]}").chunks(1024)).await?;
    Ok("22 bytes".into())
}

async fn trickle(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    let body = "a body that comes byte by byte, in many packets";
    let call = instance.echo(Call::with(body).chunks(1))?;
    let mut wire = instance.dial().await?;
    wire.send(&call.head()).await?;
    for byte in call.framed_body() {
        wire.send(&[byte]).await?;
        tokio::task::yield_now().await;
    }
    let reply = wire.reply().await?;
    instance.check_echo(&reply, body.as_bytes())?;
    harness.needs_protocol("it answered; to see what the handler got")?;
    Ok(format!("{} chunks of 1 byte", body.len()))
}

async fn sized(harness: Harness) -> Verdict {
    launch::start(&harness).await?.echoes(Call::with("sized body").sized()).await?;
    Ok("10 bytes".into())
}

async fn empty(harness: Harness) -> Verdict {
    launch::start(&harness).await?.echoes(Call::new().sized()).await?;
    Ok("0 bytes".into())
}

async fn large(harness: Harness) -> Verdict {
    let body: Vec<u8> = (0..=u8::MAX).cycle().take(LARGE).collect();
    let instance = launch::start(&harness).await?;
    instance.echoes(Call::with(body.clone())).await?;
    instance.echoes(Call::with(body).sized()).await?;
    Ok("6 MiB there and back, chunked and sized".into())
}

async fn binary(harness: Harness) -> Verdict {
    let mut body: Vec<u8> = (0..=u8::MAX).collect();
    body.extend(b"\xc3\x28\xff\xfe\xed\xa0\x80\r\n0\r\n\r\n");
    launch::start(&harness).await?.echoes(Call::with(body)).await?;
    Ok("all 256 values, invalid UTF-8, what looks like an end".into())
}

async fn text(harness: Harness) -> Verdict {
    let reply = launch::ask(&harness, &Ask::Text, Call::with(TEXT)).await?;
    equal("status", &200, &reply.status)?;
    equal("the text", &TEXT, &String::from_utf8_lossy(&reply.body).as_ref())?;
    Ok(TEXT.into())
}

async fn broken_text(harness: Harness) -> Verdict {
    let mut instance = launch::start(&harness).await?;
    let reply = instance.ask(&Ask::Text, Call::with(&b"\"\xff\xfe\""[..])).await?;
    expect(reply.status == 502, "502", || reply.shown())?;
    instance.alive().await?;
    Ok("502, alive".into())
}

async fn repeated(harness: Harness) -> Verdict {
    let call = Call::new().header("X-A", "1").header("X-A", "2");
    launch::start(&harness).await?.context(call).await?.expect_header("x-a", &["1", "2"])?;
    Ok("x-a: 1, 2".into())
}

async fn mixed_case(harness: Harness) -> Verdict {
    let call = Call::new().header("x-MiXeD", "found");
    launch::start(&harness).await?.context(call).await?.expect_header("x-mixed", &["found"])?;
    Ok("x-MiXeD".into())
}

async fn underscores(harness: Harness) -> Verdict {
    let call = Call::new().header("X_Foo", "under").header("X-Foo", "hyphen");
    let context = launch::start(&harness).await?.context(call).await?;
    context.expect_header("x_foo", &["under"])?;
    context.expect_header("x-foo", &["hyphen"])?;
    Ok("two headers".into())
}

async fn many_headers(harness: Harness) -> Verdict {
    let mut instance = launch::start(&harness).await?;
    let many = (0..300).fold(Call::with("{}"), |call, at| call.header(&format!("X-{at}"), "v"));
    instance.served(many).await.map_err(|problem| problem.when("300 headers"))?;
    let large = Call::with("{}").header("X-Large", "v".repeat(64 * 1024));
    instance.served(large).await.map_err(|problem| problem.when("a header of 64 KB"))?;
    instance.alive().await?;
    Ok("served".into())
}

async fn header_bytes(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    let call = || Call::with("{}").header("X-Bytes", &b"\xff\xfe\xe9"[..]);
    instance.served(call()).await?;
    harness.needs_protocol("it is served; the value's bytes")?;
    instance.context(call()).await?.expect_header("x-bytes", &["\u{ff}\u{fe}\u{e9}"])?;
    Ok("ff fe e9".into())
}

async fn empty_type(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    let call = || Call::with("{}").header("Content-Type", "");
    if harness.predictor().is_some() {
        // Without a content type the body must be JSON: with an empty one the same.
        let reply = instance.ask(&Ask::Text, call()).await?;
        expect(reply.status == 200, "JSON is accepted", || reply.shown())?;
        let reply = instance.ask(&Ask::Text, call().body("no JSON")).await?;
        expect(reply.status == 502, "other text than JSON is refused", || reply.shown())?;
        return Ok("taken for JSON, as without one".into());
    }
    instance.served(call()).await?;
    harness.needs_protocol("it is served; what the handler sees")?;
    instance.context(call()).await?.expect("contentType", Value::Null)?;
    Ok("absent".into())
}

async fn parameters(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    let call = || Call::with("{}").header("Content-Type", "application/JSON; charset=utf-8");
    instance.served(call()).await?;
    harness.needs_protocol("it is served; what the handler sees")?;
    if harness.predictor().is_some() {
        let refused = instance.ask(&Ask::Reply(200, vec![]), call().body("no JSON")).await?;
        expect(refused.status == 502, "other text than JSON is refused", || refused.shown())?;
        return Ok("known as JSON".into());
    }
    instance.context(call()).await?.expect("mediaType", "application/json")?;
    Ok("application/json".into())
}

async fn bare_call(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    let call = || Call::with("{}").without("Fn-Call-Id").without("Fn-Deadline");
    instance.served(call()).await?;
    if harness.predictor().is_some() {
        return Ok("served".into());
    }
    harness.needs_protocol("it is served; what the handler sees")?;
    let context = instance.context(call()).await?;
    context.expect("callId", Value::Null)?;
    context.expect("deadline", Value::Null)?;
    Ok("served, both absent".into())
}
