//! Where a specification is in a document: by itself, in an answer of the OCI CLI, or in a
//! resource of Terraform.

use serde_json::{Map, Value};

use super::spelling::is_spelling;

/// Returns the specification of a document; `None` if there is none.
pub(super) fn specification(document: &Value) -> Option<&Map<String, Value>> {
    let inner: [&[&str]; 4] = [&["data", "specification"], &["data"], &["specification"], &[]];
    inner.iter().find_map(|names| {
        let found = names.iter().try_fold(document, |at, name| at.get(name))?;
        // Terraform's resource has it in a list. A list of anything else is not a specification.
        let found = if names.contains(&"specification") { single(found) } else { found };
        found.as_object().filter(|members| is_specification(members))
    })
}

/// Returns whether objects stand in lists of one, as in the state of Terraform.
pub(super) fn is_terraform(specification: &Map<String, Value>) -> bool {
    let names = ["requestPolicies", "loggingPolicies", "backend"];
    let listed = |members: &Map<String, Value>| {
        members.iter().any(|(written, value)| {
            value.is_array() && names.iter().any(|name| is_spelling(written, name))
        })
    };
    let routes = specification.get("routes").and_then(Value::as_array);
    listed(specification) || routes.into_iter().flatten().filter_map(Value::as_object).any(listed)
}

/// Returns an object that is alone in a list, or the value itself.
pub(super) fn single(value: &Value) -> &Value {
    match value.as_array().map(Vec::as_slice) {
        Some([only]) => only,
        Some(_) | None => value,
    }
}

fn is_specification(members: &Map<String, Value>) -> bool {
    let is_part = |written: &String| {
        is_spelling(written, "routes") || is_spelling(written, "requestPolicies")
    };
    members.iter().any(|(written, value)| !value.is_null() && is_part(written))
}
