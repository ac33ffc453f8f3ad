//! Where the time went: the spans that the function sent, each with its bar.

use super::html::Text;
use crate::local::waterfall::{Row, Waterfall, milliseconds, notes};
use emulator::cloud::calls::Call;
use emulator::collector::Kind;

/// All of a trace, in thousandths of a per cent.
const WIDTH: u32 = 100_000;
/// The least that is drawn of a span.
const LEAST: u32 = 400;
/// How deep spans are moved in.
const DEEPEST: usize = 8;

/// The section about the spans; a sentence where there are none.
pub(super) fn section(call: &Call) -> String {
    let traced = call.exchange.dispatch.as_ref().map(|dispatch| dispatch.trace_id.is_some());
    let content = match (call.spans.is_empty(), traced) {
        (false, _) => waterfall(call),
        (true, Some(true)) => "<p class=\"empty\">The function sent no spans.</p>\n".to_owned(),
        (true, Some(false)) => "<p class=\"empty\">Tracing is off.</p>\n".to_owned(),
        (true, None) => return String::new(),
    };
    format!("<section>\n<h2>Where the time went</h2>\n{content}</section>\n")
}

fn waterfall(call: &Call) -> String {
    let waterfall = Waterfall::of(&call.spans);
    let rows: String = waterfall.rows.iter().map(|row| span(&waterfall, row)).collect();
    let end = milliseconds(waterfall.total);
    format!(
        "<div class=\"waterfall\">\n<div class=\"axis\"><div><span>0</span><span>{}</span><span>{end}</span></div></div>\n{rows}</div>\n",
        milliseconds(waterfall.total / 2),
    )
}

fn span(waterfall: &Waterfall<'_>, row: &Row<'_>) -> String {
    let (start, length) = waterfall.bar(row, WIDTH);
    let (start, length) = (start.min(WIDTH - LEAST), length.max(LEAST));
    let failed = if row.span.tags.contains_key("error") { " failed" } else { "" };
    let kind = match row.span.kind {
        None => "",
        Some(Kind::Client) => "<small>client</small>",
        Some(Kind::Server) => "<small>server</small>",
        Some(Kind::Producer) => "<small>producer</small>",
        Some(Kind::Consumer) => "<small>consumer</small>",
    };
    let notes = notes(row.span).map(|(name, value)| {
        format!("<span class=\"note\"><b>{}</b> {}</span>", Text(name), Text(value))
    });
    let notes: Vec<String> = notes.collect();
    let notes = if notes.is_empty() {
        String::new()
    } else {
        format!("<p class=\"notes\">{}</p>", notes.join(" "))
    };
    format!(
        "<div class=\"span{failed}\"><span class=\"name depth-{}\">{}{kind}</span><svg class=\"bar\" aria-hidden=\"true\"><rect x=\"{}%\" width=\"{}%\" height=\"100%\" rx=\"2\"/></svg><span class=\"ms\">{}</span>{notes}</div>\n",
        row.depth.min(DEEPEST),
        Text(row.span.name.as_deref().unwrap_or("(no name)")),
        percent(start),
        percent(length.min(WIDTH - start)),
        milliseconds(row.duration),
    )
}

fn percent(thousandths: u32) -> String {
    format!("{}.{:03}", thousandths / 1000, thousandths % 1000)
}
