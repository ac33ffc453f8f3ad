//! The position of a value on an axis, and the label beside it.

use super::page::{formatted, percent};

/// Milliseconds, from what the log can write to what a line can mean.
const DECADES: [(f64, &str); 12] = [
    (0.01, "0.01 ms"),
    (0.1, "0.1 ms"),
    (1.0, "1 ms"),
    (10.0, "10 ms"),
    (100.0, "100 ms"),
    (1e3, "1 s"),
    (1e4, "10 s"),
    (1e5, "100 s"),
    (1e6, "1,000 s"),
    (1e7, "10k s"),
    (1e8, "100k s"),
    (1e9, "1M s"),
];
/// The most steps between two ticks of a time or a count.
const STEPS: u64 = 6;
/// Lengths of time that a clock is read by, in milliseconds, and how it is written at such steps.
const CLOCK: [(u64, &str); 19] = [
    (1000, "%H:%M:%S"),
    (2000, "%H:%M:%S"),
    (5000, "%H:%M:%S"),
    (10_000, "%H:%M:%S"),
    (15_000, "%H:%M:%S"),
    (30_000, "%H:%M:%S"),
    (60_000, "%H:%M"),
    (120_000, "%H:%M"),
    (300_000, "%H:%M"),
    (600_000, "%H:%M"),
    (900_000, "%H:%M"),
    (1_800_000, "%H:%M"),
    (3_600_000, "%H:%M"),
    (7_200_000, "%H:%M"),
    (10_800_000, "%H:%M"),
    (21_600_000, "%H:%M"),
    (43_200_000, "%m-%d %Hh"),
    (86_400_000, "%m-%d"),
    (604_800_000, "%m-%d"),
];

/// Milliseconds on a logarithmic axis, whole decades of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Logarithmic {
    first: usize,
    last: usize,
}

impl Logarithmic {
    /// Returns the axis that has room for all of the times.
    pub(super) fn covering(times: impl Iterator<Item = f64> + Clone) -> Self {
        let (shortest, longest) =
            (times.clone().fold(f64::MAX, f64::min), times.fold(0.0, f64::max));
        let last = DECADES.partition_point(|(ms, _)| *ms < longest).clamp(1, DECADES.len() - 1);
        let first = DECADES.partition_point(|(ms, _)| *ms <= shortest).saturating_sub(1);
        Self { first: first.min(last - 1), last }
    }

    /// Returns the position on the axis, 0 to 1; values beyond an end are at that end.
    pub(super) fn place(self, ms: f64) -> f64 {
        let [first, last] = [self.first, self.last].map(|at| edge(at).log10());
        ((ms.max(edge(0)).log10() - first) / (last - first)).clamp(0.0, 1.0)
    }

    /// Returns what is at a place, in milliseconds.
    pub(super) fn value(self, place: f64) -> f64 {
        let [first, last] = [self.first, self.last].map(|at| edge(at).log10());
        10_f64.powf(first + place * (last - first))
    }

    pub(super) fn decades(self) -> usize {
        self.last - self.first
    }

    /// Returns the position of a line, and the label beside it.
    pub(super) fn ticks(self) -> Vec<(f64, &'static str)> {
        let ticks = DECADES.get(self.first..=self.last).unwrap_or_default();
        ticks.iter().map(|(ms, label)| (self.place(*ms), *label)).collect()
    }
}

/// Returns the start of a decade.
fn edge(at: usize) -> f64 {
    DECADES.get(at).map_or(f64::NAN, |(edge, _)| *edge)
}

/// Times, or the order of calls, on an even axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Even {
    from: u64,
    to: u64,
    clock: bool,
}

impl Even {
    /// Milliseconds since 1970, a second of them at least.
    pub(super) fn times(earliest: u64, latest: u64) -> Self {
        let missing = 1000_u64.saturating_sub(latest - earliest).div_ceil(2);
        Self { from: earliest.saturating_sub(missing), to: latest + missing, clock: true }
    }

    /// Returns the first call to the last.
    pub(super) fn calls(last: u64) -> Self {
        Self { from: 1, to: last, clock: false }
    }

    /// Returns how many hundredths of the axis.
    pub(super) fn place(self, at: u64) -> f64 {
        percent(at.saturating_sub(self.from), self.to - self.from)
    }

