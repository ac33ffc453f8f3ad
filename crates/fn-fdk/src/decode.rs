//! Reads a body for a handler. The errors go into the log, so they repeat nothing of the body.

use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::error::StatusError;

pub(super) fn text(body: &[u8]) -> Result<&str, StatusError> {
    str::from_utf8(body).map_err(|error| {
        let place = error.valid_up_to();
        StatusError::bad_request(format!("the body is not text in UTF-8, from byte {place} on"))
    })
}

pub(super) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, StatusError> {
    serde_json::from_slice(body).map_err(|error| {
        let what = match error.classify() {
            Category::Syntax | Category::Eof | Category::Io => "is not JSON",
            Category::Data => "does not fit",
        };
        StatusError::bad_request(format!("the body {what}: {}", reason(&error)))
    })
}

/// Returns serde's message without the part that repeats the body: `invalid type: string "...",
/// expected u32`.
fn reason(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let place = format!("at line {line} column {column}");
    let said = error.to_string();
    let said = said.strip_suffix(&place).unwrap_or(&said).trim_end();
    let of_the_type = said.starts_with("missing field `");
    match (error.classify(), said.rsplit_once(", expected ")) {
        (Category::Data, Some((_, expected))) => format!("expected {expected} {place}"),
        (Category::Data, None) if !of_the_type => place,
        (_, _) => format!("{said} {place}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_mistake_is_told_with_its_place_and_without_the_body() {
        for (body, told) in [
            ("", "is not JSON: EOF while parsing a value at line 1 column 0"),
            ("{\"a\": 1", "is not JSON: EOF while parsing an object at line 1 column 7"),
            ("{\"a\" 1}", "is not JSON: expected `:` at line 1 column 6"),
            ("secret", "is not JSON: expected value at line 1 column 1"),
            ("{\"a\": \"secret\"}", "does not fit: expected u8 at line 1 column 14"),
            ("{\"a\": \", expected secret\"}", "does not fit: expected u8 at line 1 column 25"),
            ("{\"a\": 4711}", "does not fit: expected u8 at line 1 column 10"),
            ("[\"secret\"]", "does not fit: expected a map at line 1 column 0"),
        ] {
            let error = json::<BTreeMap<String, u8>>(body.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), format!("the body {told}"), "{body}");
            assert_eq!((error.status().as_u16(), error.code()), (400, "InvalidParameter"));
            let shown = format!("{error:?} {}", super::super::error_chain(&error));
            assert!(!shown.contains("secret") && !shown.contains("4711"), "{shown}");
        }
        let error = text(b"ab\xff").unwrap_err();
        assert_eq!(error.to_string(), "the body is not text in UTF-8, from byte 2 on");
    }
}
