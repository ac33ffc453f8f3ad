//! An item of the checklist.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::harness::Harness;
use crate::verdict::Verdict;

/// The check of an item: it starts the program itself, as often as it needs to.
type Check = fn(Harness) -> Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// How much an item matters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Level {
    /// Without it the platform fails calls, or mangles what they carry.
    Must,
    /// A convention, or strength against what the platform does not do itself.
    Should,
}

impl Level {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
        }
    }
}

/// One item of the checklist.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    /// Its number in the checklist, 1 to 104.
    pub(crate) number: u8,
    /// What happens to a function that fails it.
    pub(crate) level: Level,
    /// The requirement, in a few words.
    pub(crate) name: &'static str,
    /// How long its check may take of a program that starts at once.
    pub(crate) limit: Duration,
    /// Whether it measures time, and so runs while nothing else does.
    pub(crate) alone: bool,
    pub(crate) check: Check,
}

impl Item {
    pub(crate) const fn must(number: u8, name: &'static str, check: Check) -> Self {
        Self::new(Level::Must, number, name, check)
    }

    pub(crate) const fn should(number: u8, name: &'static str, check: Check) -> Self {
        Self::new(Level::Should, number, name, check)
    }

    const fn new(level: Level, number: u8, name: &'static str, check: Check) -> Self {
        Self { number, level, name, limit: Duration::from_secs(60), alone: false, check }
    }

    /// Returns the place of the rule in the repository.
    pub(crate) fn rule(&self) -> String {
        format!("docs/spec/fn-container-contract.md#item-{}", self.number)
    }

    pub(crate) const fn alone(self) -> Self {
        Self { alone: true, ..self }
    }

    pub(crate) const fn within(self, seconds: u64) -> Self {
        Self { limit: Duration::from_secs(seconds), ..self }
    }
}
