//! The body `{"ENDPOINT": ..., "PAYLOAD": ...}` of an Oracle sample, for callers that cannot set a
//! header.
//!
//! Source: docs/spec/oci-services.md#envelope.

use std::borrow::Cow;
use std::collections::BTreeMap;

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

/// A body that has `ENDPOINT` and is not an envelope.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Unreadable;

/// Returns the target and the body inside an envelope; None if the body names no target.
pub(super) fn opened(body: &Bytes) -> Result<Option<(String, Bytes)>, Unreadable> {
    // The parser would accept a list of two as well.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Ok(None);
    }
    let Ok(Envelope { endpoint, payload }) = serde_json::from_slice(body) else {
        return if names_target(body) { Err(Unreadable) } else { Ok(None) };
    };
    let inside = match serde_json::from_str::<String>(payload.get()) {
        Ok(text) => Bytes::from(text),
        Err(_not_text) => body.slice_ref(payload.get().as_bytes()),
    };
    Ok(Some((endpoint.into_owned(), inside)))
}

/// Returns whether a JSON object has a member `ENDPOINT`, once or repeatedly.
fn names_target(body: &[u8]) -> bool {
    serde_json::from_slice::<BTreeMap<Cow<'_, str>, &RawValue>>(body)
        .is_ok_and(|members| members.contains_key("ENDPOINT"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened_text(body: &'static str) -> Result<Option<(String, String)>, Unreadable> {
        let opened = opened(&Bytes::from_static(body.as_bytes()))?;
        let text = |inside: Bytes| String::from_utf8(inside.to_vec()).unwrap();
        Ok(opened.map(|(endpoint, inside)| (endpoint, text(inside))))
    }

    #[test]
    fn the_payload_is_json_in_a_text_or_as_it_is() {
        for body in [
            r#"{"ENDPOINT": "iris", "PAYLOAD": "{\"data\": [1.50]}"}"#,
            r#"{"PAYLOAD": {"data": [1.50]}, "ENDPOINT": "\u0069ris", "more": 1}"#,
        ] {
            let expected = Some(("iris".to_owned(), r#"{"data": [1.50]}"#.to_owned()));
            assert_eq!(opened_text(body), Ok(expected), "{body}");
        }
    }

    #[test]
    fn a_body_that_names_no_target_is_no_envelope() {
        for body in [
            "",
            "{}",
            r#"["abc", [1, 2]]"#,
            "[]",
            r#"{"PAYLOAD": 1}"#,
            r#"{"endpoint": "x", "payload": 1}"#,
            r#"{"data": {"ENDPOINT": "x"}}"#,
            // Not JSON: that is reported later.
            r#"{"ENDPOINT": "x", "PAYLOAD": 1"#,
        ] {
            assert_eq!(opened_text(body), Ok(None), "{body}");
        }
    }

    #[test]
    fn a_target_that_is_not_named_as_an_envelope_does_is_not_passed_over() {
        for body in [
            r#"{"ENDPOINT": "x"}"#,
            r#"{"ENDPOINT": 1, "PAYLOAD": 1}"#,
            r#"{"ENDPOINT": null, "PAYLOAD": 1}"#,
            r#"{"ENDPOINT": "x", "ENDPOINT": "y", "PAYLOAD": 1}"#,
            r#"{"ENDPOINT": "x", "PAYLOAD": 1, "PAYLOAD": 2}"#,
            r#"{"\u0045NDPOINT": ["x"], "PAYLOAD": 1}"#,
        ] {
            assert_eq!(opened_text(body), Err(Unreadable), "{body}");
        }
    }
}
