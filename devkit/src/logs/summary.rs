//! What many lines say together.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::line::Line;
use crate::terminal::printable;

/// The parts of a call's time, as the lines name them.
const PHASES: [(&str, &str); 5] = [
    ("the whole call", "ms"),
    ("check", "check_ms"),
    ("sign", "sign_ms"),
    ("connect", "connect_ms"),
    ("wait", "wait_ms"),
];
const PERCENTILES: [(&str, usize); 4] = [("p50", 50), ("p90", 90), ("p99", 99), ("max", 100)];

/// All that is kept of the lines read so far: of each call a few numbers, and the slowest calls whole.
#[derive(Debug)]
pub(super) struct Summary {
    most: usize,
    calls: usize,
    cold: usize,
    again: usize,
    others: usize,
    outcomes: BTreeMap<(String, String), usize>,
    times: [Vec<f64>; PHASES.len()],
    slowest: Vec<(f64, Line)>,
}

impl Summary {
    /// One that keeps so many of the slowest calls.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            calls: 0,
            cold: 0,
            again: 0,
            others: 0,
            outcomes: BTreeMap::new(),
            times: Default::default(),
            slowest: Vec::new(),
        }
    }

    pub(super) fn calls(&self) -> usize {
        self.calls
    }

    /// Counts a line. It is about a call if it has a status and the time that it took.
    pub(super) fn add(&mut self, text: &str) {
        let Some(line) = Line::parse(text) else {
            self.others += usize::from(!text.trim().is_empty());
            return;
        };
        let (Some(status), Some(total)) = (line.get("status"), line.number("ms")) else {
            self.others += 1;
            return;
        };
        let outcome = (printable(status), printable(line.get("code").unwrap_or_default()));
        *self.outcomes.entry(outcome).or_default() += 1;
        self.calls += 1;
        self.cold += usize::from(line.get("start") == Some("cold"));
        self.again += usize::from(line.number("tries").is_some_and(|tries| tries > 1.0));
        for (times, (_, name)) in self.times.iter_mut().zip(PHASES) {
            times.extend(line.number(name));
        }
        let at = self.slowest.partition_point(|(time, _)| *time >= total);
        if at < self.most {
            self.slowest.insert(at, (total, line));
            self.slowest.truncate(self.most);
        }
    }

    /// The page for a person.
    pub(super) fn page(mut self) -> String {
        let mut page = format!(
            "calls: {}; {} the first of their process, {} tried more than once\n\n",
            self.calls, self.cold, self.again
        );
        let mut say = |line: String| {
            // A string takes every write.
            writeln!(page, "{}", line.trim_end()).unwrap_or_default();
        };
        let mut outcomes: Vec<_> = self.outcomes.iter().collect();
        outcomes.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for ((status, code), count) in outcomes {
            say(format!("{count:>9}  {status} {code}"));
        }
        say(format!(
            "\n{:14}{}",
            "ms",
            PERCENTILES.map(|(name, _)| format!("{name:>11}")).concat()
        ));
        for (times, (label, _)) in self.times.iter_mut().zip(PHASES) {
            times.sort_by(f64::total_cmp);
            let cells = PERCENTILES.map(|(_, part)| match percentile(times, part) {
                Some(time) => format!("{time:>11.2}"),
                None => format!("{:>11}", "-"),
            });
            say(format!("{label:14}{}", cells.concat()));
        }
        say("\nthe slowest".to_owned());
        for (total, line) in &self.slowest {
            let words = ["call", "status", "code"].map(|name| line.get(name).map(printable));
            let words: Vec<String> = words.into_iter().flatten().collect();
            let tries = line.get("tries").map(printable).unwrap_or_default();
            let phases = PHASES.iter().skip(1).filter_map(|(label, name)| {
                line.number(name).map(|time| format!(" {label} {time:.2}"))
            });
            let phases: String = phases.collect();
            say(format!("{total:>11.2}  {}  tries {tries}{phases}", words.join(" ")));
        }
        say(format!("\n{} other lines", self.others));
        page
    }
}

/// The least of the sorted values that so many hundredths of them do not exceed.
fn percentile(sorted: &[f64], hundredths: usize) -> Option<f64> {
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
}
