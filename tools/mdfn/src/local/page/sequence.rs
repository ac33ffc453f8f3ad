//! The sequence of a call: a line down for each part of the cloud, an arrow for each message.

use chrono::DateTime;
use emulator::cloud::calls::Call;
use maud::{Markup, html};
use serde_json::Value;

use super::claim::claim;
use super::html::shown;
use super::list::took;

/// The parts, from left to right; a name of two words has a line each, and the longest one a place
/// above on a narrow screen.
const PARTS: [(&str, &str); 6] = [
    ("", "client"),
    ("identity", "domain"),
    ("", "gateway"),
    ("", "function"),
    ("", "deployment"),
    ("", "collector"),
];
const CLIENT: usize = 0;
const IDENTITY: usize = 1;
const GATEWAY: usize = 2;
const FUNCTION: usize = 3;
const DEPLOYMENT: usize = 4;
const COLLECTOR: usize = 5;

/// The position of the first message, and the distance to the next one, in pixels.
const TOP: usize = 66;
const STEP: usize = 36;
/// The most that is written at an arrow: what a narrow screen has room for, in characters.
const MAX_CHARACTERS: usize = 36;
/// The most requests to the deployment that are drawn: more than a call ever makes.
const MAX_REQUESTS: usize = 12;

/// One message.
struct Message {
    from: usize,
    to: usize,
    text: String,
    bad: bool,
}

impl Message {
    fn new(from: usize, to: usize, text: impl Into<String>) -> Self {
        Self { from, to, text: text.into(), bad: false }
    }

    fn bad(self, bad: bool) -> Self {
        Self { bad, ..self }
    }

    /// Returns whether the message is an answer: only answers go to the left.
    fn is_answer(&self) -> bool {
        self.to < self.from
    }
}

/// Returns the section with the drawing.
pub(super) fn section(call: &Call) -> Markup {
    let messages = messages(call);
    let height = TOP + STEP * messages.len();
    html! {
        section {
            h2 { "Sequence of calls" }
            svg.sequence width="100%" height=(height) role="img" aria-label="Sequence diagram: the messages between the services, in order" {
                defs { (head("head")) (head("bad-head")) }
                @for (part, name) in PARTS.into_iter().enumerate() {
                    (lifeline(part, if part == FUNCTION { host(call) } else { name }, height))
                }
                @for (at, message) in messages.iter().enumerate() { (arrow(at, message)) }
            }
            @if call.exchange.dispatch.is_none() && call.exchange.relayed.is_none() {
                p.empty { "The gateway answered itself. Neither function nor server was called." }
            }
        }
    }
}

/// Returns the messages, as far as the parts know of them.
fn messages(call: &Call) -> Vec<Message> {
    let exchange = &call.exchange;
    let mut messages = Vec::new();
    if claim(call, "client_id").is_some() {
        messages.push(Message::new(CLIENT, IDENTITY, "earlier: client id and secret"));
        messages.push(Message::new(IDENTITY, CLIENT, token(call)));
    }
    let with = if exchange.claims.is_null() { "" } else { ", with the token" };
    let request = format!("{} {}", exchange.method, exchange.path);
    messages.push(Message::new(
        CLIENT,
        GATEWAY,
        shortened(&request, MAX_CHARACTERS - with.len()) + with,
    ));
    if let Some(dispatch) = &exchange.dispatch {
        let trace = dispatch.trace_id.as_ref().map(|id| format!(", trace {id}"));
        let call_of = format!("POST /call{}", trace.unwrap_or_default());
        messages.push(Message::new(GATEWAY, FUNCTION, call_of));
        messages.extend(requests(call));
        match call.spans.len() {
            0 => {}
            1 => messages.push(Message::new(FUNCTION, COLLECTOR, "1 span")),
            spans => messages.push(Message::new(FUNCTION, COLLECTOR, format!("{spans} spans"))),
        }
        messages.push(Message::new(FUNCTION, GATEWAY, "reply"));
    }
    if let Some(relayed) = &exchange.relayed {
        messages.push(Message::new(GATEWAY, FUNCTION, exchange.method.as_str()));
        messages.extend(requests(call));
        let pieces = format!("{} pieces", relayed.count);
        messages.push(Message::new(FUNCTION, GATEWAY, pieces).bad(!relayed.is_whole));
    }
    let answer = format!("{} after {}", exchange.status, took(call));
    messages.push(Message::new(GATEWAY, CLIENT, answer).bad(exchange.status >= 400));
    messages
}

/// What the deployment was asked, and what it made of the signature.
fn requests(call: &Call) -> impl Iterator<Item = Message> {
    call.requests.iter().take(MAX_REQUESTS).flat_map(|asked| {
        let answer = match &asked.verdict {
            Ok(_) => Message::new(DEPLOYMENT, FUNCTION, "signature valid"),
            Err(_) => Message::new(DEPLOYMENT, FUNCTION, "401, signature refused").bad(true),
        };
        [Message::new(FUNCTION, DEPLOYMENT, format!("{}, signed", asked.method)), answer]
    })
}

/// What the part between gateway and deployment is.
fn host(call: &Call) -> (&'static str, &'static str) {
    if call.exchange.relayed.is_some() { ("", "server") } else { ("", "function") }
}

/// What the identity domain gave: the token itself is nowhere.
fn token(call: &Call) -> String {
    let scope = claim(call, "scope").unwrap_or_default();
    let expires = call.exchange.claims.get("exp").and_then(Value::as_i64);
    let expires = expires.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let until = expires.map(|time| time.format(", until %H:%M:%S").to_string());
    format!("token, scope {scope}{}", until.unwrap_or_default())
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// Returns the middle of a part's column, in hundredths of a per cent.
fn middle(part: usize) -> usize {
    (2 * part + 1) * 10_000 / (2 * PARTS.len())
}

fn percent(hundredths: usize) -> String {
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

fn lifeline(part: usize, (above, name): (&str, &str), height: usize) -> Markup {
    let x = percent(middle(part));
    html! {
        line.life x1=(x) x2=(x) y1="36" y2=(height) {}
        @if !above.is_empty() { text.part x=(x) y="13" { (above) } }
        text.part.raised[part == DEPLOYMENT] x=(x) y="28" { (name) }
    }
}

fn arrow(at: usize, message: &Message) -> Markup {
    let y = TOP + STEP * at;
    let (left, right) = (message.from.min(message.to), message.from.max(message.to));
    // What is written grows towards the middle of the drawing, where there is room on a narrow
    // screen too.
    let (anchor, x, shift) = if left == CLIENT {
        ("start", middle(left), "8")
    } else if right == COLLECTOR {
        ("end", middle(right), "-8")
    } else {
        ("middle", usize::midpoint(middle(left), middle(right)), "0")
    };
    let is_bad = message.bad && message.is_answer();
    let end = if is_bad { "url(#bad-head)" } else { "url(#head)" };
    html! {
        text.said text-anchor=(anchor) x=(percent(x)) dx=(shift) y=(y - 7) {
            (shown(&shortened(&message.text, MAX_CHARACTERS)))
        }
        line.arrow.answer[message.is_answer()].bad[is_bad] x1=(percent(middle(message.from)))
            x2=(percent(middle(message.to))) y1=(y) y2=(y) marker-end=(end) {}
    }
}

fn head(id: &str) -> Markup {
    html! {
        marker id=(id) viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto" {
            path d="M0 0L8 4L0 8z" {}
        }
    }
}
