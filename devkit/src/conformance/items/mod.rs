//! The hundred items of the container contract's checklist, section by section.
//!
//! Source: Fn container contract, conformance checklist.

mod connections;
mod deadlines;
mod end_to_end;
mod failures;
mod gateway;
mod identity;
mod logging;
mod refusals;
mod requests;
mod responses;
mod sandbox;
mod sizes;
mod start;
mod stop;
mod tracing;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::kit::Kit;
use super::verdict::Verdict;

/// The check of an item: it starts the program itself, as often as it needs to.
type Check = fn(Kit) -> Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// One item of the checklist.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    /// Its number in the checklist, 1 to 100.
    pub(super) number: u8,
    /// What must hold, in a few words.
    pub(super) name: &'static str,
    /// How long its check may take.
    pub(super) limit: Duration,
    /// Whether it measures time, and so runs while nothing else does.
    pub(super) alone: bool,
    pub(super) check: Check,
}

impl Item {
    const fn new(number: u8, name: &'static str, check: Check) -> Self {
        Self { number, name, limit: Duration::from_secs(60), alone: false, check }
    }

    const fn alone(self) -> Self {
        Self { alone: true, ..self }
    }

    const fn within(self, seconds: u64) -> Self {
        Self { limit: Duration::from_secs(seconds), ..self }
    }
}

/// All items by number, each with the name of its section.
pub(super) fn all() -> Vec<(&'static str, Item)> {
    let sections: [(&str, &[Item]); 15] = [
        ("start-up", start::ITEMS),
        ("start-up", sandbox::ITEMS),
        ("start-up", stop::ITEMS),
        ("requests", requests::ITEMS),
        ("requests", connections::ITEMS),
        ("gateway requests", gateway::ITEMS),
        ("responses", responses::ITEMS),
        ("responses", refusals::ITEMS),
        ("responses", failures::ITEMS),
        ("responses", sizes::ITEMS),
        ("deadlines", deadlines::ITEMS),
        ("logging and tracing", logging::ITEMS),
        ("logging and tracing", tracing::ITEMS),
        ("config and identity", identity::ITEMS),
        ("end to end", end_to_end::ITEMS),
    ];
    let each = |(section, items): (&'static str, &'static [Item])| {
        items.iter().map(move |item| (section, *item))
    };
    let mut all: Vec<_> = sections.into_iter().flat_map(each).collect();
    all.sort_by_key(|(_, item)| item.number);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checklist_has_a_hundred_items() {
        let numbers: Vec<u8> = all().iter().map(|(_, item)| item.number).collect();
        assert_eq!(numbers, (1..=100).collect::<Vec<u8>>());
    }
}
