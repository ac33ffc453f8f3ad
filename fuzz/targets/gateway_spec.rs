//! A deployment specification of an API gateway, to what `mdfn gateway-spec validate` says of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdfn::gateway_spec::{Finding, Place, Severity, findings};
use serde_json::{Value, json};

/// What a finding prints: one line, nothing that a terminal would obey.
fn check(finding: &Finding) {
    let line = finding.to_string();
    assert!(!line.chars().any(char::is_control), "{line:?}");
}

fuzz_target!(|input: &[u8]| {
    let Ok(document) = serde_json::from_slice::<Value>(input) else { return };
    let Some(found) = findings(&document) else {
        return assert!(document.get("routes").is_none_or(Value::is_null));
    };
    found.iter().for_each(check);
    assert!(found.is_sorted_by_key(|finding| finding.severity));
    assert!(!found.iter().any(|finding| finding.text.is_empty()));
    // Nothing checks callers, and it is said.
    let text = String::from_utf8_lossy(input).to_ascii_lowercase();
    let checked = ["authentication", "certificate", "\\"].iter().any(|part| text.contains(part));
    if !checked {
        let said = |finding: &Finding| {
            finding.severity == Severity::Refused
                || finding.severity == Severity::Unsafe && finding.place == Place::Authentication
        };
        assert!(found.iter().any(said), "{found:?}");
    }
    // It is the same in what the OCI CLI prints.
    if document.get("data").is_none() && document.get("specification").is_none() {
        let printed = json!({ "data": { "specification": document }, "etag": "x" });
        assert_eq!(findings(&printed), Some(found));
    }
});
