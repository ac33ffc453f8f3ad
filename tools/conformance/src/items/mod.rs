//! The hundred items of the container contract's checklist, section by section.
//!
//! Source: docs/spec/fn-container-contract.md#checklist.

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

use crate::kit::Kit;
use crate::verdict::Verdict;

/// The check of an item: it starts the program itself, as often as it needs to.
type Check = fn(Kit) -> Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// How much an item matters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Level {
    /// Without it the platform fails calls, or mangles what they carry.
    Must,
    /// A convention, or strength against what the platform does not do itself.
    Should,
}

impl Level {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
        }
    }
}

/// One item of the checklist.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    /// Its number in the checklist, 1 to 100.
    pub(super) number: u8,
    /// What becomes of a function that does not hold it.
    pub(super) level: Level,
    /// What is to hold, in a few words.
    pub(super) name: &'static str,
    /// How long its check may take of a program that starts at once.
    pub(super) limit: Duration,
    /// Whether it measures time, and so runs while nothing else does.
    pub(super) alone: bool,
    pub(super) check: Check,
}

impl Item {
    const fn must(number: u8, name: &'static str, check: Check) -> Self {
        Self::new(Level::Must, number, name, check)
    }

    const fn should(number: u8, name: &'static str, check: Check) -> Self {
        Self::new(Level::Should, number, name, check)
    }

    const fn new(level: Level, number: u8, name: &'static str, check: Check) -> Self {
        Self { number, level, name, limit: Duration::from_secs(60), alone: false, check }
    }

    /// Where the repository says what is to hold.
    pub(super) fn rule(&self) -> String {
        format!("docs/spec/fn-container-contract.md#item-{}", self.number)
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
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_checklist_has_a_hundred_items() {
        let numbers: Vec<u8> = all().iter().map(|(_, item)| item.number).collect();
        assert_eq!(numbers, (1..=100).collect::<Vec<u8>>());
    }

    #[test]
    fn the_rule_of_every_item_can_be_read() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for (_, item) in all() {
            let rule = item.rule();
            let (page, anchor) = rule.split_once('#').unwrap();
            let text = fs::read_to_string(root.join(page)).unwrap();
            assert!(
                text.contains(&format!("\n{}. <a id=\"{anchor}\"></a>", item.number)),
                "{rule}"
            );
        }
    }

    #[test]
    fn a_must_is_what_the_platform_fails_calls_without() {
        let musts = all().into_iter().filter(|(_, item)| item.level == Level::Must);
        let numbers: Vec<u8> = musts.map(|(_, item)| item.number).collect();
        // 54 is none: versions are optional, and the status is what 67 looks at.
        let expected = [
            &[7, 8, 9, 10, 14, 15, 17, 18, 19, 20, 21, 22, 23, 25, 26, 35, 37, 38, 40, 44, 46][..],
            &[56, 58, 65, 67, 69, 70, 72, 87, 96, 97, 98, 99, 100],
        ];
        assert_eq!(numbers, expected.concat());
    }
}
