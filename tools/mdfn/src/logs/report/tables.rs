//! Counts and percentiles.

use maud::{Markup, html};

use super::page::{CLASSES, mark, milliseconds, number, share, swatch, time, visible};
use crate::logs::call::Class;
use crate::logs::summary::{PERCENTILES, Summary, percentile};

/// Returns how many calls failed, in words.
pub(super) fn errors(summary: &Summary) -> String {
    match summary.calls - summary.count(Class::Success) {
        0 => "none failed".to_owned(),
        1 => "1 failed".to_owned(),
        failed => format!("{} failed", number(failed)),
    }
}

/// Returns the numbers that are looked at first.
pub(super) fn totals(summary: &Summary) -> Markup {
    let [(_, total), ..] = summary.times();
    let within = |part| percentile(total, part).map_or_else(String::new, time);
    let counted = |label: Markup, count| tile(&label, &number(count), &share(count, summary.calls));
    html! {
        dl.totals {
            @for (class, label) in CLASSES {
                @let count = summary.count(class);
                @if class != Class::Other || count > 0 {
                    (counted(html! { (mark(class)) (label) }, count))
                }
            }
            (tile(&html! { "p50" }, &within(50), ""))
            (tile(&html! { "p90" }, &within(90), ""))
            (tile(&html! { "p99" }, &within(99), ""))
            (counted(html! { "cold starts" }, summary.first))
            (counted(html! { "retried" }, summary.again))
        }
    }
}

fn tile(label: &Markup, value: &str, note: &str) -> Markup {
    html! { div { dt { (label) } dd { (value) " " small { (note) } } } }
}

/// Returns how the calls ended.
pub(super) fn outcomes(summary: &Summary) -> Markup {
    html! {
        section {
            h2 { "Results" }
            table {
                thead {
                    tr {
                        th scope="col" { "status, code" }
                        th scope="col" { "calls" }
                        th scope="col" { "share" }
                    }
                }
                tbody {
                    @for (status, code, outcome) in summary.outcomes() {
                        @let (id, why) = &outcome.last;
                        tr {
                            th scope="row" {
                                (mark(Class::from_status(status))) (visible(status)) " " (visible(code))
                                @if !why.is_empty() { p { (visible(why)) } }
                                @if !id.is_empty() { p { "latest: " (visible(id)) } }
                            }
                            td { (number(outcome.count)) }
                            td { (share(outcome.count, summary.calls)) }
                        }
                    }
                }
            }
        }
    }
}

/// Returns the one in the middle of sorted times.
pub(super) fn median(times: &[f64]) -> Option<f64> {
    percentile(times, 50)
}

/// Returns the percentiles of the whole call and of its parts.
pub(super) fn percentiles(summary: &Summary) -> Markup {
    let [total, parts @ ..] = summary.times();
    html! {
        section {
            h2 { "Latency percentiles" }
            div.scroll role="region" aria-label="percentiles" tabindex="0" {
                table {
                    thead {
                        tr {
                            th scope="col" { "milliseconds" }
                            @for (name, _) in PERCENTILES { th scope="col" { (name) } }
                        }
                    }
                    tbody {
                        @for (name, times) in parts.into_iter().chain([total]) {
                            tr {
                                th scope="row" { (swatch(name)) (name) }
                                @for (_, part) in PERCENTILES {
                                    td {
                                        @match percentile(times, part) {
                                            Some(time) => (milliseconds(time)),
                                            None => "-",
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            p.note {
                "check: all checks before anything is signed. sign: the signatures. connect: DNS, TCP and TLS. "
                "wait: the model deployment. report: spans and metrics. rest: pauses between tries, and reading tokens."
            }
        }
    }
}
