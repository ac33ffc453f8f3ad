//! The page of one call: the sequence of its messages, its spans, and what was signed.

use emulator::clock::rfc3339;
use emulator::cloud::calls::Call;
use maud::{Markup, html};

use super::claim::claim;
use super::html::{definition, document, shown};
use super::list::{status, took};
use super::{pieces, sequence, signature, spans};

/// Returns the page of a call, between an earlier and a later one.
pub(super) fn page(earlier: Option<&Call>, call: &Call, later: Option<&Call>) -> Markup {
    let link = |call: &Call, text| html! { a href={ "/calls/" (call.number) } { (text) } };
    let exchange = &call.exchange;
    let title = format!("{} {}", exchange.method, exchange.path);
    let body = html! {
        main {
            nav {
                a href="/" { "All requests" }
                @if let Some(call) = earlier { (link(call, "Previous")) }
                @if let Some(call) = later { (link(call, "Next")) }
            }
            h1 { (shown(&title)) " " (status(exchange.status)) }
            (facts(call))
            (sequence::section(call))
            (pieces::section(call))
            (spans::section(call))
            (signature::section(call))
        }
    };
    document(&format!("{title} - mdfn local"), &Markup::default(), &body)
}

fn facts(call: &Call) -> Markup {
    let exchange = &call.exchange;
    let time = rfc3339(exchange.received).replace('T', " ").replace('Z', " UTC");
    let client = claim(call, "client_id").map(|client| {
        let scope = claim(call, "scope").unwrap_or_default();
        format!("{client}, scope {scope}")
    });
    let trace = exchange.dispatch.as_ref().and_then(|dispatch| dispatch.trace_id.as_deref());
    let text = |text: &str| html! { (shown(text)) };
    html! {
        dl.facts {
            (definition("Time", &text(&time)))
            (definition("Duration", &text(&took(call))))
            @if let Some(client) = client { (definition("Client", &text(&client))) }
            @if let Some(trace) = trace { (definition("Trace", &text(trace))) }
        }
    }
}
