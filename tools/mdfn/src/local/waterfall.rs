//! The spans of one trace in the order in which they are read: each below the one that it is a part
//! of, earlier ones first.

use std::collections::{BTreeMap, BTreeSet};

use emulator::collector::Span;

/// The tags that every span of the function has, the same in each.
const OF_THE_FUNCTION: [&str; 5] = ["generatedBy", "appName", "appID", "fnName", "fnID"];

/// The spans of one trace, laid out.
#[derive(Debug)]
pub(super) struct Waterfall<'a> {
    /// From the first beginning to the last end, in microseconds, 1 at the least.
    pub(super) total: u64,
    /// The spans in order.
    pub(super) rows: Vec<Row<'a>>,
}

/// One span in its place.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) span: &'a Span,
    /// How many of the spans here it is a part of.
    pub(super) depth: usize,
    /// When it began, in microseconds after the first; a span without a time begins with the first.
    pub(super) start: u64,
    /// How long it took, in microseconds; 0 if it is unknown.
    pub(super) duration: u64,
}

impl<'a> Waterfall<'a> {
    pub(super) fn new(spans: &'a [Span]) -> Self {
        let first = spans.iter().filter_map(|span| span.timestamp).min().unwrap_or_default();
        let row = |span: &'a Span, depth| Row {
            span,
            depth,
            start: span.timestamp.map_or(0, |time| time - first),
            duration: span.duration.unwrap_or_default(),
        };
        let ids: BTreeSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
        let parent = |span: &'a Span| span.parent_id.as_deref().filter(|id| ids.contains(id));
        // The last to be read comes first: the next one is taken from the end.
        let mut sorted: Vec<&Span> = spans.iter().collect();
        sorted.sort_by_key(|span| std::cmp::Reverse(span.timestamp));
        let mut parts: BTreeMap<Option<&str>, Vec<&Span>> = BTreeMap::new();
        for span in sorted {
            parts.entry(parent(span)).or_default().push(span);
        }
        let mut rows = Vec::new();
        while let Some(top) = next_top(&mut parts) {
            let mut open = vec![(top, 0)];
            while let Some((span, depth)) = open.pop() {
                rows.push(row(span, depth));
                let inner = parts.remove(&Some(span.id.as_str())).unwrap_or_default();
                open.extend(inner.into_iter().map(|span| (span, depth + 1)));
            }
        }
        let end = rows.iter().map(|row| row.start.saturating_add(row.duration)).max();
        Self { total: end.unwrap_or_default().max(1), rows }
    }

    /// Returns where the bar of a row begins and how long it is, if all of the trace is `width`
    /// long.
    pub(super) fn bar(&self, row: &Row<'_>, width: u32) -> (u32, u32) {
        let scaled = |time: u64| {
            let scaled = u128::from(time) * u128::from(width) / u128::from(self.total);
            u32::try_from(scaled).unwrap_or(width)
        };
        let start = scaled(row.start);
        (start, scaled(row.start.saturating_add(row.duration)) - start)
    }
}

/// Returns the next span that is a part of none; after those, one of a circle that nothing else
/// leads to.
fn next_top<'a>(parts: &mut BTreeMap<Option<&'a str>, Vec<&'a Span>>) -> Option<&'a Span> {
    let key = *parts.keys().next()?;
    let spans = parts.get_mut(&key)?;
    let top = spans.pop();
    if spans.is_empty() {
        parts.remove(&key);
    }
    top
}

/// Returns a time in microseconds, for a person.
pub(super) fn milliseconds(micros: u64) -> String {
    format!("{}.{:02} ms", micros / 1000, micros % 1000 / 10)
}

/// Returns the tags of a span that others do not have.
pub(super) fn notes(span: &Span) -> impl Iterator<Item = (&str, &str)> {
    let own = span.tags.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    own.filter(|(name, _)| !OF_THE_FUNCTION.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: u8, parent: u8, start: u64, duration: u64) -> Span {
        let hex = |id: u8| format!("{id:016x}");
        let json = serde_json::json!({
            "traceId": hex(1), "id": hex(id), "parentId": hex(parent), "name": id.to_string(),
            "timestamp": 1_795_522_139_000_000 + start, "duration": duration,
        });
        serde_json::from_value(json).unwrap()
    }

    fn read(spans: &[Span]) -> Vec<(String, usize, u64)> {
        let rows = Waterfall::new(spans).rows.into_iter();
        rows.map(|row| (row.span.name.clone().unwrap(), row.depth, row.start)).collect()
    }

    fn rows(rows: &[(&str, usize, u64)]) -> Vec<(String, usize, u64)> {
        rows.iter().map(|(name, depth, start)| ((*name).to_owned(), *depth, *start)).collect()
    }

    #[test]
    fn a_span_stands_below_its_parent_and_after_earlier_ones() {
        // Sent in the order of their ends: the first one last.
        let spans = [span(4, 3, 20, 5), span(3, 2, 10, 80), span(5, 3, 30, 60), span(2, 1, 0, 100)];
        assert_eq!(read(&spans), rows(&[("2", 0, 0), ("3", 1, 10), ("4", 2, 20), ("5", 2, 30)]));
        assert_eq!(read(&[]), []);
    }

    #[test]
    fn a_circle_is_shown_once() {
        let spans = [span(2, 3, 0, 1), span(3, 2, 5, 1), span(4, 9, 7, 1)];
        let mut names: Vec<_> = read(&spans).into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names.remove(0), "4");
        names.sort();
        assert_eq!(names, ["2", "3"]);
    }

    #[test]
    fn a_bar_is_where_its_times_put_it_and_never_longer_than_all() {
        let spans = [span(2, 1, 0, 200), span(3, 2, 50, 100), span(4, 2, 150, u64::MAX / 2)];
        let waterfall = Waterfall::new(&spans[..2]);
        assert_eq!(waterfall.total, 200);
        assert_eq!(waterfall.bar(&waterfall.rows[1], 1000), (250, 500));
        let waterfall = Waterfall::new(&spans);
        let bars = waterfall.rows.iter().map(|row| waterfall.bar(row, 100));
        assert!(bars.into_iter().all(|(start, length)| start + length <= 100));
        let mut timeless = span(2, 1, 0, 1);
        (timeless.timestamp, timeless.duration) = (None, None);
        let spans = [timeless];
        let waterfall = Waterfall::new(&spans);
        assert_eq!(waterfall.bar(&waterfall.rows[0], 100), (0, 0));
    }

    #[test]
    fn a_time_is_in_milliseconds_cut_to_two_digits() {
        for (micros, text) in
            [(0, "0.00 ms"), (9, "0.00 ms"), (10, "0.01 ms"), (12_345, "12.34 ms")]
        {
            assert_eq!(milliseconds(micros), text);
        }
    }
}
