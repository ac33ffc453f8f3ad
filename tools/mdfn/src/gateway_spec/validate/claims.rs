//! The claims that a token must have.

use serde_json::Value;

use super::value::{flag, list, text, texts};
use crate::gateway_spec::findings::{Findings, Place};

/// The most issuers, and the most audiences.
const MAX_NAMES: usize = 5;
/// The most claims.
const MAX_CLAIMS: usize = 10;

/// Returns what a policy checks of a token: of the newer type in a part of its own.
pub(super) fn checks(policy: &Value) -> Option<&Value> {
    match text(policy, "type")? {
        "JWT_AUTHENTICATION" => Some(policy),
        _ => policy.pointer("/validationPolicy/additionalValidationPolicy"),
    }
}

/// Judges it; a service that is asked about each token (`introspected`) knows only its own.
pub(super) fn judge(
    checks: Option<&Value>,
    introspected: bool,
    place: &Place,
    findings: &mut Findings,
) {
    let checks = checks.unwrap_or(&Value::Null);
    for (name, means) in [("issuers", "of any issuer"), ("audiences", "for any API")] {
        let accepted = texts(checks, name);
        findings.within(place, name, accepted.len(), MAX_NAMES);
        if accepted.is_empty() || accepted.contains(&"") {
            let text = format!("`{name}` is empty; tokens {means} may pass");
            if introspected && name == "issuers" {
                findings.note(place, &text);
            } else {
                findings.r#unsafe(place, &text);
            }
        }
    }
    let claims = list(checks, "verifyClaims");
    findings.within(place, "verifyClaims", claims.len(), MAX_CLAIMS);
    for claim in claims {
        let key = text(claim, "key").unwrap_or_default();
        if !flag(claim, "isRequired") {
            let text = format!("tokens without the claim `{key}` pass; set `isRequired`");
            findings.r#unsafe(place, &text);
        } else if texts(claim, "values").is_empty() {
            let text = format!("the claim `{key}` must be there; any value of it will do");
            findings.note(place, &text);
        }
    }
}
