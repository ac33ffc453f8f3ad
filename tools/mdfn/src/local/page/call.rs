//! The page of one call: who spoke to whom, where the time went, and what was signed.

use super::claim::claim;
use super::html::{Text, definition, document};
use super::list::{status, took};
use super::{sequence, signature, spans};
use emulator::clock::rfc3339;
use emulator::cloud::calls::Call;

/// The page of the call at this place of the list.
pub(super) fn page(calls: &[Call], at: usize) -> String {
    let Some(call) = calls.get(at) else {
        return String::new();
    };
    let link = |at: Option<usize>, text| {
        let call = at.and_then(|at| calls.get(at));
        call.map(|call| format!("<a href=\"/calls/{}\">{text}</a>", call.number))
            .unwrap_or_default()
    };
    let exchange = &call.exchange;
    let title = format!("{} {}", exchange.method, exchange.path);
    let body = format!(
        "<main>\n<nav><a href=\"/\">All calls</a>{}{}</nav>\n<h1>{} {}</h1>\n{}{}{}{}</main>\n",
        link(at.checked_sub(1), "Earlier"),
        link(Some(at + 1), "Later"),
        Text(&title),
        status(exchange.status),
        facts(call),
        sequence::section(call),
        spans::section(call),
        signature::section(call),
    );
    document(&format!("{title} - mdfn local"), "", &body)
}

fn facts(call: &Call) -> String {
    let exchange = &call.exchange;
    let time = rfc3339(exchange.received).replace('T', " ").replace('Z', " UTC");
    let mut facts = vec![("Time", time), ("Duration", took(call))];
    if let Some(client) = claim(call, "client_id") {
        let scope = claim(call, "scope").unwrap_or_default();
        facts.push(("Client", format!("{client}, scope {scope}")));
    }
    if let Some(trace) = exchange.dispatch.as_ref().and_then(|dispatch| dispatch.trace_id.clone()) {
        facts.push(("Trace", trace));
    }
    let facts = facts.iter().map(|(name, value)| definition(name, &Text(value).to_string()));
    format!("<dl class=\"facts\">\n{}</dl>\n", facts.collect::<String>())
}
