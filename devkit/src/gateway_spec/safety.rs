//! What is wrong with a deployment specification in front of this function, in words.
//!
//! Source: OCI API Gateway documentation; OCI services, SSRF and credential safety.

use hyper::Uri;
use serde_json::Value;

use super::document::TARGET_HEADERS;
use super::findings::{Finding, Findings, Place};
use super::form;
use crate::client::is_this_machine;
use crate::gateway::spec::{
    Authentication, Authorization, Backend, FilterType, HeaderTransformations, IfExists, Route,
    SetHeader, ValidationPolicy,
};

/// Everything that is to be said about a specification, the worst first; None if the document holds none.
pub fn findings(document: &Value) -> Option<Vec<Finding>> {
    let specification = form::specification(document.clone())?;
    let mut findings = Findings::default();
    if let Some(known) = form::known(specification, &mut findings) {
        let specification = &known.specification;
        if let Err(why) = specification.check() {
            findings.refused(&Place::Specification, &why);
        }
        match &specification.request_policies.authentication {
            Some(policy) => authentication(&mut findings, policy),
            None if known.checked_elsewhere => {}
            None => findings.r#unsafe(
                &Place::Authentication,
                "there is none; anybody may call; use TOKEN_AUTHENTICATION",
            ),
        }
        if specification.request_policies.rate_limiting.is_none() {
            findings.note(
                &Place::Specification,
                "there is no `rateLimiting`; a loop in one client can cost what it likes",
            );
        }
        if specification.routes.is_empty() {
            findings.refused(&Place::Specification, "there are no routes");
        }
        for route in &specification.routes {
            if matches!(route.backend, Backend::Function { .. }) {
                Checked { place: Place::Route(route.path.clone()), route, findings: &mut findings }
                    .all();
            }
        }
    }
    Some(findings.sorted())
}

fn authentication(findings: &mut Findings, policy: &Authentication) {
    let place = Place::Authentication;
    let additional = policy.validation_policy.additional();
    for (name, list, means) in [
        ("issuers", &additional.issuers, "of any issuer"),
        ("audiences", &additional.audiences, "for any API"),
    ] {
        if list.is_empty() || list.iter().any(String::is_empty) {
            findings.r#unsafe(&place, &format!("`{name}` is empty; tokens {means} may pass"));
        }
    }
    for claim in additional.verify_claims.iter().filter(|claim| !claim.is_required) {
        findings.r#unsafe(
            &place,
            &format!("tokens without the claim `{}` pass; set `isRequired`", claim.key),
        );
    }
    match &policy.validation_policy {
        ValidationPolicy::StaticKeys { .. } => findings.note(
            &place,
            "static keys: when the identity domain replaces its key, every call is a 401 until they are replaced here",
        ),
        ValidationPolicy::RemoteJwks { uri, is_ssl_verify_disabled, .. } => {
            if *is_ssl_verify_disabled {
                findings.r#unsafe(&place, "`isSslVerifyDisabled` lets anybody on the way replace the keys");
            }
            if !is_trusted(uri) {
                findings.r#unsafe(&place, "the keys' `uri` is not https; anybody on the way can replace them");
            }
        }
    }
}

/// Whether what is fetched there is what its owner put there: https, or this machine.
fn is_trusted(url: &str) -> bool {
    let uri: Option<Uri> = url.parse().ok();
    uri.is_some_and(|uri| match uri.scheme_str() {
        Some("https") => true,
        Some("http") => uri.host().is_some_and(is_this_machine),
        _ => false,
    })
}

/// One route to a function.
struct Checked<'a> {
    place: Place,
    route: &'a Route,
    findings: &'a mut Findings,
}

