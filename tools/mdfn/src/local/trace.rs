//! A trace for the terminal: one line for each span, with a bar at its time.

use emulator::collector::Span;

use super::waterfall::{Waterfall, milliseconds, notes};
use crate::terminal::printable;

/// How wide the whole of a trace is drawn, in characters.
const BAR_CHARACTERS: u32 = 32;
/// How far a span is moved in for each that it is a part of, as far as `MAX_DEPTH`.
const INDENT: usize = 2;
const MAX_DEPTH: usize = 8;

/// The longest value that is shown, in characters: no id of OCI's, which a line has no room for. An
/// error always is.
const MAX_VALUE_CHARACTERS: usize = 24;

/// Returns the lines of a trace; none without spans.
pub(super) fn lines(spans: &[Span]) -> Vec<String> {
    let waterfall = Waterfall::new(spans);
    let names = waterfall.rows.iter().map(|row| {
        let name = printable(row.span.name.as_deref().unwrap_or("(no name)"));
        format!("{}{name}", " ".repeat(INDENT * row.depth.min(MAX_DEPTH)))
    });
    let names: Vec<String> = names.collect();
    let widest = names.iter().map(String::len).max().unwrap_or_default();
    let lines = names.iter().zip(&waterfall.rows).map(|(name, row)| {
        let (start, length) = waterfall.bar(row, BAR_CHARACTERS);
        // What is too short for a character has one all the same, within the width.
        let (start, length) = (start.min(BAR_CHARACTERS - 1), length.max(1));
        let rest = BAR_CHARACTERS - start - length.min(BAR_CHARACTERS - start);
        let bar = [(" ", start), ("█", BAR_CHARACTERS - start - rest), (" ", rest)];
        let bar: String = bar
            .map(|(mark, times)| mark.repeat(usize::try_from(times).unwrap_or_default()))
            .concat();
        let notes = notes(row.span).filter(|(name, value)| {
            *name == "error" || value.chars().count() <= MAX_VALUE_CHARACTERS
        });
        let notes =
            notes.map(|(name, value)| format!("  {}={}", printable(name), printable(value)));
        let time = milliseconds(row.duration);
        format!("{name:widest$} │{bar}│ {time:>11}{}", notes.collect::<String>())
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spans(json: serde_json::Value) -> Vec<Span> {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn bars_are_where_the_times_put_them() {
        let begin = 1_795_522_139_000_000_u64;
        let spans = spans(json!([
            { "traceId": "00000000000000aa", "id": "0000000000000002", "parentId": "0000000000000001",
              "name": "predict", "timestamp": begin + 4000, "duration": 4000,
              "tags": { "error": "DeploymentUnreachable", "fnName": "func" } },
            { "traceId": "00000000000000aa", "id": "0000000000000001", "name": "call",
              "timestamp": begin, "duration": 8000, "tags": { "http.status_code": "200", "deployment": "ocid1.datasciencemodeldeployment" } },
            { "traceId": "00000000000000aa", "id": "0000000000000003", "parentId": "0000000000000002",
              "name": "sign", "timestamp": begin + 8000, "duration": 1 },
        ]));
        let bar = |start, length| {
            format!(
                "│{}{}{}│",
                " ".repeat(start),
                "█".repeat(length),
                " ".repeat(32 - start - length)
            )
        };
        assert_eq!(
            lines(&spans),
            [
                format!("call      {}     8.00 ms  http.status_code=200", bar(0, 31)),
                format!("  predict {}     4.00 ms  error=DeploymentUnreachable", bar(15, 16)),
                format!("    sign  {}     0.00 ms", bar(31, 1)),
            ]
        );
        assert!(lines(&[]).is_empty());
    }

    #[test]
    fn what_a_span_says_cannot_steer_the_terminal() {
        let spans = spans(json!([{
            "traceId": "00000000000000aa", "id": "0000000000000001", "name": "\u{1b}[2Jx",
            "tags": { "a\nb": "\u{202e}c" },
        }]));
        let line = lines(&spans).concat();
        assert!(line.starts_with("?[2Jx │") && line.ends_with("  a?b=?c"), "{line}");
    }
}
