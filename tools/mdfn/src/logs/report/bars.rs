//! The slowest calls, each as a bar of its parts.

use maud::{Markup, html};

use super::page::{mark, moment, swatch, time, visible};
use crate::logs::call::{Call, PARTS};

pub(super) fn section(slowest: &[Call]) -> Markup {
    let Some(longest) = slowest.first().map(|call| call.total) else { return Markup::default() };
    html! {
        section {
            h2 { "Slowest calls" }
            p.legend { @for part in PARTS { span { (swatch(part)) (part) } " " } }
            ol.slowest { @for call in slowest { (item(call, longest)) } }
        }
    }
}

fn item(call: &Call, longest: f64) -> Markup {
    let parts = PARTS.iter().zip(call.parts);
    let parts = parts.filter_map(|(part, ms)| Some(format!("{part} {}", time(ms?))));
    let parts: Vec<String> = parts.collect();
    let ids = [
        ("call", &call.id),
        ("opc_request_id", &call.opc_request_id),
        ("deployment_request_id", &call.deployment_request_id),
    ];
    html! {
        li {
            p {
                b { (time(call.total)) } " " (mark(call.class()))
                (visible(&call.status)) " " (visible(&call.code))
                @if !call.tries.is_empty() { " · tries " (visible(&call.tries)) }
                @if call.first { " · cold start" }
                @if let Some(time) = call.time { " · " (moment(time)) " UTC" }
            }
            (bar(call, longest, &parts.join(", ")))
            p.note { (parts.join(" · ")) }
            @if !call.why.is_empty() { p { (visible(&call.why)) } }
            dl {
                @for (name, id) in ids.into_iter().filter(|(_, id)| !id.is_empty()) {
                    div { dt { (name) } dd { code { (visible(id)) } } }
                }
            }
        }
    }
}

/// As long as its share of the longest call. Parts that the line does not have stay empty.
fn bar(call: &Call, longest: f64, title: &str) -> Markup {
    // A call that took no time at all has no length.
    let length = |ms: f64| {
        let percent = if longest > 0.0 { ms / longest * 100.0 } else { 0.0 };
        format!("{percent:.3}%")
    };
    let mut from = 0.0;
    let mut drawn = Vec::new();
    for (part, ms) in PARTS.iter().zip(call.parts) {
        let to = (from + ms.unwrap_or_default()).min(call.total);
        if to > from {
            drawn.push((part, length(from), length(to - from)));
        }
        from = to;
    }
    html! {
        svg.bar height="16" role="img" {
            title { (title) }
            rect.track width=(length(call.total)) height="16" {}
            @for (part, x, width) in drawn { rect class=(part) x=(x) width=(width) height="16" {} }
        }
    }
}
