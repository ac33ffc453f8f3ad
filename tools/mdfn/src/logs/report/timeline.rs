//! When the calls were, how long they took and how they ended: a mark for each.

use super::axis::{Even, Logarithmic};
use super::page::{class, escaped, mark, number, time};
use crate::logs::call::Class;
use crate::logs::sample::{Mark, Sample};

/// Of the plot, and above and below it, in CSS pixels.
const HEIGHT: f64 = 240.0;
const ABOVE: f64 = 10.0;
const BELOW: f64 = 26.0;

/// The shapes tell the outcomes apart where colours do not.
const SHAPES: &str = r#"<defs>
<circle id="success" class="success" r="3"/>
<circle id="other" class="other" r="3.5"/>
<path id="client" class="client" d="M0-5 5 0 0 5-5 0z"/>
<rect id="server" class="server" x="-4" y="-4" width="8" height="8"/>
<circle id="first" class="first" r="6.5"/>
</defs>
"#;

pub(super) fn section(sample: &Sample) -> String {
    let marks = sample.marks();
    let times = sample.times();
    let x = times.map_or_else(
        || Even::calls(sample.calls()),
        |(earliest, latest)| Even::times(earliest, latest),
    );
    let y = Logarithmic::of(marks.iter().map(|mark| mark.total));
    let at = |mark: &Mark| times.and(mark.time).unwrap_or(mark.order);
    let drawn = marks.iter().map(|mark| draw(mark, x.place(at(mark)), top(y.place(mark.total))));
    let drawn: Vec<String> = drawn.collect();
    let (heading, what) = if times.is_some() {
        ("The calls over time", "Each mark is a call: when it ended, and how long it took.")
    } else {
        (
            "The calls in their order",
            "Each mark is a call, in the order of the lines, which do not all say when they were written.",
        )
    };
    format!(
        "<section>
<h2>{heading}</h2>
<p>{what} {}</p>
<p class=\"legend\">{}</p>
<figure>
<svg class=\"chart\" height=\"{}\" role=\"img\" aria-labelledby=\"timeline\">
<title id=\"timeline\">{heading}: how long each took and how it ended</title>
{SHAPES}{}{}{}</svg>
</figure>
</section>
",
        chosen(sample, marks.len()),
        legend(&marks),
        ABOVE + HEIGHT + BELOW,
        across(y),
        along(x),
        drawn.concat()
    )
}

/// How many are drawn, and which.
fn chosen(sample: &Sample, drawn: usize) -> String {
    let calls = usize::try_from(sample.calls()).unwrap_or(usize::MAX);
    if drawn == calls {
        return "All are drawn.".to_owned();
    }
    format!("{} of {} are drawn: {}.", number(drawn), number(calls), sample.rule())
}

/// What the shapes mean, of those that are drawn.
fn legend(marks: &[&Mark]) -> String {
    let classes = [
        (Class::Success, "2xx"),
        (Class::Client, "4xx"),
        (Class::Server, "5xx"),
        (Class::Other, "other status"),
    ];
    let mut legend: Vec<String> = classes
        .into_iter()
        .filter(|(class, _)| marks.iter().any(|mark| mark.class == *class))
        .map(|(class, label)| format!("<span>{}{label}</span>", mark(class)))
        .collect();
    if marks.iter().any(|mark| mark.first) {
        let ring = r##"<svg class="key" width="16" height="16" aria-hidden="true"><use href="#first" x="8" y="8"/></svg>"##;
        legend.push(format!("<span>{ring}first call of a process</span>"));
    }
    legend.join(" ")
}

fn draw(mark: &Mark, x: f64, y: f64) -> String {
    let name = class(mark.class);
    let shape = if mark.label.is_empty() {
        format!("<use href=\"#{name}\" x=\"{x:.2}%\" y=\"{y:.1}\"/>\n")
    } else {
        let title = format!("{} {}", escaped(&mark.label), time(mark.total));
        format!("<use href=\"#{name}\" x=\"{x:.2}%\" y=\"{y:.1}\"><title>{title}</title></use>\n")
    };
    let ring = if mark.first {
        format!("<use href=\"#first\" x=\"{x:.2}%\" y=\"{y:.1}\"/>\n")
    } else {
        String::new()
    };
    shape + &ring
}

/// The lines across, and how many milliseconds each stands for.
fn across(axis: Logarithmic) -> String {
    let lines = axis.ticks().into_iter().map(|(place, label)| {
        let y = top(place);
        format!(
            "<line class=\"grid\" x2=\"100%\" y1=\"{y:.1}\" y2=\"{y:.1}\"/><text x=\"-10\" y=\"{:.1}\" class=\"end\">{label}</text>\n",
            y + 4.0
        )
    });
    lines.collect::<Vec<_>>().concat()
}

/// The times, or numbers of calls, below.
fn along(axis: Even) -> String {
    let (from, to, y) = (ABOVE + HEIGHT, ABOVE + HEIGHT + 5.0, ABOVE + HEIGHT + 20.0);
    let ticks = axis.ticks();
    // On a phone there is room for every second of many.
    let many = ticks.len() > 4;
    let lines = ticks.into_iter().enumerate().map(|(at, (x, label))| {
        let class = if many && at % 2 == 1 { "middle spare" } else { "middle" };
        format!(
            "<line class=\"tick\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"{from}\" y2=\"{to}\"/><text class=\"{class}\" x=\"{x:.2}%\" y=\"{y}\">{label}</text>\n"
        )
    });
    lines.collect::<Vec<_>>().concat()
}

fn top(place: f64) -> f64 {
    ABOVE + (1.0 - place) * HEIGHT
}
