//! Responses: handlers that fail, callers that leave, and strange requests.

use std::time::Duration;

use crate::ask::Ask;
use crate::call::Call;
use crate::harness::Harness;
use crate::instance::{STATUSES, understood};
use crate::item::Item;
use crate::launch;
use crate::verdict::{Problem, Verdict, expect};
use crate::wire::{CUT, Wire};

pub(super) const ITEMS: &[Item] = &[
    Item::should(63, "a handler's error: 502 with a message, alive", |harness| {
        Box::pin(error(harness))
    }),
    Item::should(64, "a panic: 502, alive, logged once", |harness| Box::pin(panics(harness))),
    Item::must(65, "a panic leaves nothing in the next answer", |harness| Box::pin(leak(harness))),
    Item::should(66, "a result that cannot be serialised: 502", |harness| {
        Box::pin(unserialisable(harness))
    }),
    Item::must(67, "no status but 200, 502 and 504, ever", |harness| Box::pin(fuzz(harness)))
        .within(240),
    Item::should(74, "a stream that fails is cut, alive", |harness| Box::pin(cut_stream(harness))),
    Item::should(75, "a caller that leaves within the answer: alive", |harness| {
        Box::pin(gone(harness))
    }),
];

async fn error(harness: Harness) -> Verdict {
    let mut instance = launch::start(&harness).await?;
    let reply = instance.ask(&Ask::Fail, Call::with("{}")).await?;
    expect(reply.status == 502, "502", || reply.shown())?;
    let body: Option<serde_json::Value> = serde_json::from_slice(&reply.body).ok();
    let message = body.as_ref().and_then(|body| body.get("message")?.as_str());
    let message = message.ok_or_else(|| Problem::failed("JSON with `message`", reply.shown()))?;
    instance.alive().await?;
    Ok(format!("502 {message:?}, alive"))
}

async fn panics(harness: Harness) -> Verdict {
    let mut instance = launch::start(&harness).await?;
    for (ask, kind) in [(Ask::Panic, "a panic"), (Ask::PanicLate, "a panic after a wait")] {
        let mark = instance.err.mark();
        let reply = instance.ask(&ask, Call::with("{}")).await?;
        expect(reply.status == 502, format!("502 for {kind}"), || reply.shown())?;
        instance.alive().await?;
        let said = String::from_utf8_lossy(&instance.err.since(mark)).into_owned();
        let times = said.matches("panic on purpose").count();
        expect(times == 1, "`panic on purpose` once on stderr", || format!("{times} times"))?;
    }
    Ok("at once and after a wait: 502, alive, logged once".into())
}

async fn leak(harness: Harness) -> Verdict {
    let mut instance = launch::start(&harness).await?;
    let reply = instance.ask(&Ask::PanicWriting, Call::with("{}")).await?;
    expect(reply.status == 502, "502", || reply.shown())?;
    let next = instance.served(Call::with("next")).await?;
    let head = String::from_utf8_lossy(&next.head).to_ascii_lowercase();
    expect(!head.contains("leak"), "a clean head", || head.escape_debug().to_string())?;
    instance.alive().await?;
    Ok("502, and the next answer is its own".into())
}

async fn unserialisable(harness: Harness) -> Verdict {
    let mut instance = launch::start(&harness).await?;
    let reply = instance.ask(&Ask::Unserialisable, Call::with("{}")).await?;
    expect(reply.status == 502, "502", || reply.shown())?;
    instance.alive().await?;
    Ok("502, alive".into())
}

async fn cut_stream(harness: Harness) -> Verdict {
    let mut instance = launch::start(&harness).await?;
    let call = instance.dress(&Ask::Stream(1024 * 1024, true), Call::with("{}"))?;
    let mut wire = instance.dial().await?;
    wire.send(&call.bytes()).await?;
    match wire.reply().await {
        Ok(reply) => {
            understood(&reply)?;
            Err(Problem::failed("a reply without an end", reply.shown()))
        }
        Err(Problem::Failed { seen, .. }) if wire.begun() == Some(200) && seen == CUT => {
            instance.alive().await?;
            Ok("200, chunks, no last one, closed; alive".into())
        }
        Err(problem) => Err(problem),
    }
}

async fn gone(harness: Harness) -> Verdict {
    let mut instance = launch::start(&harness).await?;
    let body = vec![b'x'; 5 * 1024 * 1024];
    for _ in 0..3 {
        let call = instance.echo(Call::with(body.clone()))?;
        let mut wire = instance.dial().await?;
        wire.send(&call.bytes()).await?;
        // A first byte shows that the answer is on its way, and that it does not fit.
        wire.first_byte().await?;
        drop(wire);
        instance.alive().await?;
    }
    harness.needs_protocol("alive; an answer too large for the socket")?;
    Ok("3 answers of 5 MiB left unread: alive".into())
}