impl Checked<'_> {
    fn all(mut self) {
        let rules = &self.route.request_policies.header_transformations;
        let target = |item: &&SetHeader| is_target(&item.name);
        let set = || rules.set_headers.iter().flat_map(|set| &set.items).filter(target);
        for item in set() {
            self.target(item);
        }
        self.others(rules, set().next().is_some());
        self.authorization(set().next().is_some());
        if self.route.methods.iter().any(|method| method == "ANY") {
            self.note("it takes ANY method; a prediction is a POST");
        }
    }

    fn r#unsafe(&mut self, text: &str) {
        self.findings.r#unsafe(&self.place, text);
    }

    fn refused(&mut self, text: &str) {
        self.findings.refused(&self.place, text);
    }

    fn note(&mut self, text: &str) {
        self.findings.note(&self.place, text);
    }

    /// One header that names the target.
    fn target(&mut self, item: &SetHeader) {
        let name = &item.name;
        if let IfExists::Append | IfExists::Skip = item.if_exists {
            let how = if item.if_exists == IfExists::Skip { "SKIP" } else { "APPEND" };
            self.r#unsafe(&format!(
                "`{name}` is set with {how}; a client's own value passes; use OVERWRITE"
            ));
        }
        if item.values.len() > 1 {
            self.refused(&format!(
                "`{name}` has several values, which the function answers with 400"
            ));
        }
        for value in &item.values {
            self.value(name, value);
        }
    }

    /// What the function is told to call.
    fn value(&mut self, name: &str, value: &str) {
        if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
            self.r#unsafe(&format!(
                "`{name}` has a value that makes no header; the gateway then sets none, and a client's own passes"
            ));
        } else if let Some(parameter) = whole_variable(value, "request.path") {
            let has = |part: String| self.route.path.split('/').any(|segment| segment == part);
            if has(format!("{{{parameter}}}")) {
                self.note(&format!(
                    "`{name}` is a segment of the path; the function takes it for an alias of MODEL_DEPLOYMENTS"
                ));
            } else if has(format!("{{{parameter}*}}")) {
                self.r#unsafe(&format!(
                    "`{name}` is the rest of the path, so that callers choose the address"
                ));
            } else {
                self.refused(&format!(
                    "`{name}` names a part of the path that the route does not have"
                ));
            }
        } else if whole_variable(value, "request.auth").is_some() {
            self.note(&format!(
                "`{name}` is what the token says; the function takes it for an alias"
            ));
        } else if value.contains("${") {
            self.r#unsafe(&format!(
                "`{name}` is made from the request, so that callers choose the address; set ALLOWED_DEPLOYMENTS in the \
                 function, or give each model a route"
            ));
        } else if let Some((scheme, rest)) = value.split_once("://") {
            let host = rest.split('/').next().unwrap_or_default();
            if !scheme.eq_ignore_ascii_case("https") {
                self.refused(&format!(
                    "`{name}` is not https, and the function calls nothing else"
                ));
            } else if !is_oracle(host) {
                self.note(&format!(
                    "`{name}` names a host that is not Oracle's for model deployments; the function needs it in ALLOWED_HOSTS"
                ));
            }
        }
    }

    /// The names of the target that the route leaves to the client.
    fn others(&mut self, rules: &HeaderTransformations, sets: bool) {
        let filter = rules.filter_headers.as_ref();
        let passes = |name: &str| {
            filter.is_none_or(|filter| {
                let named = filter.items.iter().any(|item| item.name.eq_ignore_ascii_case(name));
                named == (filter.r#type == FilterType::Allow)
            })
        };
        let set = |name: &str| {
            let mut items = rules.set_headers.iter().flat_map(|set| &set.items);
            items.any(|item| item.name.eq_ignore_ascii_case(name))
        };
        let open: Vec<String> = TARGET_HEADERS
            .iter()
            .filter(|name| passes(name) && !set(name))
            .map(|name| format!("`{name}`"))
            .collect();
        match (open.join(", "), sets) {
            (open, _) if open.is_empty() => {}
            (open, true) => {
                self.note(&format!("a client who sends {open} gets 400; filter with BLOCK"));
            }
            (open, false) => self.r#unsafe(&format!(
                "it sets no target, and a client's own {open} names one; filter with BLOCK"
            )),
        }
        if TARGET_HEADERS.iter().any(|name| set(name) && !passes(name)) {
            self.refused("the filter takes away the target, which is set before it is filtered");
        }
        let renamed = rules.rename_headers.iter().flat_map(|rename| &rename.items);
        for item in renamed.filter(|item| is_target(&item.to)) {
            self.r#unsafe(&format!("a client's `{}` becomes `{}`", item.from, item.to));
        }
    }

    fn authorization(&mut self, sets: bool) {
        match &self.route.request_policies.authorization {
            Authorization::AnyOf { allowed_scope } => {
                if allowed_scope.iter().any(|scope| scope.contains("://")) {
                    self.note("`allowedScope` has a scope with its audience; tokens have it without, so that none passes");
                }
            }
            Authorization::Anonymous if sets => {
                self.r#unsafe("it is ANONYMOUS; anybody may call the model");
            }
            Authorization::Anonymous if self.route.methods != ["GET"] => self.r#unsafe(
                "it is ANONYMOUS and takes more than GET; anybody may call the model of MODEL_DEPLOYMENT",
            ),
            Authorization::Anonymous => {}
            Authorization::AuthenticationOnly => self.r#unsafe(
                "no scope is asked for; any token for the audience passes; use ANY_OF with `allowedScope`",
            ),
        }
    }
}

fn is_target(name: &str) -> bool {
    TARGET_HEADERS.iter().any(|target| target.eq_ignore_ascii_case(name))
}

/// The key of a value that is one variable of this table and nothing else.
fn whole_variable<'a>(value: &'a str, table: &str) -> Option<&'a str> {
    let key =
        value.strip_prefix("${")?.strip_prefix(table)?.strip_prefix('[')?.strip_suffix("]}")?;
    (!key.contains(['[', ']', '$', '}'])).then_some(key)
}

/// Whether a host is one of the two kinds that model deployments have without an entry of the operator's.
fn is_oracle(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let host = host.strip_suffix(":443").unwrap_or(&host);
    let public = host
        .strip_prefix("modeldeployment.")
        .and_then(|rest| rest.strip_suffix(".oci.customer-oci.com"))
        .is_some_and(|region| !region.contains('.'));
    public || (host.starts_with("md.datascience.") && host.contains(".oci."))
}
