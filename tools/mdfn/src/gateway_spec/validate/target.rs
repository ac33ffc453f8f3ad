//! The model deployment that a route names, judged by the function's own rule.

use model_deployment_fn::predict::{EndpointRule, Paths, Refusal, authority};

use super::service_target;
use crate::gateway_spec::findings::{Findings, Place};

/// Claims that users write themselves, or that somebody writes for them, in an identity domain or
/// by `OpenID` Connect; without their underscores.
const WRITTEN_BY_USERS: [&str; 24] = [
    "address",
    "birthdate",
    "email",
    "familyname",
    "gender",
    "givenname",
    "locale",
    "middlename",
    "name",
    "nickname",
    "phonenumber",
    "picture",
    "preferredusername",
    "profile",
    "uniquename",
    "userdisplayname",
    "useremail",
    "userlang",
    "userlocale",
    "username",
    "usertimezone",
    "usertz",
    "website",
    "zoneinfo",
];

/// Judges a value of the header `name` on a route with this path.
pub(super) fn judge(name: &str, value: &str, path: &str, place: &Place, findings: &mut Findings) {
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        let text = format!(
            "`{name}` has a value that makes no header; the gateway then sets none, and a client's own passes"
        );
        findings.r#unsafe(place, &text);
    } else if value.contains("${") {
        variables(name, value, path, place, findings);
    } else if is_service(name) {
        service_target::judge(name, value, place, findings);
    } else if value.contains("://") {
        address(name, value, path, place, findings);
    } else if value.contains('/') || value.starts_with("ocid1.") {
        let text = format!("`{name}` is neither an https URL nor an alias; {}", Refusal::Form);
        findings.refused(place, &text);
    }
}

/// Whether a name of the target is one of a service, and not of a model deployment.
fn is_service(name: &str) -> bool {
    name.to_ascii_lowercase().contains("service")
}

/// A value that the gateway makes from the request.
fn variables(name: &str, value: &str, path: &str, place: &Place, findings: &mut Findings) {
    let is_alias = !value.contains("://");
    let (aliases, limit) = if is_service(name) {
        ("ALLOWED_SERVICES", "give each service a route")
    } else {
        ("MODEL_DEPLOYMENTS", "set ALLOWED_DEPLOYMENTS in the function, or give each model a route")
    };
    for variable in value.split("${").skip(1) {
        let variable = variable.split('}').next().unwrap_or_default();
        let (table, key) = variable.split_once('[').unwrap_or((variable, ""));
        let key = key.trim_end_matches(']');
        let has = |part: String| path.split('/').any(|segment| segment == part);
        match table {
            "request.auth" if is_written_by_users(key) => findings.r#unsafe(
                place,
                &format!("`{name}` is the claim `{key}`, which users write themselves, so that they choose the address"),
            ),
            "request.auth" => findings.note(
                place,
                &format!("`{name}` is the token's claim `{key}`, which only the domain may set; the function reads it as an alias"),
            ),
            "request.path" if has(format!("{{{key}*}}")) => findings.r#unsafe(
                place,
                &format!("`{name}` is the rest of the path, so that callers choose the address"),
            ),
            "request.path" if is_alias && !has(format!("{{{key}}}")) => findings.refused(
                place,
                &format!("`{name}` names a part of the path that the route does not have"),
            ),
            "request.path" if is_alias => findings.note(
                place,
                &format!("`{name}` is a segment of the path; the function takes it for an alias of {aliases}"),
            ),
            _ => findings.r#unsafe(
                place,
                &format!(
                    "`{name}` is made from the request, so that callers choose the address; {limit}"
                ),
            ),
        }
    }
}

fn is_written_by_users(claim: &str) -> bool {
    let letters = claim.chars().filter(char::is_ascii_alphanumeric);
    let claim: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    WRITTEN_BY_USERS.contains(&claim.as_str())
}

/// An address as it is written.
fn address(name: &str, value: &str, path: &str, place: &Place, findings: &mut Findings) {
    match called(value) {
        Err(refusal) => findings.refused(
            place,
            &format!("`{name}` is an address that the function refuses: {refusal}"),
        ),
        Ok(needs) => {
            // A route with a variable rest is for the paths of the deployment.
            if needs.base && !path.contains("*}") {
                let text = format!(
                    "`{name}` is a base URL: the end of the client's path is called, if ALLOWED_PATHS allows it"
                );
                findings.note(place, &text);
            }
            if let Some(path) = needs.path {
                let text = format!(
                    "`{name}` has a custom path; the function needs `{path}` in ALLOWED_PATHS"
                );
                findings.note(place, &text);
            }
            if needs.host {
                let text = format!(
                    "`{name}` names a host that is not Oracle's for model deployments; the function needs it in ALLOWED_HOSTS"
                );
                findings.note(place, &text);
            }
        }
    }
}

/// What the operator must have set for an address to be called.
struct Needs<'a> {
    base: bool,
    path: Option<&'a str>,
    host: bool,
}

/// Returns whether the function calls an address, with a host and a path that the operator may have
/// opened; its refusal, if it never does.
fn called(value: &str) -> Result<Needs<'_>, Refusal> {
    let path = custom_path(value);
    // A text that is not a path is never allowed, and the rule says so.
    let paths = Paths::new("ALLOWED_PATHS", path).unwrap_or_else(|_no_path| Paths::default());
    let check = |host: Option<String>| {
        EndpointRule::new(host.into_iter().collect(), None, paths.clone()).check(value)
    };
    let (checked, host) = match check(None) {
        Err(Refusal::Host) => (check(authority(written_authority(value))), true),
        checked => (checked, false),
    };
    checked.map(|_endpoint| Needs { base: !value.contains("/predict"), path, host })
}

/// Returns the host and the port of a URL, as they are written.
fn written_authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Returns what follows `/predict` or `/predictWithResponseStream` in the path of a URL.
fn custom_path(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    let path = rest.split(['?', '#']).next()?;
    let (start, _) = path.match_indices('/').nth(2)?;
    path.get(start..)
}
