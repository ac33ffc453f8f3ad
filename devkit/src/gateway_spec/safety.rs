//! What is wrong with a deployment specification in front of this function, in words.
//!
//! Source: OCI API Gateway documentation; OCI services, SSRF and credential safety.

use std::fmt;

use serde_json::Value;

use super::document::TARGET_HEADERS;
use crate::gateway::spec::Specification;

/// The members of a static key that the gateway knows.
const KEY_MEMBERS: [&str; 9] = ["format", "kid", "kty", "alg", "use", "key_ops", "n", "e", "key"];

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// The service does not take it.
    Refused,
    /// Somebody can do what they should not.
    Unsafe,
    /// Worth knowing.
    Note,
}

/// One thing that was found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The route or the part of the specification.
    pub place: String,
    /// What it is, what it leads to, what to do.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Refused => "refused",
            Severity::Unsafe => "unsafe",
            Severity::Note => "note",
        };
        write!(f, "{severity}  {}: {}", self.place, self.text)
    }
}

/// Everything that is to be said about a specification, the worst first.
pub fn findings(specification: &Value) -> Vec<Finding> {
    let mut report = Report::default();
    report.authentication(specification.pointer("/requestPolicies/authentication"));
    if specification.pointer("/requestPolicies/rateLimiting").is_none() {
        report.note("rateLimiting", "there is none; a loop in one client can cost what it likes");
    }
    match specification.get("routes").and_then(Value::as_array) {
        Some(routes) => routes.iter().for_each(|route| report.route(route)),
        None => report.refused("routes", "there are none"),
    }
    // Last: what the emulated gateway knows of the service's own checks, unless it does not know a part at all.
    match serde_json::from_value::<Specification>(specification.clone()) {
        Ok(parsed) => {
            if let Err(why) = parsed.check() {
                report.refused("the specification", &why);
            }
        }
        Err(unknown) => {
            report.note("`mdfn local`", &format!("it cannot execute this one: {unknown}"));
        }
    }
    report.0.sort_by_key(|finding| finding.severity);
    report.0
}

#[derive(Default)]
struct Report(Vec<Finding>);

impl Report {
    fn add(&mut self, severity: Severity, place: &str, text: &str) {
        self.0.push(Finding { severity, place: place.to_owned(), text: text.to_owned() });
    }

    fn refused(&mut self, place: &str, text: &str) {
        self.add(Severity::Refused, place, text);
    }

