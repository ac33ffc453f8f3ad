//! The summary as a text.

use std::fmt::Write as _;

use super::call::PARTS;
use super::summary::{PERCENTILES, Summary, percentile};
use crate::terminal::printable;

/// Returns the page for a person, of a summary that is sorted.
pub(super) fn page(summary: &Summary) -> String {
    let mut page = format!(
        "{}, {}, {} retried\n\n",
        counted(summary.calls, "call"),
        counted(summary.first, "cold start"),
        summary.again
    );
    let mut say = |line: String| {
        // A string takes every write.
        writeln!(page, "{}", line.trim_end()).unwrap_or_default();
    };
    for (status, code, outcome) in summary.outcomes() {
        say(format!("{:>9}  {} {}", outcome.count, printable(status), printable(code)));
    }
    say(format!("\n{:14}{}", "ms", PERCENTILES.map(|(name, _)| format!("{name:>11}")).concat()));
    for (label, times) in summary.times() {
        let cells = PERCENTILES.map(|(_, part)| match percentile(times, part) {
            Some(time) => format!("{time:>11.2}"),
            None => format!("{:>11}", "-"),
        });
        say(format!("{label:14}{}", cells.concat()));
    }
    say("\nslowest calls".to_owned());
    for call in &summary.slowest {
        let words = [&call.id, &call.status, &call.code].map(|word| printable(word));
        let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
        let parts = PARTS.iter().zip(call.parts);
        let parts = parts.filter_map(|(label, time)| Some(format!(" {label} {:.2}", time?)));
        let (parts, tries): (String, _) = (parts.collect(), printable(&call.tries));
        say(format!("{:>11.2}  {}  tries {tries}{parts}", call.total, words.join(" ")));
    }
    page + "\n" + &skipped(summary)
}

/// `1 call`, `2 calls`.
fn counted(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

/// Returns the lines that were not calls, and why.
pub(super) fn skipped(summary: &Summary) -> String {
    if summary.skipped.is_empty() {
        return "nothing skipped\n".to_owned();
    }
    let lines = summary.skipped.iter().map(|(reason, (count, first))| {
        let which = if *count == 1 { "line" } else { "the first is line" };
        format!("{count:>9}  {reason}: {which} {first}\n")
    });
    format!("skipped\n{}", lines.collect::<String>())
}
