//! Reads the vectors.

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// The path of a vector file.
pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)
}

/// The bytes of a vector file.
pub(crate) fn bytes(name: &str) -> Vec<u8> {
    fs::read(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A vector file that is text.
pub(crate) fn text(name: &str) -> String {
    String::from_utf8(bytes(name)).unwrap()
}

/// A vector file that is JSON.
pub(crate) fn json(name: &str) -> Value {
    serde_json::from_slice(&bytes(name)).unwrap()
}

/// The body of a signature case, as its README describes it.
pub(crate) fn body(rule: &Value) -> Option<Vec<u8>> {
    if rule.is_null() {
        return None;
    }
    if let Some(text) = rule["utf8"].as_str() {
        return Some(text.as_bytes().to_vec());
    }
    if let Some(text) = rule["base64"].as_str() {
        return Some(STANDARD.decode(text).unwrap());
    }
    let rule = &rule["generator"];
    let number = |name: &str| usize::try_from(rule[name].as_u64().unwrap()).unwrap();
    let length = number("length");
    Some(match rule["rule"].as_str().unwrap() {
        "repeat" => {
            let unit = STANDARD.decode(rule["unit_base64"].as_str().unwrap()).unwrap();
            unit.into_iter().cycle().take(length).collect()
        }
        "counter" => {
            let (multiplier, offset) = (number("multiplier"), number("offset"));
            (0..length).map(|i| u8::try_from((i * multiplier + offset) % 256).unwrap()).collect()
        }
        other => panic!("unknown generator {other}"),
    })
}
