//! The spans that the function sent, each with its bar.

use emulator::cloud::calls::Call;
use emulator::collector::Kind;
use maud::{Markup, html};

use super::html::shown;
use crate::local::waterfall::{Row, Waterfall, milliseconds, notes};

/// All of a trace, in thousandths of a per cent.
const WIDTH: u32 = 100_000;
/// The least that is drawn of a span, in the same.
const MIN_WIDTH: u32 = 400;
/// How deep spans are moved in.
const MAX_DEPTH: usize = 8;

/// Returns the section about the spans; a sentence if there are none.
pub(super) fn section(call: &Call) -> Markup {
    let traced = call.exchange.dispatch.as_ref().map(|dispatch| dispatch.trace_id.is_some());
    let content = match (call.spans.is_empty(), traced) {
        (false, _) => waterfall(call),
        (true, Some(true)) => html! { p.empty { "The function sent no spans." } },
        (true, Some(false)) => html! { p.empty { "Tracing is off." } },
        (true, None) => return Markup::default(),
    };
    html! {
        section {
            h2 { "Spans" }
            (content)
        }
    }
}

fn waterfall(call: &Call) -> Markup {
    let waterfall = Waterfall::new(&call.spans);
    html! {
        div.waterfall {
            div.axis {
                div {
                    span { "0" }
                    span { (milliseconds(waterfall.total / 2)) }
                    span { (milliseconds(waterfall.total)) }
                }
            }
            @for row in &waterfall.rows { (span(&waterfall, row)) }
        }
    }
}

fn span(waterfall: &Waterfall<'_>, row: &Row<'_>) -> Markup {
    let (start, length) = waterfall.bar(row, WIDTH);
    let (start, length) = (start.min(WIDTH - MIN_WIDTH), length.max(MIN_WIDTH));
    let kind = row.span.kind.map(|kind| match kind {
        Kind::Client => "client",
        Kind::Server => "server",
        Kind::Producer => "producer",
        Kind::Consumer => "consumer",
    });
    let mut notes = notes(row.span).peekable();
    html! {
        div.span.failed[row.span.tags.contains_key("error")] {
            span.name.{ "depth-" (row.depth.min(MAX_DEPTH)) } {
                (shown(row.span.name.as_deref().unwrap_or("(no name)")))
                @if let Some(kind) = kind { small { (kind) } }
            }
            svg.bar aria-hidden="true" {
                rect x=(percent(start)) width=(percent(length.min(WIDTH - start))) height="100%" rx="2" {}
            }
            span.ms { (milliseconds(row.duration)) }
            @if notes.peek().is_some() {
                p.notes {
                    @for (name, value) in notes {
                        span.note { b { (shown(name)) } " " (shown(value)) } " "
                    }
                }
            }
        }
    }
}

fn percent(thousandths: u32) -> String {
    format!("{}.{:03}%", thousandths / 1000, thousandths % 1000)
}
