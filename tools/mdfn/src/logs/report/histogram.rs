//! How the times of each part are distributed.

use maud::{Markup, html};

use super::axis::Logarithmic;
use super::page::number;
use super::tables::median;
use crate::logs::summary::Summary;

/// Of one part's row and of its bars, in CSS pixels.
const ROW: f64 = 46.0;
const BAR: f64 = 30.0;
/// The least that a bar has, so that one call in a million is seen.
const MIN_HEIGHT: f64 = 2.0;
/// Bars in a decade of milliseconds.
const BINS: u32 = 10;

pub(super) fn section(summary: &Summary) -> Markup {
    let [total, parts @ ..] = summary.times();
    let rows = || parts.into_iter().chain([total]).zip(0_u32..);
    let ends = rows().flat_map(|((_, times), _)| times.first().into_iter().chain(times.last()));
    let axis = Logarithmic::covering(ends.copied());
    let bottom = f64::from(rows().map(|_| 1).sum::<u32>()) * ROW;
    html! {
        section {
            h2 { "Latency by part" }
            p {
                "The height of a bar is the number of calls that took this long, on a scale of its own in each row. "
                "The line is the median. Times below 0.01 ms are at the left end."
            }
            figure {
                svg.chart height=(bottom + 26.0) role="img" aria-labelledby="histogram" {
                    title id="histogram" {
                        "Distribution of the durations of each part of a call, on a logarithmic axis"
                    }
                    (along(axis, bottom))
                    @for ((name, times), at) in rows() { (row(name, times, f64::from(at) * ROW, axis)) }
                }
            }
        }
    }
}

/// Returns the bars of one part.
fn row(name: &str, times: &[f64], top: f64, axis: Logarithmic) -> Markup {
    let base = top + ROW - 8.0;
    let line = format!("{base:.1}");
    html! {
        g {
            title { (name) ": " (number(times.len())) " calls" }
            line.grid x2="100%" y1=(line) y2=(line) {}
            text.end x="-10" y=(format!("{:.1}", base - 4.0)) { (name) }
            @for Bar { x, width, height } in bars(times, axis) {
                rect class=(name) x=(percent(x)) y=(format!("{:.1}", base - height))
                    width=(percent(width)) height=(format!("{height:.1}")) {}
            }
            @if let Some(time) = median(times) {
                @let x = percent(axis.place(time));
                line.median x1=(x) x2=(x) y1=(format!("{:.1}", base - BAR - 3.0))
                    y2=(format!("{:.1}", base + 3.0)) {}
            }
        }
    }
}

/// One bar: its place and its width as parts of the axis, its height in CSS pixels.
struct Bar {
    x: f64,
    width: f64,
    height: f64,
}

/// Returns the bars that have calls.
fn bars(times: &[f64], axis: Logarithmic) -> Vec<Bar> {
    let count = BINS * u32::try_from(axis.decades()).unwrap_or(1);
    let width = 1.0 / f64::from(count);
    let mut from = 0;
    let mut bins = Vec::new();
    for bin in 1..=count {
        // All that is left is in the last one.
        let edge = if bin == count { f64::MAX } else { axis.value(f64::from(bin) * width) };
        let to = times.partition_point(|time| *time < edge);
        bins.push((f64::from(bin - 1) * width, to - from));
        from = to;
    }
    let float = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let most = float(bins.iter().map(|(_, count)| *count).max().unwrap_or_default());
    let bars = bins.into_iter().filter(|(_, count)| *count > 0).map(|(x, count)| {
        let height = (float(count) / most * BAR).max(MIN_HEIGHT);
        Bar { x, width: width * 0.85, height }
    });
    bars.collect()
}

/// Returns the milliseconds below, and a line above each.
fn along(axis: Logarithmic, bottom: f64) -> Markup {
    let ticks = axis.ticks();
    let many = ticks.len() > 4;
    html! {
        @for (at, (place, label)) in ticks.into_iter().enumerate() {
            @let x = percent(place);
            line.grid x1=(x) x2=(x) y1="0" y2=(bottom) {}
            text.middle.spare[many && at % 2 == 1] x=(x) y=(bottom + 16.0) { (label) }
        }
    }
}

fn percent(part: f64) -> String {
    format!("{:.2}%", part * 100.0)
}
