//! What a process holds, and whether it holds more in the end than in the beginning.

use std::fmt::Write as _;
use std::fs;

/// What a sample measures, in the order in which they are taken.
const SAMPLED: [&str; 4] =
    ["resident memory, KiB", "of it anonymous, KiB", "file descriptors", "threads"];

/// By how much the mean of the last tenth may exceed that of the first.
pub(crate) enum Limit {
    Part(f64),
    /// For what is few, and one more or less from moment to moment.
    Number(f64),
}

/// What was seen at each look, in order.
#[derive(Default)]
pub(crate) struct Measurements(Vec<[f64; 4]>);

impl Measurements {
    pub(crate) fn take(&mut self, pid: u32) {
        let process = format!("/proc/{pid}");
        let status = fs::read_to_string(format!("{process}/status")).unwrap();
        let figure = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().trim_end_matches(" kB").parse::<f64>().unwrap()
        };
        let files = f64::from(open_files(pid));
        self.0.push([figure("VmRSS:"), figure("RssAnon:"), files, figure("Threads:")]);
    }

    /// Whether nothing grew beyond its limit, and the means of the first and the last tenth.
    pub(crate) fn table(&self, limits: &[Limit; 4]) -> (bool, String) {
        // Of a short soak two samples, since one alone may be out of the ordinary.
        let tenth = (self.0.len() / 10).max(2);
        let (first, last) = (self.0.chunks(tenth).next(), self.0.rchunks(tenth).next());
        let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
        let mut table = format!(
            "{:28} {:>11} {:>11} {:>8} {:>9}   of {} samples\n",
            "",
            "first tenth",
            "last tenth",
            "change",
            "highest",
            self.0.len()
        );
        let mut flat = true;
        for (at, (name, limit)) in SAMPLED.iter().zip(limits).enumerate() {
            let column = |samples: &[[f64; 4]]| -> Vec<f64> {
                samples.iter().filter_map(|sample| sample.get(at).copied()).collect()
            };
            let (before, after) = (mean(&column(first)), mean(&column(last)));
            let highest = column(&self.0).into_iter().fold(0.0, f64::max);
            let change = after / before - 1.0;
            flat &= match limit {
                Limit::Part(part) => change <= *part,
                Limit::Number(number) => after - before < *number,
            };
            let percent = change * 100.0;
            writeln!(
                table,
                "{name:28} {before:>11.1} {after:>11.1} {percent:>+7.2}% {highest:>9.0}"
            )
            .unwrap();
        }
        (flat, table)
    }
}

/// How many files a process has open, connections included.
pub(crate) fn open_files(pid: u32) -> u32 {
    u32::try_from(fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()).unwrap()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / f64::from(u32::try_from(values.len()).unwrap())
}
