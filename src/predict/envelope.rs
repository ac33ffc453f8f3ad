//! The body `{"ENDPOINT": ..., "PAYLOAD": ...}` of an Oracle sample, for callers that cannot send a header.
//!
//! Source: OCI services, competing ways; the payload is JSON in a text there, and may be plain JSON here.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "ENDPOINT", borrow)]
    endpoint: Cow<'a, str>,
    #[serde(rename = "PAYLOAD", borrow)]
    payload: &'a RawValue,
}

/// The target and the body inside of an envelope; None if the body is none.
pub(super) fn opened(body: &Bytes) -> Option<(String, Bytes)> {
    // A list of two would do for the parser as well.
    if !body.trim_ascii_start().starts_with(b"{") {
        return None;
    }
    let Envelope { endpoint, payload } = serde_json::from_slice(body).ok()?;
    let inside = match serde_json::from_str::<String>(payload.get()) {
        Ok(text) => Bytes::from(text),
        Err(_not_text) => body.slice_ref(payload.get().as_bytes()),
    };
    Some((endpoint.into_owned(), inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened_text(body: &'static str) -> Option<(String, String)> {
        let (endpoint, inside) = opened(&Bytes::from_static(body.as_bytes()))?;
        Some((endpoint, String::from_utf8(inside.to_vec()).unwrap()))
    }

    #[test]
    fn the_payload_is_json_in_a_text_or_as_it_is() {
        for body in [
            r#"{"ENDPOINT": "iris", "PAYLOAD": "{\"data\": [1.50]}"}"#,
            r#"{"PAYLOAD": {"data": [1.50]}, "ENDPOINT": "\u0069ris", "more": 1}"#,
        ] {
            let expected = Some(("iris".to_owned(), r#"{"data": [1.50]}"#.to_owned()));
            assert_eq!(opened_text(body), expected, "{body}");
        }
    }

    #[test]
    fn anything_else_is_no_envelope() {
        for body in [
            "",
            "{}",
            r#"["abc", [1, 2]]"#,
            "[]",
            r#"{"ENDPOINT": "x"}"#,
            r#"{"PAYLOAD": 1}"#,
            r#"{"ENDPOINT": 1, "PAYLOAD": 1}"#,
            r#"{"endpoint": "x", "payload": 1}"#,
            r#"{"ENDPOINT": "x", "ENDPOINT": "y", "PAYLOAD": 1}"#,
            r#"{"ENDPOINT": "x", "PAYLOAD": 1"#,
        ] {
            assert_eq!(opened_text(body), None, "{body}");
        }
    }
}
