//! From a document as it is found to the specification that the emulated gateway knows: the OCI CLI's spelling, and the parts that
//! are no matter of who reaches a function.

use serde_json::{Map, Value, json};

use super::findings::{Findings, Place};
use crate::gateway::spec::Specification;

/// Members of a specification and of a route that the emulated gateway does not execute, and that open no way to a function.
const ASIDE: [&str; 8] = [
    "cors",
    "mutualTls",
    "usagePlans",
    "dynamicAuthentication",
    "headerValidations",
    "queryParameterValidations",
    "responsePolicies",
    "responseCacheLookup",
];
/// The members of a static key that the gateway knows.
const KEY_MEMBERS: [&str; 9] = ["format", "kid", "kty", "alg", "use", "key_ops", "n", "e", "key"];

/// A specification, and whether its callers are checked by something that is not looked at here.
pub(super) struct Known {
    pub(super) specification: Specification,
    pub(super) checked_elsewhere: bool,
}

/// The specification in a document: by itself, or in an answer of the OCI CLI. None if there is none.
pub(super) fn specification(document: Value) -> Option<Value> {
    let document = plain(document);
    let inner = ["/data/specification", "/data", "/specification", ""];
    let found = inner.iter().find_map(|place| {
        let found = document.pointer(place)?;
        ["routes", "requestPolicies"].iter().any(|name| found.get(name).is_some()).then_some(found)
    });
    found.cloned()
}

/// The same without null members, and with names as the API spells them: the OCI CLI writes `request-policies`.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| {
                // What stands below are media types.
                let value = if name == "content" { value } else { plain(value) };
                (camel(&name), value)
            })
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn camel(name: &str) -> String {
    // No spelling of the CLI's: it must not become the name of something else.
    if name.split('-').any(str::is_empty) {
        return name.to_owned();
    }
    let mut words = name.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let mut letters = word.chars();
        let capital = letters.next().map(|letter| letter.to_ascii_uppercase());
        name + &capital.into_iter().chain(letters).collect::<String>()
    })
}

/// What the emulated gateway knows of a specification; what it does not know is said. None if too little is left.
pub(super) fn known(mut specification: Value, findings: &mut Findings) -> Option<Known> {
    let mut checked_elsewhere = false;
    if let Some(policies) = specification.get_mut("requestPolicies").and_then(Value::as_object_mut)
    {
        aside(policies, &Place::Specification, findings);
        if let Some(Value::Object(limit)) = policies.get_mut("rateLimiting")
            && limit.get("rateKey") == Some(&"CLIENT_IP".into())
        {
            limit.insert("rateKey".to_owned(), "TOTAL".into());
        }
        if let Some(policy) = policies.remove("authentication") {
            match authentication(policy, findings) {
                Some(policy) => drop(policies.insert("authentication".to_owned(), policy)),
                None => checked_elsewhere = true,
            }
        }
    }
    for route in specification.get_mut("routes").and_then(Value::as_array_mut).into_iter().flatten()
    {
        self::route(route, findings);
    }
    match serde_json::from_value(specification) {
        Ok(specification) => Some(Known { specification, checked_elsewhere }),
        Err(error) => {
            let text = format!(
                "not as the service documents it, so that nothing else is known of it: {error}"
            );
            findings.refused(&Place::Specification, &text);
            None
        }
    }
}

fn aside(policies: &mut Map<String, Value>, place: &Place, findings: &mut Findings) {
    for name in ASIDE {
        if policies.remove(name).is_some() {
            findings.note(place, &format!("`{name}` is not looked at, and `mdfn local` has none"));
        }
    }
}

