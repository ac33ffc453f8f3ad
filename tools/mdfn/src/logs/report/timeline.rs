//! When the calls were, how long they took and how they ended: a mark for each.

use maud::{Markup, html};

use super::axis::{Even, Logarithmic};
use super::page::{CLASSES, class, mark, number, time, visible};
use crate::logs::sample::{Mark, Sample};

/// Of the plot, and above and below it, in CSS pixels.
const HEIGHT: f64 = 240.0;
const ABOVE: f64 = 10.0;
const BELOW: f64 = 26.0;

pub(super) fn section(sample: &Sample) -> Markup {
    let marks = sample.marks();
    let times = sample.times();
    let x = times.map_or_else(
        || Even::calls(sample.calls()),
        |(earliest, latest)| Even::times(earliest, latest),
    );
    let y = Logarithmic::covering(marks.iter().map(|mark| mark.total));
    let at = |mark: &Mark| times.and(mark.time).unwrap_or(mark.order);
    let (heading, what) = if times.is_some() {
        ("Calls over time", "Each mark is a call: when it ended, and how long it took.")
    } else {
        (
            "Calls in log order",
            "Each mark is a call, in the order of the log, since not every line has a time.",
        )
    };
    html! {
        section {
            h2 { (heading) }
            p { (what) " " (chosen(sample, marks.len())) }
            p.legend { (legend(&marks)) }
            figure {
                svg.chart height=(ABOVE + HEIGHT + BELOW) role="img" aria-labelledby="timeline" {
                    title id="timeline" { (heading) ": how long each took and how it ended" }
                    (shapes())
                    (across(y))
                    (along(x))
                    @for mark in &marks { (draw(mark, x.place(at(mark)), top(y.place(mark.total)))) }
                }
            }
        }
    }
}

/// Returns the shapes. They tell the outcomes apart where colours do not.
fn shapes() -> Markup {
    html! {
        defs {
            circle id="success" class="success" r="3" {}
            circle id="other" class="other" r="3.5" {}
            path id="client" class="client" d="M0-5 5 0 0 5-5 0z" {}
            rect id="server" class="server" x="-4" y="-4" width="8" height="8" {}
            circle id="first" class="first" r="6.5" {}
        }
    }
}

/// Returns how many are drawn, and which.
fn chosen(sample: &Sample, drawn: usize) -> String {
    let calls = usize::try_from(sample.calls()).unwrap_or(usize::MAX);
    if drawn == calls {
        return "All calls are drawn.".to_owned();
    }
    format!("{} of {} calls are drawn: {}.", number(drawn), number(calls), sample.rule())
}

/// Returns the meaning of the shapes that are drawn.
fn legend(marks: &[&Mark]) -> Markup {
    html! {
        @for (class, label) in CLASSES {
            @if marks.iter().any(|mark| mark.class == class) {
                span { (mark(class)) (label) } " "
            }
        }
        @if marks.iter().any(|mark| mark.first) {
            span {
                svg.key width="16" height="16" aria-hidden="true" { use href="#first" x="8" y="8" {} }
                "cold start"
            }
        }
    }
}

fn draw(mark: &Mark, x: f64, y: f64) -> Markup {
    let (x, y) = (format!("{x:.2}%"), format!("{y:.1}"));
    html! {
        use href={ "#" (class(mark.class)) } x=(x) y=(y) {
            @if !mark.label.is_empty() {
                title { (visible(&mark.label)) " " (time(mark.total)) }
            }
        }
        @if mark.first { use href="#first" x=(x) y=(y) {} }
    }
}

/// Returns the lines across, and how many milliseconds each stands for.
fn across(axis: Logarithmic) -> Markup {
    html! {
        @for (place, label) in axis.ticks() {
            @let y = top(place);
            @let line = format!("{y:.1}");
            line.grid x2="100%" y1=(line) y2=(line) {}
            text.end x="-10" y=(format!("{:.1}", y + 4.0)) { (label) }
        }
    }
}

/// Returns the times, or numbers of calls, below.
fn along(axis: Even) -> Markup {
    let (from, to, y) = (ABOVE + HEIGHT, ABOVE + HEIGHT + 5.0, ABOVE + HEIGHT + 20.0);
    let ticks = axis.ticks();
    // On a phone there is room for every second of many.
    let many = ticks.len() > 4;
    html! {
        @for (at, (x, label)) in ticks.into_iter().enumerate() {
            @let x = format!("{x:.2}%");
            line.tick x1=(x) x2=(x) y1=(from) y2=(to) {}
            text.middle.spare[many && at % 2 == 1] x=(x) y=(y) { (label) }
        }
    }
}

fn top(place: f64) -> f64 {
    ABOVE + (1.0 - place) * HEIGHT
}
