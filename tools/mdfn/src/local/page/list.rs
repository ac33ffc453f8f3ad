//! The list of requests.

use emulator::clock::rfc3339;
use emulator::cloud::calls::{Call, KEPT};
use maud::{Markup, html};

use super::html::{document, shown};
use crate::local::waterfall::milliseconds;

pub(super) fn page(deployment: &str, calls: &[Call]) -> Markup {
    // The list shows new requests by itself.
    let head = html! { meta http-equiv="refresh" content="5"; };
    let body = html! {
        main {
            h1 { "Requests" }
            p {
                "Requests to " code { (shown(deployment)) }
                ", newest first. The last " (KEPT) " are stored. The list refreshes every 5 s."
            }
            @if calls.is_empty() {
                p.empty { "No requests yet." }
            } @else {
                table {
                    thead {
                        tr { th { "Time, UTC" } th { "Request" } th { "Status" } th.number { "Duration" } }
                    }
                    tbody { @for call in calls.iter().rev() { (row(call)) } }
                }
            }
        }
    };
    document("Requests - mdfn local", &head, &body)
}

fn row(call: &Call) -> Markup {
    let Call { number, exchange, .. } = call;
    let time = rfc3339(exchange.received);
    let time = time.split_once('T').map_or("", |(_, time)| time.trim_end_matches('Z'));
    html! {
        tr {
            td.time { (time) }
            td {
                a href={ "/calls/" (number) } { (shown(&exchange.method)) " " (shown(&exchange.path)) }
                small { (summary(call)) }
            }
            td { (status(exchange.status)) }
            td.number { (took(call)) }
        }
    }
}

/// Returns how far the call came.
fn summary(call: &Call) -> String {
    let host = match (&call.exchange.dispatch, &call.exchange.relayed) {
        (Some(_), _) => "function",
        (None, Some(_)) => "server",
        (None, None) => return "answered by the gateway".to_owned(),
    };
    let verified = call.requests.iter().filter(|asked| asked.verdict.is_ok()).count();
    let signatures = match (verified, call.requests.len() - verified) {
        (0, 0) => format!("answered by the {host}"),
        (1, 0) => "signature verified".to_owned(),
        (verified, 0) => format!("{verified} signatures verified"),
        (0, 1) => "signature refused".to_owned(),
        (verified, refused) => format!("signatures: {verified} verified, {refused} refused"),
    };
    if let Some(relayed) = &call.exchange.relayed {
        return format!("{signatures}, {} pieces", relayed.count);
    }
    match call.spans.len() {
        0 => signatures,
        1 => signatures + ", 1 span",
        spans => format!("{signatures}, {spans} spans"),
    }
}

/// Returns a status, coloured by its kind.
pub(super) fn status(status: u16) -> Markup {
    let kind = if status < 400 { "good" } else { "bad" };
    html! { span.status.(kind) { (status) } }
}

/// Returns how long a call took at the gateway.
pub(super) fn took(call: &Call) -> String {
    milliseconds(u64::try_from(call.exchange.took.as_micros()).unwrap_or(u64::MAX))
}
