//! Counts and percentiles.

use super::page::{escaped, mark, milliseconds, number, share, swatch, time};
use crate::logs::call::Class;
use crate::logs::summary::{PERCENTILES, Summary, percentile};

/// How many calls failed, in words.
pub(super) fn errors(summary: &Summary) -> String {
    match summary.calls - summary.count(Class::Success) {
        0 => "none failed".to_owned(),
        1 => "1 failed".to_owned(),
        failed => format!("{} failed", number(failed)),
    }
}

/// The numbers that are looked at first.
pub(super) fn totals(summary: &Summary) -> String {
    let classes = [
        (Class::Success, "2xx"),
        (Class::Client, "4xx"),
        (Class::Server, "5xx"),
        (Class::Other, "other status"),
    ];
    let classes = classes.map(|(class, label)| {
        let count = summary.count(class);
        if class == Class::Other && count == 0 {
            return String::new();
        }
        let (count, share) = (number(count), share(count, summary.calls));
        tile(&format!("{}{label}", mark(class)), &count, &share)
    });
    let [(_, whole), ..] = summary.times();
    let within = |part| percentile(whole, part).map_or_else(String::new, time);
    let more = [
        tile("half took at most", &within(50), ""),
        tile("9 of 10 took at most", &within(90), ""),
        tile("99 of 100 took at most", &within(99), ""),
        tile(
            "first of their process",
            &number(summary.first),
            &share(summary.first, summary.calls),
        ),
        tile("tried more than once", &number(summary.again), &share(summary.again, summary.calls)),
    ];
    format!("<dl class=\"totals\">\n{}{}</dl>\n", classes.concat(), more.concat())
}

fn tile(label: &str, value: &str, note: &str) -> String {
    format!("<div><dt>{label}</dt><dd>{value} <small>{note}</small></dd></div>\n")
}

/// How the calls ended.
pub(super) fn outcomes(summary: &Summary) -> String {
    let rows = summary.outcomes().into_iter().map(|(status, code, outcome)| {
        let (id, why) = &outcome.last;
        let [why, last] =
            [("", why), ("last one: ", id)].map(|(label, text)| match text.as_str() {
                "" => String::new(),
                text => format!("<p>{label}{}</p>", escaped(text)),
            });
        format!(
            "<tr><th scope=\"row\">{}{} {}{why}{last}</th><td>{}</td><td>{}</td></tr>\n",
            mark(Class::of(status)),
            escaped(status),
            escaped(code),
            number(outcome.count),
            share(outcome.count, summary.calls)
        )
    });
    let rows: Vec<String> = rows.collect();
    format!(
        "<section>
<h2>How the calls ended</h2>
<table>
<thead><tr><th scope=\"col\">status, code</th><th scope=\"col\">calls</th><th scope=\"col\">share</th></tr></thead>
<tbody>
{}</tbody>
</table>
</section>
",
        rows.concat()
    )
}

/// The one in the middle of sorted times.
pub(super) fn median(times: &[f64]) -> Option<f64> {
    percentile(times, 50)
}

/// The percentiles of the whole call and of its parts.
pub(super) fn percentiles(summary: &Summary) -> String {
    let [whole, parts @ ..] = summary.times();
    let rows = parts.into_iter().chain([whole]).map(|(name, times)| {
        let cells = PERCENTILES.map(|(_, part)| {
            let time = percentile(times, part).map_or_else(|| "-".to_owned(), milliseconds);
            format!("<td>{time}</td>")
        });
        let swatch = swatch(if name == whole.0 { "whole" } else { name });
        format!("<tr><th scope=\"row\">{swatch}{name}</th>{}</tr>\n", cells.concat())
    });
    let rows: Vec<String> = rows.collect();
    let heads = PERCENTILES.map(|(name, _)| format!("<th scope=\"col\">{name}</th>"));
    format!(
        "<section>
<h2>Where the time went</h2>
<div class=\"scroll\" role=\"region\" aria-label=\"percentiles\" tabindex=\"0\">
<table>
<thead><tr><th scope=\"col\">milliseconds</th>{}</tr></thead>
<tbody>
{}</tbody>
</table>
</div>
<p class=\"note\">check: until all that can be refused had been looked at. sign: the signatures. connect: names, TCP and TLS. wait: the model deployment. report: spans and metrics. rest: pauses between tries, and the reading of tokens.</p>
</section>
",
        heads.concat(),
        rows.concat()
    )
}
