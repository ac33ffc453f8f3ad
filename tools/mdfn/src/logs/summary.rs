//! The summary of many lines.

use std::collections::BTreeMap;

use super::call::{Call, Class, PARTS};
use super::line::Line;
use super::sample::Sample;
use super::skipped::Skipped;

/// The whole call, then its parts.
pub(super) const TIMES: usize = 1 + PARTS.len();
pub(super) const PERCENTILES: [(&str, usize); 4] =
    [("p50", 50), ("p90", 90), ("p99", 99), ("max", 100)];
/// The most kinds of outcomes that are told apart: the function has about twenty, a log that
/// somebody made may have any number.
const KINDS: usize = 100;

/// All that is kept of the lines read so far: of each call a few numbers, the slowest calls whole,
/// and a sample.
#[derive(Debug)]
pub(super) struct Summary {
    most: usize,
    pub(super) calls: usize,
    /// Those that were the first of their process.
    pub(super) first: usize,
    /// Those with more than one try.
    pub(super) again: usize,
    /// How many lines are no calls, and the number of the first, by the reason.
    pub(super) skipped: BTreeMap<Skipped, (usize, u64)>,
    outcomes: BTreeMap<(String, String), Outcome>,
    times: [Vec<f64>; TIMES],
    /// The slowest first.
    pub(super) slowest: Vec<Call>,
    pub(super) sample: Sample,
}

/// The calls that ended with the same status and code.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    pub(super) count: usize,
    /// The id of the last one, and why it failed.
    pub(super) last: (String, String),
}

impl Summary {
    /// Creates one that keeps this many of the slowest calls.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            calls: 0,
            first: 0,
            again: 0,
            skipped: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            times: Default::default(),
            slowest: Vec::new(),
            sample: Sample::default(),
        }
    }

    /// Counts the line of this number.
    pub(super) fn add(&mut self, number: u64, line: Result<Line, Skipped>) {
        let call = match line.and_then(|line| Call::from_line(&line)) {
            Ok(call) => call,
            Err(reason) => {
                self.skipped.entry(reason).or_insert((0, number)).0 += 1;
                return;
            }
        };
        self.calls += 1;
        self.first += usize::from(call.first);
        self.again += usize::from(call.again);
        self.count_outcome(&call);
        let [whole, parts @ ..] = &mut self.times;
        whole.push(call.total);
        for (times, time) in parts.iter_mut().zip(call.parts) {
            times.extend(time);
        }
        self.sample.add(&call);
        let at = self.slowest.partition_point(|slow| slow.total >= call.total);
        if at < self.most {
            self.slowest.insert(at, call);
            self.slowest.truncate(self.most);
        }
    }

    fn count_outcome(&mut self, call: &Call) {
        let mut kind = (call.status.clone(), call.code.clone());
        if self.outcomes.len() >= KINDS && !self.outcomes.contains_key(&kind) {
            kind = ("others".to_owned(), String::new());
        }
        let outcome = self.outcomes.entry(kind).or_default();
        outcome.count += 1;
        outcome.last = (call.id.clone(), call.why.clone());
    }

    /// To be called after the last line: orders the times, which percentiles are taken of.
    pub(super) fn sort(&mut self) {
        for times in &mut self.times {
            times.sort_by(f64::total_cmp);
        }
    }

    /// Returns the whole calls, then their parts, each with its name and its times in milliseconds,
    /// sorted.
    pub(super) fn times(&self) -> [(&'static str, &[f64]); TIMES] {
        let mut names = ["total"].into_iter().chain(PARTS);
        self.times.each_ref().map(|times| (names.next().unwrap_or_default(), times.as_slice()))
    }

    /// Status, code and what ended so, the most frequent first.
    pub(super) fn outcomes(&self) -> Vec<(&str, &str, &Outcome)> {
        let outcomes = self.outcomes.iter();
        let mut outcomes: Vec<_> = outcomes
            .map(|((status, code), outcome)| (status.as_str(), code.as_str(), outcome))
            .collect();
        outcomes.sort_by_key(|(.., outcome)| std::cmp::Reverse(outcome.count));
        outcomes
    }

    /// Returns how many calls ended so.
    pub(super) fn count(&self, class: Class) -> usize {
        let outcomes =
            self.outcomes.iter().filter(|((status, _), _)| Class::from_status(status) == class);
        outcomes.map(|(_, outcome)| outcome.count).sum()
    }
}

/// Returns the smallest value that this many hundredths of the sorted values do not exceed.
pub(super) fn percentile(sorted: &[f64], hundredths: usize) -> Option<f64> {
    let rank = (sorted.len() * hundredths).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        for (values, part, expected) in [
            (&hundred[..], 50, Some(50.0)),
            (&hundred, 90, Some(90.0)),
            (&hundred, 99, Some(99.0)),
            (&hundred, 100, Some(100.0)),
            (&hundred[..1], 50, Some(1.0)),
            (&hundred[..2], 50, Some(1.0)),
            (&hundred[..2], 51, Some(2.0)),
            (&hundred[..0], 50, None),
        ] {
            assert_eq!(percentile(values, part), expected, "{part} of {}", values.len());
        }
    }

    #[test]
    fn the_kinds_of_outcomes_are_bounded_and_no_call_is_lost() {
        let mut summary = Summary::new(1);
        for code in 0..3 * KINDS {
            let line = Line::parse(&format!("call={code} status=502 code=C{code} ms=1"));
            summary.add(1, line.ok_or(Skipped::NoForm));
        }
        let outcomes = summary.outcomes();
        assert_eq!(outcomes.len(), KINDS + 1);
        assert_eq!(outcomes.iter().map(|(.., outcome)| outcome.count).sum::<usize>(), 3 * KINDS);
        let (status, code, outcome) = outcomes[0];
        assert_eq!((status, code, outcome.count), ("others", "", 2 * KINDS));
    }
}
