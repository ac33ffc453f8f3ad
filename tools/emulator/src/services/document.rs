//! Members of a JSON object.

use serde_json::Value;

/// Sets a member of an object.
pub(super) fn set(document: &mut Value, name: &str, value: impl Into<Value>) {
    if let Value::Object(members) = document {
        members.insert(name.to_owned(), value.into());
    }
}

/// Returns a member that is a text, and an empty text for anything else.
pub(super) fn text<'a>(document: &'a Value, name: &str) -> &'a str {
    document.get(name).and_then(Value::as_str).unwrap_or_default()
}
