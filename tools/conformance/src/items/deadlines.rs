//! Deadlines.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, FixedOffset, SecondsFormat};
use emulator::clock;
use tokio::time::sleep;

use crate::ask::Ask;
use crate::call::Call;
use crate::context::Context;
use crate::harness::Harness;
use crate::instance::Instance;
use crate::item::Item;
use crate::launch;
use crate::verdict::{Problem, Verdict, expect};

pub(super) const ITEMS: &[Item] = &[
    Item::should(77, "any offset and fraction is the right instant", |harness| {
        Box::pin(forms(harness))
    })
    .alone(),
    Item::should(78, "an invalid deadline: served", |harness| Box::pin(garbage(harness))),
    Item::should(79, "beyond the deadline: 504 in time, alive", |harness| {
        Box::pin(beyond(harness))
    })
    .alone(),
    Item::should(80, "the cut fraction is not lost", |harness| Box::pin(fraction(harness))).alone(),
    Item::should(81, "a deadline in an hour: served", |harness| Box::pin(far(harness))),
];

/// How long a handler works that must not end in time, in milliseconds.
const LONG: u64 = 20_000;

fn written(time: SystemTime, offset: i32, format: SecondsFormat) -> String {
    let offset =
        FixedOffset::east_opt(offset).unwrap_or(FixedOffset::east_opt(0).expect("0 is an offset"));
    DateTime::<chrono::Utc>::from(time).with_timezone(&offset).to_rfc3339_opts(format, true)
}

/// Returns the time that a handler saw, in seconds since 1970.
pub(super) fn instant(context: &Context) -> Result<f64, Problem> {
    let seen = context.value("deadline")?;
    let text = seen.as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    let micros = text.and_then(|time| i32::try_from(time.timestamp_subsec_micros()).ok());
    let whole = text.and_then(|time| i32::try_from(time.timestamp()).ok());
    let parsed =
        whole.zip(micros).map(|(whole, micros)| f64::from(whole) + f64::from(micros) / 1e6);
    parsed.or(seen.as_f64()).ok_or_else(|| Problem::failed("a deadline", seen))
}

/// Waits until the wall clock is at this part of a second, in milliseconds.
async fn phase(wanted: u32) {
    let now = clock::since_epoch(clock::now()).subsec_millis();
    sleep(Duration::from_millis(u64::from((wanted + 1000 - now) % 1000))).await;
}

async fn forms(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    let forms = [
        (0, SecondsFormat::Secs),
        (19_800, SecondsFormat::Secs),
        (-28_800, SecondsFormat::Secs),
        (0, SecondsFormat::Millis),
    ];
    for (offset, format) in forms {
        if harness.predictor().is_some() {
            // It does not show the deadline, but it answers 504 at it, in the right time zone.
            phase(500).await;
            let text = written(clock::now() + Duration::from_millis(1500), offset, format);
            let begin = tokio::time::Instant::now();
            let reply = instance.ask(&Ask::Sleep(LONG), Call::with("{}").deadline(&text)).await?;
            let took = begin.elapsed().as_secs_f64();
            let in_time = reply.status == 504 && (0.9..2.6).contains(&took);
            expect(in_time, format!("504 at {text}"), || {
                format!("{} after {took:.1} s", reply.status)
            })?;
            continue;
        }
        let time = clock::now() + Duration::from_secs(100);
        let text = written(time, offset, format);
        let context = instance.context(Call::new().deadline(&text)).await?;
        let (expected, seen) = (clock::since_epoch(time).as_secs_f64(), instant(&context)?);
        let tolerance =
            if format == SecondsFormat::Secs { expected.fract() + 0.001 } else { 0.002 };
        let right = (expected - seen).abs() <= tolerance;
        expect(right, format!("{text} is {expected:.3}"), || format!("{seen:.3}"))?;
    }
    Ok("Z, +05:30, -08:00 and a fraction".into())
}

async fn garbage(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    for text in ["", "tomorrow", "2026-24-11T00:00:00Z", "99999999999999999999"] {
        let call = || Call::with("{}").deadline(text);
        instance
            .served(call())
            .await
            .map_err(|problem| problem.when(format!("with the deadline {text:?}")))?;
        if harness.predictor().is_none() {
            harness.needs_protocol("it is served; what the handler sees")?;
            instance.context(call()).await?.expect("deadline", serde_json::Value::Null)?;
        }
    }
    Ok("4 texts: served, no deadline".into())
}

async fn beyond(harness: Harness) -> Verdict {
    let mut instance = launch::start(&harness).await?;
    instance.served(Call::with("{}")).await?;
    let mut late = 0;
    loop {
        let (took, earliest, latest) = refused_after(&mut instance).await?;
        // A busy machine may make one late: what always is late fails.
        if took > latest && late < 2 {
            late += 1;
            continue;
        }
        let in_time = (earliest - 0.01..=latest).contains(&took);
        expect(in_time, format!("504 within {earliest:.2} to {latest:.2} s"), || {
            format!("after {took:.2} s")
        })?;
        instance.alive().await?;
        return Ok(format!("504 after {took:.2} s of {earliest:.2} to {latest:.2}, alive"));
    }
}

/// After how many seconds a call is answered 504, and between which two it has to be.
async fn refused_after(instance: &mut Instance) -> Result<(f64, f64, f64), Problem> {
    let mut wire = instance.dial().await?;
    phase(500).await;
    let arrival = clock::now();
    let limit = arrival + Duration::from_secs(2);
    let header = written(limit, 0, SecondsFormat::Secs);
    let call = instance.dress(&Ask::Sleep(LONG), Call::with("{}").deadline(&header))?;
    wire.send(&call.bytes()).await?;
    let reply = wire.reply_within(Duration::from_secs(4)).await?;
    let took = clock::now().duration_since(arrival).unwrap_or_default().as_secs_f64();
    expect(reply.status == 504, "504", || reply.shown())?;
    let cut = f64::from(clock::since_epoch(arrival).subsec_millis()) / 1000.0;
    Ok((took, 2.0 - cut, 2.0))
}

async fn fraction(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    instance.served(Call::with("{}")).await?;
    let mut wire = instance.dial().await?;
    // It has to be taken before the second ends.
    phase(700).await;
    let header = written(clock::now() + Duration::from_secs(1), 0, SecondsFormat::Secs);
    let reply =
        instance.ask_on(&mut wire, &Ask::Sleep(500), Call::with("{}").deadline(&header)).await?;
    expect(reply.status == 200, "200", || reply.shown())?;
    Ok("0.5 s of work within a second that the header cuts to 300 ms".into())
}

async fn far(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    for far in ["2099-12-31T23:59:59Z", "9999-12-31T23:59:59Z"] {
        instance.served(Call::with("{}").deadline(far)).await?;
    }
    let hour = clock::rfc3339(clock::now() + Duration::from_secs(3600));
    instance.served(Call::with("{}").deadline(&hour)).await?;
    Ok("an hour, and the year 9999: served".into())
}