    fn r#unsafe(&mut self, place: &str, text: &str) {
        self.add(Severity::Unsafe, place, text);
    }

    fn note(&mut self, place: &str, text: &str) {
        self.add(Severity::Note, place, text);
    }

    fn authentication(&mut self, authentication: Option<&Value>) {
        const PLACE: &str = "authentication";
        let Some(policy) = authentication else {
            self.r#unsafe(PLACE, "there is none; anybody may call; use TOKEN_AUTHENTICATION");
            return;
        };
        let (keys, additional) = if text(policy, "type") == Some("JWT_AUTHENTICATION") {
            self.note(
                PLACE,
                "JWT_AUTHENTICATION is no longer recommended; use TOKEN_AUTHENTICATION",
            );
            (policy.get("publicKeys"), Some(policy))
        } else {
            let validation = policy.get("validationPolicy");
            (validation, validation.and_then(|policy| policy.get("additionalValidationPolicy")))
        };
        if policy.get("tokenQueryParam").is_some_and(|name| !name.is_null()) {
            self.r#unsafe(
                PLACE,
                "`tokenQueryParam` puts tokens into access logs; use `tokenHeader`",
            );
        }
        for (member, means) in [("issuers", "of any issuer"), ("audiences", "for any API")] {
            let list = additional.and_then(|policy| policy.get(member)).and_then(Value::as_array);
            if list.is_none_or(Vec::is_empty) {
                self.r#unsafe(PLACE, &format!("`{member}` is empty; tokens {means} pass"));
            }
        }
        let Some(keys) = keys else { return };
        if keys.get("isSslVerifyDisabled") == Some(&Value::Bool(true)) {
            self.r#unsafe(PLACE, "`isSslVerifyDisabled` lets anybody on the way replace the keys");
        }
        let keys = keys.get("keys").and_then(Value::as_array).into_iter().flatten();
        for key in keys.clone() {
            self.key(key);
        }
        if keys.count() > 0 {
            self.note(
                PLACE,
                "static keys: when the identity domain replaces its key, every call is a 401 until they are replaced here",
            );
        }
    }

    fn key(&mut self, key: &Value) {
        let place = format!("key `{}`", text(key, "kid").unwrap_or_default());
        let members = key.as_object().into_iter().flat_map(|key| key.keys());
        let extra: Vec<_> = members.filter(|name| !KEY_MEMBERS.contains(&name.as_str())).collect();
        if !extra.is_empty() {
            let text = format!("it has {extra:?}, which the gateway does not know; use `mdfn jwk`");
            self.refused(&place, &text);
        }
        let operations = key.get("key_ops").and_then(Value::as_array);
        if operations.is_some_and(|names| !names.iter().any(|name| name == "verify")) {
            self.refused(&place, "its `key_ops` are without `verify`; use `mdfn jwk`");
        }
    }

    fn route(&mut self, route: &Value) {
        let place = format!("route {}", text(route, "path").unwrap_or("without `path`"));
        if !calls_function(route.get("backend")) {
            return;
        }
        let policies = route.get("requestPolicies").unwrap_or(&Value::Null);
        let sets = self.headers(&place, policies.get("headerTransformations"));
        let authorization = policies.get("authorization");
        match authorization.and_then(|policy| text(policy, "type")) {
            Some("ANONYMOUS") if sets => {
                self.r#unsafe(&place, "it is ANONYMOUS; anybody may call the model");
            }
            Some("ANY_OF" | "ANONYMOUS") => {}
            _ => self.r#unsafe(
                &place,
                "no scope is asked for; any token for the audience passes; use ANY_OF with `allowedScope`",
            ),
        }
        let cache = policies
            .pointer("/responseCacheLookup")
            .or(route.pointer("/requestPolicies/responseCacheLookup"));
        if cache.is_some_and(|cache| cache.get("isEnabled") != Some(&Value::Bool(false))) {
            self.r#unsafe(
                &place,
                "answers are cached, and the body is no part of the key; a caller gets the prediction of another",
            );
        }
        let methods = route.get("methods").and_then(Value::as_array);
        if methods.is_some_and(|methods| methods.iter().any(|method| method == "ANY")) {
            self.note(&place, "it takes ANY method; a prediction is a POST");
        }
    }

    /// Whether the route sets the target; says what is wrong with how it does.
    fn headers(&mut self, place: &str, transformations: Option<&Value>) -> bool {
        let rules = transformations.unwrap_or(&Value::Null);
        let items = |pointer: &str| {
            rules.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default()
        };
        let is = |item: &Value, name: &str| {
            text(item, "name").is_some_and(|known| known.eq_ignore_ascii_case(name))
        };
        let filter = items("/filterHeaders/items");
        let allow = rules.pointer("/filterHeaders/type") == Some(&Value::from("ALLOW"));
        let block = rules.pointer("/filterHeaders/type") == Some(&Value::from("BLOCK"));
        let listed = |name: &str| filter.iter().any(|item| is(item, name));
        let passes = |name: &str| if allow { listed(name) } else { !(block && listed(name)) };

        let set = items("/setHeaders/items");
        let target = |item: &&Value| TARGET_HEADERS.iter().any(|name| is(item, name));
        for item in set.iter().filter(target) {
            self.target(place, item);
        }
        let sets = set.iter().any(|item| target(&item));
        let open: Vec<_> = TARGET_HEADERS
            .iter()
            .filter(|name| passes(name) && !set.iter().any(|item| is(item, name)))
            .map(|name| format!("`{name}`"))
            .collect();
        let open = open.join(", ");
        match (open.is_empty(), sets) {
            (true, _) => {}
            (false, true) => {
                self.note(place, &format!("a client who sends {open} gets 400; filter with BLOCK"));
            }
            (false, false) => self.r#unsafe(
                place,
                &format!(
                    "it sets no target, and a client's own {open} names one; filter with BLOCK"
                ),
            ),
        }
        if allow
            && sets
            && !set.iter().filter(target).all(|item| passes(text(item, "name").unwrap_or_default()))
        {
            self.refused(
                place,
                "the ALLOW list is without the target, which is set before it is filtered",
            );
        }
        sets
    }

    /// One header that names the target.
    fn target(&mut self, place: &str, item: &Value) {
        let name = text(item, "name").unwrap_or_default();
        match text(item, "ifExists") {
            None | Some("OVERWRITE") => {}
            Some(other) => self.r#unsafe(
                place,
                &format!(
                    "`{name}` is set with {other}; a client's own value passes; use OVERWRITE"
                ),
            ),
        }
        let values = item.get("values").and_then(Value::as_array).into_iter().flatten();
        for value in values.filter_map(Value::as_str) {
            let variable =
                value.strip_prefix("${request.path[").and_then(|rest| rest.strip_suffix("]}"));
            if variable.is_some_and(|name| !name.contains(['[', '$'])) && !place.contains("*}") {
                self.note(
                    place,
                    &format!("`{name}` is a segment of the path; the function takes it for an alias of MODEL_DEPLOYMENTS"),
                );
            } else if value.contains("${") {
                self.r#unsafe(
                    place,
                    &format!("`{name}` is made from the request, so that callers choose the address; set ALLOWED_DEPLOYMENTS in the function, or name each model in a route"),
                );
            } else if value.starts_with("http://") {
                self.refused(
                    place,
                    &format!("`{name}` is plain http; the function calls https alone"),
                );
            }
        }
    }
}

fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member)?.as_str()
}

/// Whether any call of this back end reaches a function.
fn calls_function(backend: Option<&Value>) -> bool {
    let Some(backend) = backend else { return false };
    let inner = backend.get("routingBackends").and_then(Value::as_array).into_iter().flatten();
    text(backend, "type") == Some("ORACLE_FUNCTIONS_BACKEND")
        || inner.into_iter().any(|routing| {
            routing.pointer("/backend/type") == Some(&Value::from("ORACLE_FUNCTIONS_BACKEND"))
        })
}
