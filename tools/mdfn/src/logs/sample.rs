//! The calls that are drawn: all of a small log, some of a large one.

use super::call::{Call, Class};

/// How many calls are kept at most: with an error, the first of a process, the slowest, and others.
/// A mark takes about 100 bytes of the page.
const MAX_ERRORS: usize = 2000;
const MAX_FIRST: usize = 200;
const MAX_SLOWEST: usize = 500;
const MAX_OTHERS: usize = 1500;
/// The most of a label, in characters.
const MAX_LABEL_CHARACTERS: usize = 128;

/// A call as a mark on the timeline.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    /// Which call of the log it is, from 1.
    pub(super) order: u64,
    /// In milliseconds since 1970.
    pub(super) time: Option<u64>,
    /// In milliseconds.
    pub(super) total: f64,
    pub(super) class: Class,
    pub(super) first: bool,
    /// What a person searches for: status, code and id, of an error alone.
    pub(super) label: String,
}

/// A bounded choice of the calls of a log.
#[derive(Debug)]
pub(super) struct Sample {
    calls: u64,
    /// The earliest and the latest time, and how many calls have one.
    times: Option<(u64, u64)>,
    timed: u64,
    errors: Thinned,
    first: Thinned,
    rest: Thinned,
    /// The slowest first.
    slowest: Vec<Mark>,
}

/// Every call of a kind; where there are too many, every second, fourth, eighth and so on.
#[derive(Debug)]
struct Thinned {
    most: usize,
    step: usize,
    seen: usize,
    kept: Vec<Mark>,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            calls: 0,
            times: None,
            timed: 0,
            errors: Thinned::new(MAX_ERRORS),
            first: Thinned::new(MAX_FIRST),
            rest: Thinned::new(MAX_OTHERS),
            slowest: Vec::new(),
        }
    }
}

impl Sample {
    pub(super) fn add(&mut self, call: &Call) {
        self.calls += 1;
        if let Some(time) = call.time {
            let (earliest, latest) = self.times.unwrap_or((time, time));
            self.times = Some((earliest.min(time), latest.max(time)));
            self.timed += 1;
        }
        let class = call.class();
        let error = class != Class::Success;
        let label = if error {
            let label = format!("{} {} {}", call.status, call.code, call.id);
            label.chars().take(MAX_LABEL_CHARACTERS).collect()
        } else {
            String::new()
        };
        let mark = Mark {
            order: self.calls,
            time: call.time,
            total: call.total,
            class,
            first: call.first,
            label,
        };
        let at = self.slowest.partition_point(|slow| slow.total >= mark.total);
        if at < MAX_SLOWEST {
            self.slowest.insert(at, mark.clone());
            self.slowest.truncate(MAX_SLOWEST);
        }
        let kind = match (error, mark.first) {
            (true, _) => &mut self.errors,
            (false, true) => &mut self.first,
            (false, false) => &mut self.rest,
        };
        kind.add(mark);
    }

    pub(super) fn calls(&self) -> u64 {
        self.calls
    }

    /// Returns the earliest and the latest time, if every call has one.
    pub(super) fn times(&self) -> Option<(u64, u64)> {
        self.times.filter(|_| self.timed == self.calls)
    }

    /// Returns each call of the choice once, what matters most at the end, where it is drawn above
    /// the others.
    pub(super) fn marks(&self) -> Vec<&Mark> {
        let kinds = [&self.errors.kept, &self.first.kept, &self.rest.kept, &self.slowest];
        let mut marks: Vec<&Mark> = kinds.into_iter().flatten().collect();
        marks.sort_by_key(|mark| (mark.class, mark.order));
        marks.dedup_by_key(|mark| mark.order);
        marks
    }

    /// Returns which calls are in the choice.
    pub(super) fn rule(&self) -> String {
        let [errors, first, rest] = [
            (&self.errors, "error", "errors"),
            (&self.first, "cold start", "cold starts"),
            (&self.rest, "other call", "other calls"),
        ]
        .map(|(kind, one, many)| match kind.step {
            1 => format!("all {many}"),
            2 => format!("every second {one}"),
            step => format!("every {step}th {one}"),
        });
        format!("{errors}, {first}, the {MAX_SLOWEST} slowest and {rest}")
    }
}

impl Thinned {
    fn new(most: usize) -> Self {
        Self { most, step: 1, seen: 0, kept: Vec::new() }
    }

    fn add(&mut self, mark: Mark) {
        let at = self.seen;
        self.seen += 1;
        if !at.is_multiple_of(self.step) {
            return;
        }
        if self.kept.len() == self.most {
            let mut odd = true;
            self.kept.retain(|_| {
                odd = !odd;
                !odd
            });
            self.step *= 2;
        }
        if at.is_multiple_of(self.step) {
            self.kept.push(mark);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::line::Line;

    fn sample(lines: impl Iterator<Item = String>) -> Sample {
        let mut sample = Sample::default();
        for line in lines {
            sample.add(&Call::from_line(&Line::parse(&line).unwrap()).unwrap());
        }
        sample
    }

    #[test]
    fn of_a_small_log_every_call_is_drawn_once() {
        let sample = sample((1..=400).map(|call| {
            let status = if call % 100 == 0 { 504 } else { 200 };
            format!("call={call} status={status} ms={call} start=cold")
        }));
        let orders: Vec<u64> = sample.marks().iter().map(|mark| mark.order).collect();
        assert_eq!(orders.len(), 400);
        assert_eq!(orders[396..], [100, 200, 300, 400]);
        assert_eq!(sample.times(), None);
    }

    #[test]
    fn of_a_large_log_the_errors_and_the_slowest_are_drawn_and_the_choice_is_bounded() {
        let sample = sample((1..=200_000).map(|call| {
            let status = if call % 1000 == 0 { 504 } else { 200 };
            let ms = if call == 77_777 { 9999 } else { call % 50 };
            format!("call={call} status={status} ms={ms}")
        }));
        let marks = sample.marks();
        let errors = marks.iter().filter(|mark| mark.class == Class::Server).count();
        assert_eq!(errors, 200);
        assert!(marks.iter().any(|mark| mark.order == 77_777), "the slowest is not there");
        assert!(marks.len() <= MAX_ERRORS + MAX_SLOWEST + MAX_OTHERS, "{}", marks.len());
        assert!(marks.len() > MAX_OTHERS / 2, "{}", marks.len());
        // Of every part of the log about the same.
        let early = marks.iter().filter(|mark| mark.order <= 100_000).count();
        assert!(early * 3 > marks.len(), "{early} of {}", marks.len());
        let rule = "all errors, all cold starts, the 500 slowest and every 256th other call";
        assert_eq!(sample.rule(), rule);
    }

    #[test]
    fn nothing_but_errors_is_bounded_too() {
        let sample = sample((1..=10_000).map(|call| format!("call={call} status=504 ms={call}")));
        assert!(sample.marks().len() <= MAX_ERRORS + MAX_SLOWEST);
        assert!(sample.rule().starts_with("every 8th error"), "{}", sample.rule());
    }
}
