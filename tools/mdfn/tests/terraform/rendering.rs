//! Does the module render the canonical deployment specification?

use emulator::gateway::spec::Specification;
use serde_json::{Value, json};

use crate::canonical::canonical;
use crate::plan::{plan, texts};
use crate::specification::sent;

/// What is rendered is what `mdfn gateway-spec` prints for the arguments that the module itself
/// gives out, and for as many keys. The emulated gateway executes all of it.
#[track_caller]
fn is_canonical(run: &str, keys: usize) {
    let key = json!({
        "format": "JSON_WEB_KEY", "kid": "SIGNING_KEY", "kty": "RSA", "alg": "RS256", "use": "sig",
        "n": "w".repeat(342), "e": "AQAB",
    });
    let plan = plan(run);
    let rendered = sent(&plan["oci_apigateway_deployment.this[0]"]);
    let arguments = texts(&plan["gateway_spec_arguments"]);
    let services = plan["allowed_services"].as_str().unwrap();
    let expected = canonical(&arguments, &Value::from(vec![key; keys]), services);
    assert_eq!(rendered, expected, "{rendered:#}\n{expected:#}");
    serde_json::from_value::<Specification>(rendered).unwrap();
}

#[test]
fn one_model() {
    is_canonical("one_model", 1);
}

#[test]
fn many_models_openai_clients_and_anonymous_health() {
    is_canonical("many_models_openai_clients_and_anonymous_health", 2);
}

#[test]
fn services() {
    is_canonical("services", 1);
}

#[test]
fn a_server() {
    is_canonical("a_server", 1);
}

#[test]
fn no_client_but_the_own() {
    is_canonical("no_client_but_the_own", 1);
}

#[test]
fn keys_fetched_from_the_domain() {
    is_canonical("keys_fetched_from_the_domain", 0);
}

#[test]
fn keys_fetched_from_elsewhere() {
    is_canonical("keys_fetched_from_elsewhere", 0);
}
