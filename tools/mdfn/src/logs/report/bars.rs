//! The slowest calls, each as a bar of its parts.

use super::page::{escaped, mark, moment, swatch, time};
use crate::logs::call::{Call, PARTS};

pub(super) fn section(slowest: &[Call]) -> String {
    let Some(longest) = slowest.first().map(|call| call.total) else { return String::new() };
    let calls: Vec<String> = slowest.iter().map(|call| item(call, longest)).collect();
    let legend = PARTS.map(|part| format!("<span>{}{part}</span>", swatch(part)));
    format!(
        "<section>
<h2>The slowest calls</h2>
<p class=\"legend\">{}</p>
<ol class=\"slowest\">
{}</ol>
</section>
",
        legend.join(" "),
        calls.concat()
    )
}

fn item(call: &Call, longest: f64) -> String {
    let parts = PARTS.iter().zip(call.parts);
    let parts = parts.filter_map(|(part, ms)| Some(format!("{part} {}", time(ms?))));
    let parts: Vec<String> = parts.collect();
    let tries = match call.tries.as_str() {
        "" => String::new(),
        tries => format!(" · tries {}", escaped(tries)),
    };
    let first = if call.first { " · first of its process" } else { "" };
    let when = call.time.map_or_else(String::new, |time| format!(" · {} UTC", moment(time)));
    let why = if call.why.is_empty() {
        String::new()
    } else {
        format!("<p>{}</p>\n", escaped(&call.why))
    };
    let ids = [
        ("call", &call.id),
        ("opc_request_id", &call.opc_request_id),
        ("deployment_request_id", &call.deployment_request_id),
    ];
    let ids = ids.iter().filter(|(_, id)| !id.is_empty());
    let ids = ids.map(|(name, id)| {
        format!("<div><dt>{name}</dt><dd><code>{}</code></dd></div>\n", escaped(id))
    });
    format!(
        "<li>
<p><b>{}</b> {}{} {}{tries}{first}{when}</p>
{}
<p class=\"note\">{}</p>
{why}<dl>
{}</dl>
</li>
",
        time(call.total),
        mark(call.class()),
        escaped(&call.status),
        escaped(&call.code),
        bar(call, longest, &parts.join(", ")),
        parts.join(" · "),
        ids.collect::<Vec<_>>().concat()
    )
}

/// As long as its share of the longest call; what the line does not say of its parts stays empty.
fn bar(call: &Call, longest: f64, title: &str) -> String {
    // A call that took no time at all has no length.
    let length = |ms: f64| if longest > 0.0 { ms / longest * 100.0 } else { 0.0 };
    let mut from = 0.0;
    let mut drawn = Vec::new();
    for (part, ms) in PARTS.iter().zip(call.parts) {
        let to = (from + ms.unwrap_or_default()).min(call.total);
        if to > from {
            drawn.push(format!(
                "<rect class=\"{part}\" x=\"{:.3}%\" width=\"{:.3}%\" height=\"16\"/>",
                length(from),
                length(to - from)
            ));
        }
        from = to;
    }
    format!(
        "<svg class=\"bar\" height=\"16\" role=\"img\"><title>{title}</title><rect class=\"track\" width=\"{:.3}%\" height=\"16\"/>{}</svg>",
        length(call.total),
        drawn.concat()
    )
}
