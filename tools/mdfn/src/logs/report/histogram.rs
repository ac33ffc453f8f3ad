//! How the times of each part are distributed.

use super::axis::Logarithmic;
use super::page::number;
use crate::logs::summary::Summary;

/// Of one part's row and of its bars, in CSS pixels.
const ROW: f64 = 46.0;
const BAR: f64 = 30.0;
/// The least that a bar has, so that one call in a million is seen.
const LEAST: f64 = 2.0;
/// Bars in a decade of milliseconds.
const BINS: u32 = 10;

pub(super) fn section(summary: &Summary) -> String {
    let [whole, parts @ ..] = summary.times();
    let rows = || parts.into_iter().chain([("whole", whole.1)]).zip(0_u32..);
    let ends = rows().flat_map(|((_, times), _)| times.first().into_iter().chain(times.last()));
    let axis = Logarithmic::of(ends.copied());
    let drawn = rows().map(|((name, times), at)| row(name, times, f64::from(at) * ROW, axis));
    let drawn: Vec<String> = drawn.collect();
    let bottom = f64::from(rows().map(|_| 1).sum::<u32>()) * ROW;
    format!(
        "<section>
<h2>How long each part took</h2>
<p>The higher a bar, the more calls took so long; the highest of a row is the most frequent. The line is the median. What took less than 0.01 ms stands at the left end.</p>
<figure>
<svg class=\"chart\" height=\"{}\" role=\"img\" aria-labelledby=\"histogram\">
<title id=\"histogram\">Distribution of the durations of each part of a call, on a logarithmic axis</title>
{}{}</svg>
</figure>
</section>
",
        bottom + 26.0,
        along(axis, bottom),
        drawn.concat()
    )
}

/// The bars of one part.
fn row(name: &str, times: &[f64], top: f64, axis: Logarithmic) -> String {
    let count = BINS * u32::try_from(axis.decades()).unwrap_or(1);
    let width = 1.0 / f64::from(count);
    let mut from = 0;
    let mut bins = Vec::new();
    for bin in 1..=count {
        // All that is left is in the last one.
        let edge = if bin == count { f64::MAX } else { axis.value(f64::from(bin) * width) };
        let to = times.partition_point(|time| *time < edge);
        bins.push((f64::from(bin - 1) * width * 100.0, to - from));
        from = to;
    }
    let float = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let most = float(bins.iter().map(|(_, count)| *count).max().unwrap_or_default());
    let base = top + ROW - 8.0;
    let bars = bins.into_iter().filter(|(_, count)| *count > 0).map(|(x, count)| {
        let height = (float(count) / most * BAR).max(LEAST);
        format!(
            "<rect class=\"{name}\" x=\"{x:.2}%\" y=\"{:.1}\" width=\"{:.2}%\" height=\"{height:.1}\"/>\n",
            base - height,
            width * 85.0
        )
    });
    let median = super::tables::median(times).map_or_else(String::new, |time| {
        let x = axis.place(time) * 100.0;
        format!(
            "<line class=\"median\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"{:.1}\" y2=\"{:.1}\"/>\n",
            base - BAR - 3.0,
            base + 3.0
        )
    });
    format!(
        "<g><title>{name}: {} calls</title>\n<line class=\"grid\" x2=\"100%\" y1=\"{base:.1}\" y2=\"{base:.1}\"/><text class=\"end\" x=\"-10\" y=\"{:.1}\">{name}</text>\n{}{median}</g>\n",
        number(times.len()),
        base - 4.0,
        bars.collect::<Vec<_>>().concat()
    )
}

/// The milliseconds below, and a line above each.
fn along(axis: Logarithmic, bottom: f64) -> String {
    let ticks = axis.ticks();
    let many = ticks.len() > 4;
    let lines = ticks.into_iter().enumerate().map(|(at, (place, label))| {
        let x = place * 100.0;
        let class = if many && at % 2 == 1 { "middle spare" } else { "middle" };
        format!(
            "<line class=\"grid\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"0\" y2=\"{bottom}\"/><text class=\"{class}\" x=\"{x:.2}%\" y=\"{}\">{label}</text>\n",
            bottom + 16.0
        )
    });
    lines.collect::<Vec<_>>().concat()
}
