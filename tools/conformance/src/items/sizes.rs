//! Responses: large ones.

use std::fs;

use crate::ask::Ask;
use crate::call::Call;
use crate::harness::Harness;
use crate::instance::Instance;
use crate::item::Item;
use crate::launch;
use crate::verdict::{Problem, Verdict, expect};
use crate::wire::Framing;

pub(super) const ITEMS: &[Item] = &[
    Item::should(73, "a stream of 50 MB in bounded memory", |harness| Box::pin(stream(harness))),
    Item::should(76, "a body over 6 MB: 502 before any byte", |harness| Box::pin(over(harness))),
];

const STREAM_BYTES: usize = 50_000_000;
/// How much more memory than before a stream may take, in KB.
const MAX_GROWTH_KB: u64 = 16 * 1024;
const MAX_BODY_BYTES: usize = 6 * 1024 * 1024;

async fn stream(harness: Harness) -> Verdict {
    let mut instance = launch::start(&harness).await?;
    instance.served(Call::with("{}")).await?;
    let before = peak(&instance)?;
    let reply = instance.ask(&Ask::Stream(STREAM_BYTES, false), Call::with("{}")).await?;
    expect(reply.status == 200, "200", || reply.shown())?;
    expect(reply.framing == Framing::Chunked, "chunks", || format!("{:?}", reply.framing))?;
    let length = reply.body.len();
    expect(length == STREAM_BYTES, format!("{STREAM_BYTES} bytes"), || format!("{length}"))?;
    let grown = peak(&instance)?.saturating_sub(before);
    expect(grown < MAX_GROWTH_KB, "less than 16 MiB of memory for it", || {
        format!("{} MiB", grown / 1024)
    })?;
    instance.alive().await?;
    Ok(format!("{STREAM_BYTES} bytes in chunks, {grown} KB of memory"))
}

/// Returns the most memory that the process has had, in KB.
fn peak(instance: &Instance) -> Result<u64, Problem> {
    let id = instance.process.id().unwrap_or_default();
    let status = fs::read_to_string(format!("/proc/{id}/status"));
    let status = status.map_err(Problem::machine("a look at a process"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| Problem::not_checked("this machine does not show a process's memory"))
}

async fn over(harness: Harness) -> Verdict {
    let mut instance = launch::start(&harness).await?;
    let reply = instance.ask(&Ask::Large(MAX_BODY_BYTES), Call::with("{}")).await?;
    let whole = reply.status == 200 && reply.body.len() == MAX_BODY_BYTES;
    expect(whole, "200 with 6 MiB", || format!("{} with {}", reply.status, reply.body.len()))?;
    let reply = instance.ask(&Ask::Large(MAX_BODY_BYTES + 1), Call::with("{}")).await?;
    expect(reply.status == 502, "502 for one byte more", || {
        format!("{} with {} bytes", reply.status, reply.body.len())
    })?;
    instance.alive().await?;
    Ok("6 MiB pass, one byte more is 502, alive".into())
}
