//! The list of calls.

use super::html::{Text, document};
use crate::local::waterfall::milliseconds;
use emulator::clock::rfc3339;
use emulator::cloud::calls::{Call, KEPT};

/// How often the list looks for new calls.
const REFRESH: &str = "<meta http-equiv=\"refresh\" content=\"5\">\n";

pub(super) fn page(deployment: &str, calls: &[Call]) -> String {
    let rows: String = calls.iter().rev().map(row).collect();
    let table = if rows.is_empty() {
        "<p class=\"empty\">No call yet.</p>\n".to_owned()
    } else {
        format!(
            "<table>\n<thead><tr><th>Time, UTC</th><th>Call</th><th>Status</th><th class=\"number\">Duration</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n"
        )
    };
    let body = format!(
        "<main>\n<h1>Calls</h1>\n<p>What was asked of <code>{}</code>, the last {KEPT} calls, the latest first. The list looks for new ones every 5 s.</p>\n{table}</main>\n",
        Text(deployment)
    );
    document("Calls - mdfn local", REFRESH, &body)
}

fn row(call: &Call) -> String {
    let Call { number, exchange, .. } = call;
    let time = rfc3339(exchange.received);
    let time = time.split_once('T').map_or("", |(_, time)| time.trim_end_matches('Z'));
    format!(
        "<tr><td class=\"time\">{}</td><td><a href=\"/calls/{number}\">{} {}</a><small>{}</small></td><td>{}</td><td class=\"number\">{}</td></tr>\n",
        Text(time),
        Text(&exchange.method),
        Text(&exchange.path),
        summary(call),
        status(exchange.status),
        took(call),
    )
}

/// How far the call came.
fn summary(call: &Call) -> String {
    if call.exchange.dispatch.is_none() {
        return "answered by the gateway".to_owned();
    }
    let verified = call.requests.iter().filter(|asked| asked.verdict.is_ok()).count();
    let signatures = match (verified, call.requests.len() - verified) {
        (0, 0) => "answered by the function".to_owned(),
        (1, 0) => "signature verified".to_owned(),
        (verified, 0) => format!("{verified} signatures verified"),
        (0, 1) => "signature refused".to_owned(),
        (verified, refused) => format!("signatures: {verified} verified, {refused} refused"),
    };
    match call.spans.len() {
        0 => signatures,
        1 => signatures + ", 1 span",
        spans => format!("{signatures}, {spans} spans"),
    }
}

/// A status, coloured by its kind.
pub(super) fn status(status: u16) -> String {
    let kind = if status < 400 { "good" } else { "bad" };
    format!("<span class=\"status {kind}\">{status}</span>")
}

/// How long a call took at the gateway.
pub(super) fn took(call: &Call) -> String {
    milliseconds(u64::try_from(call.exchange.took.as_micros()).unwrap_or(u64::MAX))
}
