//! One way to check callers: what it leaves unchecked.

use http::Uri;
use serde_json::Value;

use super::claims;
use super::keys;
use super::value::{flag, list, text, texts};
use crate::gateway_spec::findings::{Findings, Place};
use crate::loopback::is_this_machine;

/// Judges a policy of any type.
pub(super) fn judge(policy: &Value, place: &Place, findings: &mut Findings) {
    match text(policy, "type") {
        Some("TOKEN_AUTHENTICATION") => {
            token(policy, place, findings);
            if let Some(validation) = policy.get("validationPolicy") {
                source(validation, place, findings);
            }
            claims::judge(claims::checks(policy), is_discovery(policy), place, findings);
        }
        Some("JWT_AUTHENTICATION") => {
            findings.note(
                place,
                "JWT_AUTHENTICATION is no longer recommended; use TOKEN_AUTHENTICATION",
            );
            token(policy, place, findings);
            if let Some(keys) = policy.get("publicKeys") {
                source(keys, place, findings);
            }
            claims::judge(claims::checks(policy), false, place, findings);
        }
        Some("CUSTOM_AUTHENTICATION") => custom(policy, place, findings),
        // Reading has already reported that it is missing or unknown.
        Some(_) | None => {}
    }
    if text(policy, "tokenQueryParam").is_some_and(|name| !name.is_empty()) {
        findings
            .r#unsafe(place, "`tokenQueryParam` puts tokens into access logs; use `tokenHeader`");
    }
    failure(policy, place, findings);
}

/// Returns whether tokens of one client alone pass.
pub(super) fn is_one_client(policy: &Value) -> bool {
    let claims = claims::checks(policy).map_or(&[][..], |checks| list(checks, "verifyClaims"));
    claims.iter().any(|claim| {
        let by_client = text(claim, "key") == Some("client_id");
        by_client && flag(claim, "isRequired") && texts(claim, "values").len() == 1
    })
}

fn is_discovery(policy: &Value) -> bool {
    policy.pointer("/validationPolicy/type") == Some(&Value::from("REMOTE_DISCOVERY"))
}

/// How a token is found, and how long it counts.
fn token(policy: &Value, place: &Place, findings: &mut Findings) {
    let header = text(policy, "tokenHeader");
    if header.is_none() && text(policy, "tokenQueryParam").is_none() {
        findings
            .note(place, "there is no `tokenHeader`; it is not known which header has the token");
    }
    if header.is_some() && text(policy, "tokenAuthScheme").is_none() {
        findings.note(
            place,
            "there is no `tokenAuthScheme`; the service wants one beside `tokenHeader`, such as Bearer",
        );
    }
    let skew = policy.get("maxClockSkewInSeconds").and_then(Value::as_f64);
    if skew.is_some_and(|skew| !(0.0..=120.0).contains(&skew)) {
        findings.refused(place, "`maxClockSkewInSeconds` is not between 0 and 120");
    }
}

/// Where the keys are, or which service checks tokens.
fn source(source: &Value, place: &Place, findings: &mut Findings) {
    match text(source, "type") {
        Some("STATIC_KEYS") => keys::judge(list(source, "keys"), place, findings),
        Some("REMOTE_JWKS") => {
            if text(source, "uri").is_some_and(|uri| !is_trusted(uri)) {
                findings.r#unsafe(
                    place,
                    "the keys' `uri` is not https; anybody on the way can replace them",
                );
            }
        }
        Some("REMOTE_DISCOVERY") => {
            findings.note(
                place,
                "REMOTE_DISCOVERY: tokens are checked by another service, which is not looked at",
            );
            if is_discovered_openly(source) {
                findings.r#unsafe(
                    place,
                    "the discovery `uri` is not https; anybody on the path can forge the answer that a token is valid",
                );
            }
        }
        Some(_) | None => {}
    }
    if flag(source, "isSslVerifyDisabled") {
        let text = if text(source, "type") == Some("REMOTE_DISCOVERY") {
            "`isSslVerifyDisabled` lets anybody on the path forge the answer that a token is valid"
        } else {
            "`isSslVerifyDisabled` lets anybody on the way replace the keys"
        };
        findings.r#unsafe(place, text);
    }
    let hours = source.get("maxCacheDurationInHours").and_then(Value::as_f64);
    if hours.is_some_and(|hours| !(1.0..=24.0).contains(&hours)) {
        findings.refused(place, "`maxCacheDurationInHours` is not between 1 and 24");
    }
}

/// Returns whether the service that says where everything else is can be replaced by anybody on the
/// way.
fn is_discovered_openly(source: &Value) -> bool {
    let uri = source.get("sourceUriDetails").and_then(|details| text(details, "uri"));
    uri.is_some_and(|uri| !is_trusted(uri))
}

fn custom(policy: &Value, place: &Place, findings: &mut Findings) {
    findings.note(
        place,
        "CUSTOM_AUTHENTICATION: a function of yours checks callers; it is not examined here",
    );
    let keys = texts(policy, "cacheKey");
    let parameters = policy.get("parameters").and_then(Value::as_object);
    let names = parameters.into_iter().flatten().map(|(name, _)| name.as_str());
    let left: Vec<String> =
        names.filter(|name| !keys.contains(name)).map(|name| format!("`{name}`")).collect();
    if !keys.is_empty() && !left.is_empty() {
        let text = format!(
            "`cacheKey` is without {}; who differs in nothing else gets the decision about another caller",
            left.join(", ")
        );
        findings.r#unsafe(place, &text);
    }
}

/// What a caller without a valid token gets.
fn failure(policy: &Value, place: &Place, findings: &mut Findings) {
    let Some(failure) = policy.get("validationFailurePolicy") else { return };
    findings.note(place, "`validationFailurePolicy` is not looked at, and `mdfn local` has none");
    if is_discovered_openly(failure) {
        findings.r#unsafe(
            place,
            "the discovery `uri` of the login is not https; anybody on the way can send users elsewhere",
        );
    }
}

/// Returns whether what is fetched there is what its owner put there: https, or this machine.
fn is_trusted(url: &str) -> bool {
    let uri: Option<Uri> = url.parse().ok();
    uri.is_some_and(|uri| match uri.scheme_str() {
        Some("https") => true,
        Some("http") => uri.host().is_some_and(is_this_machine),
        _ => false,
    })
}