/// A policy in the one form that is looked at; None if it is another kind.
fn authentication(mut policy: Value, findings: &mut Findings) -> Option<Value> {
    let place = Place::Authentication;
    match text(&policy, "type") {
        Some("TOKEN_AUTHENTICATION") => {}
        Some("JWT_AUTHENTICATION") => {
            findings.note(
                &place,
                "JWT_AUTHENTICATION is no longer recommended; use TOKEN_AUTHENTICATION",
            );
            policy = token_authentication(policy);
        }
        Some(kind @ "CUSTOM_AUTHENTICATION") => {
            findings.note(
                &place,
                &format!(
                    "{kind}: callers are checked by a function of yours, which is not looked at"
                ),
            );
            return None;
        }
        _ => {
            findings.refused(&place, "its `type` is not TOKEN_AUTHENTICATION, JWT_AUTHENTICATION or CUSTOM_AUTHENTICATION");
            return None;
        }
    }
    if policy.pointer("/validationPolicy/type") == Some(&Value::from("REMOTE_DISCOVERY")) {
        findings.note(
            &place,
            "REMOTE_DISCOVERY: tokens are checked by another service, which is not looked at",
        );
        return None;
    }
    let members = policy.as_object_mut()?;
    members.remove("validationFailurePolicy");
    if members.remove("tokenQueryParam").is_some() {
        findings
            .r#unsafe(&place, "`tokenQueryParam` puts tokens into access logs; use `tokenHeader`");
        members.entry("tokenHeader").or_insert("Authorization".into());
        members.entry("tokenAuthScheme").or_insert("Bearer".into());
    }
    if let Some(Value::Object(validation)) = policy.get_mut("validationPolicy") {
        let additional = validation.entry("additionalValidationPolicy").or_insert(json!({}));
        for name in ["issuers", "audiences"] {
            additional.as_object_mut()?.entry(name).or_insert(json!([]));
        }
    }
    let keys = policy.pointer_mut("/validationPolicy/keys").and_then(Value::as_array_mut);
    for key in keys.into_iter().flatten() {
        let name = Place::Key(text(key, "kid").unwrap_or_default().to_owned());
        let Some(members) = key.as_object_mut() else { continue };
        let extra: Vec<String> =
            members.keys().filter(|name| !KEY_MEMBERS.contains(&name.as_str())).cloned().collect();
        if !extra.is_empty() {
            members.retain(|name, _| !extra.contains(name));
            findings.refused(
                &name,
                &format!("it has {extra:?}, which the gateway does not know; use `mdfn jwk`"),
            );
        }
    }
    Some(policy)
}

/// The older kind of policy in the form of the newer one.
fn token_authentication(policy: Value) -> Value {
    let Value::Object(mut policy) = policy else { return policy };
    let mut validation = match policy.remove("publicKeys") {
        Some(Value::Object(keys)) => keys,
        _ => Map::new(),
    };
    let mut additional = Map::new();
    for name in ["issuers", "audiences", "verifyClaims"] {
        if let Some(value) = policy.remove(name) {
            additional.insert(name.to_owned(), value);
        }
    }
    validation.insert("additionalValidationPolicy".to_owned(), additional.into());
    policy.insert("type".to_owned(), "TOKEN_AUTHENTICATION".into());
    policy.insert("validationPolicy".to_owned(), validation.into());
    policy.into()
}

fn route(route: &mut Value, findings: &mut Findings) {
    let place = Place::Route(text(route, "path").unwrap_or("without `path`").to_owned());
    let Some(members) = route.as_object_mut() else { return };
    aside(members, &place, findings);
    let function = members.get("backend").and_then(function);
    if let Some(policies) = members.get_mut("requestPolicies").and_then(Value::as_object_mut) {
        let cache = policies.get("responseCacheLookup");
        let caches = cache.is_some_and(|cache| cache.get("isEnabled") != Some(&Value::Bool(false)));
        if caches && function.is_some() {
            findings.r#unsafe(
                &place,
                "answers are cached, and the body is no part of the key; a caller gets the prediction of another",
            );
        }
        aside(policies, &place, findings);
    }
    // Back ends that are no function, for which `mdfn local` has no place.
    let other = members.get("backend").and_then(|backend| text(backend, "type"));
    if matches!(other, Some("HTTP_BACKEND" | "DYNAMIC_ROUTING_BACKEND" | "OAUTH2_LOGOUT_BACKEND")) {
        let stock = json!({ "type": "STOCK_RESPONSE_BACKEND", "status": 200 });
        members.insert("backend".to_owned(), function.unwrap_or(stock));
    }
}

/// The function that a back end leads to, by itself or as one of several.
fn function(backend: &Value) -> Option<Value> {
    let is_function = |backend: &Value| text(backend, "type") == Some("ORACLE_FUNCTIONS_BACKEND");
    if is_function(backend) {
        return Some(backend.clone());
    }
    let inner = backend.get("routingBackends")?.as_array()?;
    inner
        .iter()
        .filter_map(|routing| routing.get("backend"))
        .find(|backend| is_function(backend))
        .cloned()
}

fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member)?.as_str()
}
