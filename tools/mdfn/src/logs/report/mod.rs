//! The summary as a page for a browser: one file that needs no other, runs no script and asks
//! nobody for anything.

mod axis;
mod bars;
mod histogram;
mod page;
mod tables;
mod timeline;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::summary::Summary;
use page::{moment, number, visible};

const STYLE: &str = include_str!("style.css");

/// Returns the page about a summary that is sorted, of a log of this name.
pub(super) fn html(summary: &Summary, log: &str) -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let title = format!("{} of the function, {}", calls(summary.calls), tables::errors(summary));
    // Whoever reads the log may not have written it: with this rule even a mistake in the escaping
    // runs nothing.
    let rule = format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    );
    let others = summary.skipped.values().map(|(count, _)| count).sum();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(rule);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (title) }
                    p { (visible(log)) (when(summary)) }
                }
                main {
                    (tables::totals(summary))
                    (tables::outcomes(summary))
                    (timeline::section(&summary.sample))
                    (tables::percentiles(summary))
                    (histogram::section(summary))
                    (bars::section(&summary.slowest))
                }
                footer {
                    p {
                        "Made by " code { "mdfn logs" } ". Lines that are not about a call: "
                        (number(others)) "."
                    }
                }
            }
        }
    };
    page.into_string() + "\n"
}

fn calls(count: usize) -> String {
    format!("{} call{}", number(count), if count == 1 { "" } else { "s" })
}

fn when(summary: &Summary) -> Markup {
    html! {
        @if let Some((earliest, latest)) = summary.sample.times() {
            ", " (moment(earliest)) " to " (moment(latest)) " UTC"
        }
    }
}
