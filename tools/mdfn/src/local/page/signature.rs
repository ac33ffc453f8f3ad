//! What the deployment verified: which headers were signed, and as whom.

use super::html::{Text, definition};
use emulator::cloud::calls::{Asked, Call};

/// The section about the requests to the deployment; nothing if it was asked nothing.
pub(super) fn section(call: &Call) -> String {
    let requests: String = call.requests.iter().map(|asked| request(call, asked)).collect();
    if requests.is_empty() {
        return String::new();
    }
    format!(
        "<section class=\"signature\">\n<h2>What the model deployment verified</h2>\n{requests}</section>\n"
    )
}

fn request(call: &Call, asked: &Asked) -> String {
    let line = format!("{} {}", asked.method, asked.path);
    let mut facts = vec![definition("Request", &format!("<code>{}</code>", Text(&line)))];
    match &asked.verdict {
        Ok(verified) => {
            let names = verified.headers.split(' ');
            let names = names.map(|name| format!("<code>{}</code>", Text(name)));
            facts.push(definition(
                "Signature",
                "<span class=\"good\">valid</span>, body digest and date as signed",
            ));
            facts.push(definition("Covers", &names.collect::<Vec<_>>().join(" ")));
            facts.push(definition(
                "Token of",
                &format!("<code>{}</code>", Text(&verified.resource)),
            ));
        }
        Err(refusal) => {
            let why = Text(&refusal.to_string()).to_string();
            facts.push(definition(
                "Signature",
                &format!("<span class=\"bad\">refused</span>: {why}"),
            ));
        }
    }
    let span = call.spans.iter().find(|span| Some(&span.id) == asked.span_id.as_ref());
    if let Some(name) = span.and_then(|span| span.name.as_deref()) {
        facts.push(definition("Sent in", &format!("span <code>{}</code>", Text(name))));
    }
    format!("<dl>\n{}</dl>\n", facts.concat())
}
