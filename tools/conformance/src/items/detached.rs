//! Detached calls: their caller does not wait, so only the platform sees the reply.

use std::time::Duration;

use emulator::clock;

use super::deadlines::instant;
use crate::ask::Ask;
use crate::call::Call;
use crate::harness::Harness;
use crate::item::Item;
use crate::launch::{self, Launch};
use crate::verdict::{Problem, Verdict, expect};

pub(super) const ITEMS: &[Item] = &[
    Item::should(101, "FN_TYPE unset or async: it serves", |harness| Box::pin(types(harness))),
    Item::must(102, "a detached call is answered as a direct one", |harness| {
        Box::pin(answered(harness))
    }),
    Item::should(103, "a detached call that fails: 502, alive", |harness| {
        Box::pin(failed(harness))
    }),
    Item::should(104, "a detached call has its hour", |harness| Box::pin(hour(harness))),
];

/// The longest that a detached call may be given.
const HOUR: Duration = Duration::from_secs(3600);

fn detached(body: &str) -> Call {
    Call::with(body).header("Fn-Invoke-Type", "detached")
}

async fn types(harness: Harness) -> Verdict {
    let unset = Launch::new(&harness).await?.unset("FN_TYPE").start().await?;
    unset.served(Call::with("{}")).await.map_err(|problem| problem.when("without FN_TYPE"))?;
    let other = Launch::new(&harness).await?.set("FN_TYPE", "async").start().await?;
    other.served(detached("{}")).await.map_err(|problem| problem.when("with FN_TYPE=async"))?;
    Ok("serves in both".into())
}

async fn answered(harness: Harness) -> Verdict {
    let reply = launch::start(&harness).await?.served(detached("{}")).await?;
    let prefixed = reply.headers.iter().find(|(name, _)| name.starts_with("fn-http-"));
    expect(prefixed.is_none(), "no header Fn-Http-*", || reply.shown())?;
    harness.needs_protocol(&format!("it answered {}; whether that is 200", reply.status))?;
    Ok(format!("{}, direct", reply.status))
}

async fn failed(harness: Harness) -> Verdict {
    let mut instance = launch::start(&harness).await?;
    let reply = instance.ask(&Ask::Fail, detached("{}")).await?;
    expect(reply.status == 502, "502", || reply.shown())?;
    instance.alive().await?;
    Ok("502, alive".into())
}

async fn hour(harness: Harness) -> Verdict {
    let instance = launch::start(&harness).await?;
    let until = clock::now() + HOUR;
    let call = || detached("{}").deadline(&clock::rfc3339(until));
    instance.served(call()).await?;
    if harness.predictor().is_some() {
        return Err(Problem::not_checked("it is served; the predictor shows no deadline"));
    }
    harness.needs_protocol("it is served; the time that the handler has")?;
    let (expected, seen) =
        (clock::since_epoch(until).as_secs_f64(), instant(&instance.context(call()).await?)?);
    // The header has whole seconds, and the lost fraction may have been added again.
    let whole = (expected.floor()..expected.floor() + 1.0).contains(&seen);
    expect(whole, format!("a deadline at {expected:.0}"), || format!("{seen:.3}"))?;
    Ok("served, with the whole hour".into())
}
