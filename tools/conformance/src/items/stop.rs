//! The end that an operator asks for.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::ask::Ask;
use crate::call::Call;
use crate::harness::{Harness, Subject};
use crate::instance::Instance;
use crate::item::Item;
use crate::launch;
use crate::verdict::{Problem, Verdict, expect};

pub(super) const ITEMS: &[Item] =
    &[Item::should(16, "SIGTERM and SIGINT end it in order", |harness| Box::pin(stop(harness)))];

/// How long the call in hand takes.
const CALL: Duration = Duration::from_millis(700);
/// How long an end may take.
const END: Duration = Duration::from_secs(10);

async fn stop(harness: Harness) -> Verdict {
    for (signal, name) in [(Signal::TERM, "SIGTERM"), (Signal::INT, "SIGINT")] {
        stop_by(&harness, signal).await.map_err(|problem| problem.when(format!("at {name}")))?;
    }
    Ok("the call in hand is answered, both files are gone, exit code 0".into())
}

async fn stop_by(harness: &Harness, signal: Signal) -> Result<(), Problem> {
    let mut instance = launch::start(harness).await?;
    instance.served(Call::with("{}")).await?;
    if matches!(harness.subject(), Subject::Plain) {
        send(&instance, signal)?;
    } else {
        let mut wire = instance.dial().await?;
        let milliseconds = u64::try_from(CALL.as_millis()).unwrap_or_default();
        let call = instance.dress(&Ask::Sleep(milliseconds), Call::new())?;
        wire.send(&call.bytes()).await?;
        tokio::time::sleep(CALL / 3).await;
        send(&instance, signal)?;
        let reply = wire.reply().await?;
        expect(reply.status == 200, "the call in hand is answered 200", || reply.shown())?;
        drop(wire);
    }
    let status = instance.end(END).await?;
    expect(status.success(), "exit code 0", || status.to_string())?;
    let directory = instance.listener.parent();
    let left = directory.and_then(|directory| std::fs::read_dir(directory).ok());
    let left: Vec<String> = left
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    expect(left.is_empty(), "no file is left", || left.join(", "))
}

fn send(instance: &Instance, signal: Signal) -> Result<(), Problem> {
    let pid = instance.process.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let sent = pid.is_some_and(|pid| kill_process(pid, signal).is_ok());
    expect(sent, "a process that runs", || "it ended".into())
}
