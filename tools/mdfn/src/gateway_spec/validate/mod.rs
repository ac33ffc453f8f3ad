//! What is wrong with a deployment specification in front of this function, in words: one that
//! anybody wrote, in any form in which the service or a tool gives it out.
//!
//! Source: docs/spec/oci-services.md#deployment-specification.

mod authentication;
mod callers;
mod claims;
mod cors;
mod form;
mod headers;
mod keys;
mod model;
mod read;
mod route;
mod server;
mod service_target;
mod spelling;
mod target;
mod value;

use serde_json::Value;

use self::callers::Callers;
use self::value::{list, text};
use super::findings::{Finding, Findings, Place};

/// The most routes that a deployment has.
const MAX_ROUTES: usize = 50;

/// Returns everything that is to be said about a specification, the worst first; None if the
/// document holds none.
pub fn findings(document: &Value) -> Option<Vec<Finding>> {
    let mut findings = Findings::default();
    let specification = read::read(form::specification(document)?, &mut findings);
    let absent = Value::Null;
    let policies = specification.get("requestPolicies").unwrap_or(&absent);
    let callers = Callers::judge(policies, &mut findings);
    rate(policies, &callers, &mut findings);
    if let Some(cors) = policies.get("cors") {
        cors::judge(cors, &Place::Specification, &mut findings);
    }
    if policies.get("usagePlans").is_some() {
        findings.note(
            &Place::Specification,
            "`usagePlans` is not examined: it counts calls of a key, and is not a check of callers",
        );
    }
    let routes = list(&specification, "routes");
    match routes.len() {
        0 => findings.refused(&Place::Specification, "there are no routes"),
        count => findings.within(&Place::Specification, "routes", count, MAX_ROUTES),
    }
    for route in routes {
        route::judge(route, &callers, &mut findings);
    }
    Some(findings.sorted())
}

/// Returns the keys that a specification has to check tokens with; None if the document holds none.
pub(crate) fn keys(document: &Value) -> Option<keys::Known> {
    let specification = read::read(form::specification(document)?, &mut Findings::default());
    Some(keys::Known::from_policies(specification.get("requestPolicies").unwrap_or(&Value::Null)))
}

/// How often callers may call.
fn rate(policies: &Value, callers: &Callers, findings: &mut Findings) {
    let place = &Place::Specification;
    let Some(limit) = policies.get("rateLimiting") else {
        findings.note(place, "there is no `rateLimiting`; a runaway client has no cost limit");
        return;
    };
    let rate = limit.get("rateInRequestsPerSecond").and_then(Value::as_f64);
    if rate.is_some_and(|rate| rate < 1.0) {
        findings.refused(place, "`rateInRequestsPerSecond` is less than 1");
    }
    if text(limit, "rateKey") == Some("TOTAL") && !callers.is_one_client {
        findings.note(
            place,
            "`rateKey` is TOTAL: one client can use up the rate of all others; CLIENT_IP counts each address by itself",
        );
    }
}
