//! Runs items: several at a time, those that measure time alone, each within its limit and all within theirs.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::items::Item;
use super::kit::Kit;
use super::verdict::{Problem, Verdict};

/// How long a whole run may take.
const RUN: Duration = Duration::from_secs(900);

/// An item, its section, and what became of it.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    pub(super) section: &'static str,
    pub(super) item: Item,
    pub(super) verdict: Verdict,
}

/// Checks these items, `jobs` at a time; by number.
pub(super) async fn run(kit: &Kit, items: Vec<(&'static str, Item)>, jobs: usize) -> Vec<Checked> {
    let until = Instant::now() + RUN;
    let (alone, together): (Vec<_>, Vec<_>) = items.into_iter().partition(|(_, item)| item.alone);
    let mut checked = several(kit, together, jobs, until).await;
    checked.extend(several(kit, alone, 1, until).await);
    checked.sort_by_key(|checked| checked.item.number);
    checked
}

async fn several(
    kit: &Kit,
    items: Vec<(&'static str, Item)>,
    jobs: usize,
    until: Instant,
) -> Vec<Checked> {
    let (mut waiting, mut running, mut checked) = (items.into_iter(), JoinSet::new(), Vec::new());
    loop {
        while running.len() < jobs.max(1)
            && let Some((section, item)) = waiting.next()
        {
            let kit = kit.clone();
            running.spawn(async move {
                Checked { section, item, verdict: check(kit, item, until).await }
            });
        }
        match running.join_next().await {
            Some(Ok(one)) => checked.push(one),
            // A check that panics is a defect of the kit; its item is missing and shows it.
            Some(Err(_panicked)) => {}
            None => return checked,
        }
    }
}

/// One item in a task of its own: dropped at its limit, it takes its programs with it.
async fn check(kit: Kit, item: Item, until: Instant) -> Verdict {
    let check = timeout(item.limit, (item.check)(kit));
    match timeout_at(until, check).await {
        Ok(Ok(verdict)) => verdict,
        Ok(Err(_elapsed)) => Err(late(item.limit)),
        Err(_elapsed) => Err(late(RUN)),
    }
}

fn late(limit: Duration) -> Problem {
    Problem::failed(format!("an outcome within {} s", limit.as_secs()), "none")
}