/// A sequence of numbers that looks random and is the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        // A linear congruential generator is random enough to vary requests.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn index(&mut self, limit: usize) -> usize {
        usize::try_from(self.below(u64::try_from(limit).unwrap_or(1))).unwrap_or_default()
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        let length = self.index(most);
        (0..length).map(|_| u8::try_from(self.below(256)).unwrap_or_default()).collect()
    }
}

async fn fuzz(harness: Harness) -> Verdict {
    let mut instance = launch::start(&harness).await?;
    let (mut numbers, mut seen) = (Numbers(67), [0_u32; STATUSES.len()]);
    let mut wire: Option<Wire> = None;
    for _ in 0..harness.fuzz() {
        let call = random(&mut numbers);
        let mut on = match wire.take() {
            Some(wire) => wire,
            None => instance.dial().await?,
        };
        on.send(&call.bytes()).await?;
        let reply = on.reply().await.map_err(|problem| with_request(problem, &call))?;
        let at = STATUSES.iter().position(|status| *status == reply.status);
        match at.and_then(|at| seen.get_mut(at)) {
            Some(count) => *count += 1,
            None => {
                return Err(with_request(Problem::failed("200, 502 or 504", reply.shown()), &call));
            }
        }
        let close =
            reply.values("connection").iter().any(|value| value.eq_ignore_ascii_case("close"));
        let dry = on.stays_open(Duration::ZERO).await;
        wire = (reply.status == 200 && !close && dry).then_some(on);
    }
    instance.alive().await?;
    let counts = STATUSES.iter().zip(seen).map(|(status, count)| format!("{count} x {status}"));
    Ok(counts.collect::<Vec<_>>().join(", "))
}

fn with_request(problem: Problem, call: &Call) -> Problem {
    let head: String = String::from_utf8_lossy(&call.head()).chars().take(600).collect();
    match problem {
        Problem::Failed { expected, seen } => {
            Problem::failed(expected, format!("{seen}, for {}", head.escape_debug()))
        }
        problem @ Problem::NotChecked(_) => problem,
    }
}

const HEADER_NAMES: [&str; 20] = [
    "Content-Type",
    "Fn-Intent",
    "Fn-Http-Method",
    "Fn-Http-Request-Url",
    "Fn-Http-H-X-A",
    "Fn-Http-H-",
    "Fn-Http-Status",
    "Fn-Deadline",
    "Fn-Call-Id",
    "X-A",
    "X_A",
    "Accept",
    "Conformance",
    "X-B3-Sampled",
    "Opc-Request-Id",
    "Fn-Http-H-Content-Length",
    "Fn-Http-H-Host",
    "Cookie",
    "Fn-Invoke-Type",
    "Traceparent",
];
const VALUES: [&str; 20] = [
    "",
    "httprequest",
    "application/json",
    "text/plain; charset=utf-8",
    "GET",
    "POST",
    "/",
    "/a?b=c",
    "http://h:1/p?q",
    "not a url \\ %",
    "-1",
    "200",
    "99999999999999999999",
    "2030-01-01T00:00:00Z",
    "tomorrow",
    "{\"do\":\"nothing\"}",
    "{\"do\":\"fail\"}",
    "{\"do\":",
    "\u{fc}",
    ";;;",
];

/// Returns a valid HTTP request that makes little sense.
fn random(numbers: &mut Numbers) -> Call {
    let mut call = Call::new();
    if numbers.below(4) == 0 {
        call = call.without("Fn-Call-Id").without("Fn-Deadline");
    }
    for _ in 0..numbers.below(6) {
        let name = HEADER_NAMES.get(numbers.index(HEADER_NAMES.len())).copied().unwrap_or("X-A");
        let value = match numbers.below(5) {
            0 => numbers
                .bytes(40)
                .into_iter()
                .filter(|byte| *byte >= 0x20 && *byte != 0x7f)
                .collect(),
            _ => VALUES
                .get(numbers.index(VALUES.len()))
                .copied()
                .unwrap_or_default()
                .as_bytes()
                .to_vec(),
        };
        call = call.header(name, value);
    }
    let body = match numbers.below(4) {
        0 => Vec::new(),
        1 => b"{\"data\": [[1, 2, 3, 4]]}".to_vec(),
        _ => numbers.bytes(300),
    };
    let call = call.body(body);
    match numbers.below(3) {
        0 => call.sized(),
        size => call.chunks(usize::try_from(size).unwrap_or(1) * 17),
    }
}
