//! How words and numbers are written.

use std::time::Duration;

use chrono::DateTime;
use maud::{Markup, html};

use crate::logs::call::Class;

/// Returns a text of anybody's, as it is shown; `?` for what is neither a letter, a digit nor
/// visible ASCII.
pub(super) fn visible(text: &str) -> String {
    let is_visible = |char: char| char == ' ' || char.is_ascii_graphic() || char.is_alphanumeric();
    text.chars().map(|char| if is_visible(char) { char } else { '?' }).collect()
}

/// `20,000`.
pub(super) fn number(number: usize) -> String {
    grouped(&number.to_string())
}

/// Milliseconds without their unit, for a column: `0.13`, `102.4`, `29,520`.
pub(super) fn milliseconds(ms: f64) -> String {
    match ms {
        0.0..99.995 => format!("{ms:.2}"),
        0.0..999.95 => format!("{ms:.1}"),
        _ => grouped(&format!("{ms:.0}")),
    }
}

fn grouped(digits: &str) -> String {
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns milliseconds in a readable form: `0.13 ms`, `455 ms`, `28.0 s`.
pub(super) fn time(ms: f64) -> String {
    match ms {
        0.0..9.995 => format!("{ms:.2} ms"),
        0.0..99.95 => format!("{ms:.1} ms"),
        0.0..999.5 => format!("{ms:.0} ms"),
        0.0..99_950.0 => format!("{:.1} s", ms / 1000.0),
        _ => format!("{} s", grouped(&format!("{:.0}", ms / 1000.0))),
    }
}

/// Returns what has passed since 1970 in milliseconds as date and time in UTC, in one line.
pub(super) fn moment(ms: u64) -> Markup {
    html! { time { (formatted(ms, "%Y-%m-%d %H:%M:%S")) } }
}

pub(super) fn formatted(ms: u64, form: &str) -> String {
    let time = i64::try_from(ms).ok().and_then(DateTime::from_timestamp_millis);
    time.map_or_else(String::new, |time| time.format(form).to_string())
}

/// Returns how many hundredths of the whole a part is, to a hundredth of one.
pub(super) fn percent(part: u64, whole: u64) -> f64 {
    let parts = u128::from(part) * 10_000 / u128::from(whole.max(1));
    Duration::from_millis(u64::try_from(parts).unwrap_or(u64::MAX)).as_secs_f64() * 10.0
}

/// `percent`, of counts and for a person: what is there is not written as nothing, nor what is not
/// all as all.
pub(super) fn share(part: usize, whole: usize) -> String {
    let count = |count| u64::try_from(count).unwrap_or(u64::MAX);
    let percent = percent(count(part), count(whole));
    match percent {
        _ if part == whole => "100 %".to_owned(),
        _ if part > 0 && percent < 0.1 => "< 0.1 %".to_owned(),
        _ if percent >= 99.95 => "> 99.9 %".to_owned(),
        _ => format!("{percent:.1} %"),
    }
}

/// The classes in the order in which they are named, each with what a person calls it.
pub(super) const CLASSES: [(Class, &str); 4] = [
    (Class::Success, "2xx"),
    (Class::Client, "4xx"),
    (Class::Server, "5xx"),
    (Class::Other, "other status"),
];

/// Returns the name of a class in the style, and of its mark.
pub(super) fn class(class: Class) -> &'static str {
    match class {
        Class::Success => "success",
        Class::Other => "other",
        Class::Client => "client",
        Class::Server => "server",
    }
}

/// Returns the mark of a class beside a word; the timeline has its shape.
pub(super) fn mark(of: Class) -> Markup {
    html! {
        svg.key width="12" height="12" aria-hidden="true" {
            use href={ "#" (class(of)) } x="6" y="6" {}
        }
    }
}

/// Returns the colour of a part beside a word.
pub(super) fn swatch(part: &str) -> Markup {
    html! {
        svg.key width="12" height="12" aria-hidden="true" {
            rect class=(part) y="1" width="10" height="10" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_a_text() {
        for (text, expected) in [
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("\" onload='x' &amp;", "&quot; onload='x' &amp;amp;"),
            ("a\0b\x1b[31m\u{202e}\u{7f}\u{85}\n", "a?b?[31m????"),
            ("Zürich 東京", "Zürich 東京"),
        ] {
            let page = html! { p title=(visible(text)) { (visible(text)) } };
            assert_eq!(page.0, format!("<p title=\"{expected}\">{expected}</p>"));
        }
    }

    #[test]
    fn numbers_are_written_for_a_person() {
        for (value, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(number(value), text);
        }
        for (ms, text) in [
            (0.0, "0.00 ms"),
            (9.994, "9.99 ms"),
            (9.996, "10.0 ms"),
            (99.96, "100 ms"),
            (999.4, "999 ms"),
            (999.6, "1.0 s"),
            (28002.0, "28.0 s"),
            (99_960.0, "100 s"),
            (1e9, "1,000,000 s"),
        ] {
            assert_eq!(time(ms), text);
        }
        for (ms, text) in
            [(0.0, "0.00"), (99.99, "99.99"), (99.996, "100.0"), (29_519.99, "29,520")]
        {
            assert_eq!(milliseconds(ms), text);
        }
        for (part, whole, text) in [
            (0, 4, "0.0 %"),
            (1, 4, "25.0 %"),
            (4, 4, "100 %"),
            (1, 200_000, "< 0.1 %"),
            (199_999, 200_000, "> 99.9 %"),
        ] {
            assert_eq!(share(part, whole), text);
        }
    }
}
