//! A server as the back end of a route, above all the streaming server: what it is shown, and how
//! long it is waited for.
//!
//! Source: docs/spec/oci-services.md#http-back-end.

use emulator::gateway::document::SECRET_HEADER;
use serde_json::Value;

use super::headers::Transformations;
use super::value::text;
use crate::gateway_spec::findings::{Findings, Place};

/// The timeouts of a back end, and the most that each may be.
const TIMEOUTS: [(&str, f64); 3] = [
    ("connectTimeoutInSeconds", 75.0),
    ("readTimeoutInSeconds", 300.0),
    ("sendTimeoutInSeconds", 300.0),
];
/// The shortest secret that the streaming server takes, in bytes.
const MIN_SECRET: usize = 16;
/// A model may take so long for its first word, in seconds.
const FIRST_WORD: f64 = 60.0;

/// What the service would not take, of any server.
pub(super) fn check(backend: &Value, place: &Place, findings: &mut Findings) {
    for (name, most) in TIMEOUTS {
        let time = backend.get(name).and_then(Value::as_f64);
        if time.is_some_and(|time| !(1.0..=most).contains(&time)) {
            findings.refused(place, &format!("`{name}` is not between 1 and {most}"));
        }
    }
}

/// Whether a back end is the streaming server: one that is shown a target or the secret.
pub(super) fn is_streaming_server(backend: &Value, headers: &Transformations<'_>) -> bool {
    let is_server = text(backend, "type") == Some("HTTP_BACKEND") || backend.get("url").is_some();
    is_server && (headers.has_target() || headers.sets(SECRET_HEADER).next().is_some())
}

/// Judges a route with this path to the streaming server.
pub(super) fn judge(
    backend: &Value,
    path: &str,
    headers: &Transformations<'_>,
    place: &Place,
    findings: &mut Findings,
) {
    proof(headers, place, findings);
    let url = text(backend, "url").unwrap_or_default();
    if url.starts_with("http://") {
        findings.note(
            place,
            "its `url` is plain http: the secret and all bodies can be read on the way; keep it inside of your network",
        );
    }
    if path.contains("*}") && !url.contains("${request.path[") {
        findings.note(place, "its `url` is without the rest of the path; the server sees one path");
    }
    let read = backend.get("readTimeoutInSeconds").and_then(Value::as_f64).unwrap_or(10.0);
    if read < FIRST_WORD {
        let text = format!(
            "`readTimeoutInSeconds` is {read}: a model that takes longer for its first word is answered with 504; at most 300"
        );
        findings.note(place, &text);
    }
}

/// The header by which the server knows the gateway. Its value is never quoted.
fn proof(headers: &Transformations<'_>, place: &Place, findings: &mut Findings) {
    let mut set = headers.sets(SECRET_HEADER);
    let Some(proof) = set.next() else {
        let text = format!("it sets no `{SECRET_HEADER}`; the server answers 403");
        findings.refused(place, &text);
        return;
    };
    if !proof.is_overwritten() {
        let text = format!(
            "`{SECRET_HEADER}` is not set with OVERWRITE; a client's own value passes, and the server answers 403"
        );
        findings.refused(place, &text);
    }
    let [secret] = proof.values() else {
        let text = format!("`{SECRET_HEADER}` has several values; the server answers 403");
        findings.refused(place, &text);
        return;
    };
    if secret.contains("${") {
        let text = format!("`{SECRET_HEADER}` is made from the request, so that callers choose it");
        findings.r#unsafe(place, &text);
    } else if secret.len() < MIN_SECRET {
        let text = format!(
            "`{SECRET_HEADER}` is shorter than the {MIN_SECRET} bytes that the server asks for"
        );
        findings.refused(place, &text);
    }
    if !headers.passes(SECRET_HEADER) {
        let text = format!("the filter takes `{SECRET_HEADER}` away; the server answers 403");
        findings.refused(place, &text);
    }
}
