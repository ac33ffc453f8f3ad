//! The outcome of one item.

use std::fmt::Display;

/// The outcome: the evidence of an item that holds, or the problem.
pub(super) type Verdict = Result<String, Problem>;

/// An item that does not hold, or that could not be checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Problem {
    /// The program does not do what the contract says.
    Failed {
        /// What the contract says.
        expected: String,
        /// What the program did.
        seen: String,
    },
    /// It does not apply to this program, or not on this machine; why.
    NotChecked(String),
}

impl Problem {
    pub(super) fn failed(expected: impl Display, seen: impl Display) -> Self {
        Self::Failed { expected: expected.to_string(), seen: seen.to_string() }
    }

    pub(super) fn not_checked(reason: impl Display) -> Self {
        Self::NotChecked(reason.to_string())
    }

    /// Adds the case to the problem of one among several cases.
    pub(super) fn when(self, case: impl Display) -> Self {
        match self {
            Self::Failed { expected, seen } => Self::failed(format!("{case}: {expected}"), seen),
            not_checked @ Self::NotChecked(_) => not_checked,
        }
    }

    /// Returns the problem that this machine does not allow a check.
    pub(super) fn machine(what: &str) -> impl FnOnce(std::io::Error) -> Self {
        move |error| Self::NotChecked(format!("this machine does not allow {what}: {error}"))
    }
}

/// Checks a condition of an item; `seen` says what was there instead.
pub(super) fn expect(
    holds: bool,
    expected: impl Display,
    seen: impl FnOnce() -> String,
) -> Result<(), Problem> {
    if holds { Ok(()) } else { Err(Problem::failed(expected, seen())) }
}

/// Returns two values that must be equal.
pub(super) fn equal<T: PartialEq + std::fmt::Debug>(
    what: &str,
    expected: &T,
    seen: &T,
) -> Result<(), Problem> {
    expect(expected == seen, format!("{what} {expected:?}"), || format!("{seen:?}"))
}
