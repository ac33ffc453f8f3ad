//! What the deployment verified: which headers were signed, and who signed.

use emulator::cloud::calls::{Asked, Call};
use maud::{Markup, html};

use super::html::{definition, shown};

/// Returns the section about the requests to the deployment; nothing if it was asked nothing.
pub(super) fn section(call: &Call) -> Markup {
    html! {
        @if !call.requests.is_empty() {
            section.signature {
                h2 { "Signature, as the model deployment verified it" }
                @for asked in &call.requests { (request(call, asked)) }
            }
        }
    }
}

fn request(call: &Call, asked: &Asked) -> Markup {
    let code = |text: &str| html! { code { (shown(text)) } };
    let span = call.spans.iter().find(|span| Some(&span.id) == asked.span_id.as_ref());
    html! {
        dl {
            (definition("Request", &code(&format!("{} {}", asked.method, asked.path))))
            @match &asked.verdict {
                Ok(verified) => {
                    (definition("Signature", &html! {
                        span.good { "valid" } "; body digest and date match"
                    }))
                    (definition("Signed headers", &html! {
                        @for (at, name) in verified.headers.split(' ').enumerate() {
                            @if at > 0 { " " }
                            (code(name))
                        }
                    }))
                    (definition("Signed by", &code(&verified.resource)))
                }
                Err(refusal) => (definition("Signature", &html! {
                    span.bad { "refused" } ": " (shown(&refusal.to_string()))
                })),
            }
            @if let Some(name) = span.and_then(|span| span.name.as_deref()) {
                (definition("Span", &code(name)))
            }
        }
    }
}
