//! Runs items: several at a time, except those that measure time, each within its own limit and all
//! within theirs.

use std::collections::HashMap;
use std::pin::{Pin, pin};
use std::time::Duration;

use tokio::select;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use crate::harness::Harness;
use crate::item::Item;
use crate::verdict::{Problem, Verdict};

/// How long a whole run of a program that starts at once may take.
const RUN: Duration = Duration::from_secs(900);

/// An item, its section, and its outcome.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    pub(super) section: &'static str,
    pub(super) item: Item,
    pub(super) verdict: Verdict,
}

/// Checks these items, `jobs` at a time; by number. None if `stop` is ready first: then nothing
/// that was started is left.
pub(super) async fn run(
    harness: &Harness,
    items: Vec<(&'static str, Item)>,
    jobs: usize,
    stop: impl Future<Output = ()>,
) -> Option<Vec<Checked>> {
    let (alone, together) = items.into_iter().partition(|(_, item)| item.alone);
    let mut run = Run { harness, until: Instant::now() + harness.limit(RUN), stop: pin!(stop) };
    let mut checked = run.several(together, jobs).await?;
    checked.extend(run.several(alone, 1).await?);
    checked.sort_by_key(|checked| checked.item.number);
    Some(checked)
}

struct Run<'a, S> {
    harness: &'a Harness,
    until: Instant,
    stop: Pin<&'a mut S>,
}

impl<S: Future<Output = ()>> Run<'_, S> {
    async fn several(
        &mut self,
        items: Vec<(&'static str, Item)>,
        jobs: usize,
    ) -> Option<Vec<Checked>> {
        let (mut waiting, mut running, mut checked) =
            (items.into_iter(), JoinSet::new(), Vec::new());
        let mut by_task = HashMap::new();
        loop {
            while running.len() < jobs.max(1)
                && let Some((section, item)) = waiting.next()
            {
                let task = running.spawn(check(self.harness.clone(), item, self.until));
                by_task.insert(task.id(), (section, item));
            }
            let ended = select! {
                ended = running.join_next_with_id() => ended,
                () = &mut self.stop => {
                    running.shutdown().await;
                    return None;
                }
            };
            let (task, verdict) = match ended {
                Some(Ok(ended)) => ended,
                Some(Err(error)) => (error.id(), Err(Problem::failed("an outcome", error))),
                None => return Some(checked),
            };
            if let Some((section, item)) = by_task.remove(&task) {
                checked.push(Checked { section, item, verdict });
            }
        }
    }
}

/// Runs one item in a task of its own. At its limit the task and its programs are ended.
async fn check(harness: Harness, item: Item, until: Instant) -> Verdict {
    let (limit, run) = (harness.limit(item.limit), harness.limit(RUN));
    let check = timeout(limit, (item.check)(harness));
    match timeout_at(until, check).await {
        Ok(Ok(verdict)) => verdict,
        Ok(Err(_elapsed)) => Err(late(limit)),
        Err(_elapsed) => Err(late(run)),
    }
}

fn late(limit: Duration) -> Problem {
    Problem::failed(format!("an outcome within {} s", limit.as_secs()), "none")
}