    /// Returns the position of a line in hundredths, and the label beside it.
    pub(super) fn ticks(self) -> Vec<(f64, String)> {
        let length = self.to - self.from;
        let (step, form) = if self.clock {
            let step = CLOCK.into_iter().find(|(step, _)| length / step <= STEPS);
            step.unwrap_or_else(|| (86_400_000 * round(length / 86_400_000), "%Y-%m-%d"))
        } else {
            (round(length), "")
        };
        let first = self.from.div_ceil(step) * step;
        let ticks = (0..=STEPS).map(|at| first + at * step).take_while(|at| *at <= self.to);
        let label = |at| if self.clock { formatted(at, form) } else { at.to_string() };
        ticks.map(|at| (self.place(at), label(at))).collect()
    }
}

/// 1, 2 or 5 with zeroes behind it, of which there are no more than `STEPS` in a length.
fn round(length: u64) -> u64 {
    let mut step = 1;
    for factor in [2, 5, 10].into_iter().cycle() {
        if length / step <= STEPS {
            break;
        }
        let power = 10_u64.pow(step.ilog10());
        step = power * factor;
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_of_milliseconds_has_whole_decades_and_every_value_its_place() {
        let axis = Logarithmic::covering([0.5, 28_002.0].into_iter());
        let labels: Vec<&str> = axis.ticks().iter().map(|(_, label)| *label).collect();
        assert_eq!(labels, ["0.1 ms", "1 ms", "10 ms", "100 ms", "1 s", "10 s", "100 s"]);
        for (ms, place) in [(0.0, 0.0), (0.1, 0.0), (100.0, 0.5), (1e5, 1.0), (1e9, 1.0)] {
            assert!((axis.place(ms) - place).abs() < 1e-9, "{ms}");
        }
        assert!((axis.value(0.5) - 100.0).abs() < 1e-6);
        for times in [&[0.0][..], &[1e9], &[0.0, 1e9], &[1.0], &[]] {
            let axis = Logarithmic::covering(times.iter().copied());
            assert!(axis.decades() >= 1, "{axis:?}");
            let within = |ms: &f64| (0.0..=1.0).contains(&axis.place(*ms));
            assert!(times.iter().all(within), "{axis:?}");
        }
    }

    #[test]
    fn an_axis_of_time_is_read_as_a_clock_is() {
        for (seconds, labels) in [
            (0, &["00:00:00"][..]),
            (
                30,
                &[
                    "00:00:00", "00:00:05", "00:00:10", "00:00:15", "00:00:20", "00:00:25",
                    "00:00:30",
                ],
            ),
            (1800, &["00:00", "00:05", "00:10", "00:15", "00:20", "00:25", "00:30"]),
            (86_400, &["00:00", "06:00", "12:00", "18:00", "00:00"]),
            (
                3 * 86_400,
                &[
                    "01-01 00h",
                    "01-01 12h",
                    "01-02 00h",
                    "01-02 12h",
                    "01-03 00h",
                    "01-03 12h",
                    "01-04 00h",
                ],
            ),
            (6 * 86_400, &["01-01", "01-02", "01-03", "01-04", "01-05", "01-06", "01-07"]),
        ] {
            let ticks = Even::times(0, seconds * 1000).ticks();
            let found: Vec<&str> = ticks.iter().map(|(_, label)| label.as_str()).collect();
            assert_eq!(found, labels, "{seconds}");
        }
        // As far apart as can be.
        let ticks = Even::times(0, 253_402_300_799_999).ticks();
        assert!((2..8).contains(&ticks.len()), "{ticks:?}");
    }

    #[test]
    fn an_axis_of_calls_has_round_numbers() {
        for (calls, labels) in [
            (1, &["1"][..]),
            (4, &["1", "2", "3", "4"]),
            (100, &["20", "40", "60", "80", "100"]),
            (200_000, &["50000", "100000", "150000", "200000"]),
        ] {
            let ticks = Even::calls(calls).ticks();
            let found: Vec<&str> = ticks.iter().map(|(_, label)| label.as_str()).collect();
            assert_eq!(found, labels, "{calls}");
        }
    }
}
