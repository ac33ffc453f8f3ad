//! `mdfn gateway-spec`: a specification that the gateway takes, and what is said of one that is unsafe.

use std::fs;
use std::path::Path;

use devkit::gateway::spec::Specification;
use devkit::keys::Key;
use serde_json::{Value, json};

use crate::{Done, mdfn};

const FUNCTION: &str = "ocid1.fnfunc.oc1.eu-frankfurt-1.amaaaaaaexample";
const BASE: &str = "https://modeldeployment.eu-frankfurt-1.oci.customer-oci.com/ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.amaaaaaaexample";

fn spec(more: &[&str], keys: &str) -> Done {
    let mut arguments = vec!["gateway-spec", "--function", FUNCTION, "--audience", "https://gw/"];
    arguments.extend(more);
    mdfn(&arguments, keys)
}

fn document(done: &Done) -> Value {
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done:?}");
    serde_json::from_str(&done.stdout).unwrap()
}

fn findings(specification: &Value) -> (i32, Vec<String>) {
    let done = mdfn(&["gateway-spec", "validate"], &specification.to_string());
    (done.code, done.stdout.lines().map(str::to_owned).collect())
}

/// A safe specification with a change.
fn changed(pointer: &str, value: Value) -> Value {
    let model = format!("iris={BASE}/predict");
    let jwks = ["--jwks-uri", "https://domain.example/jwk", "--model", &model];
    let mut specification = document(&spec(&jwks, ""));
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    let parent = specification.pointer_mut(parent).unwrap();
    match parent {
        Value::Array(items) => items[last.parse::<usize>().unwrap()] = value,
        Value::Object(members) if value.is_null() => drop(members.remove(last)),
        Value::Object(members) => drop(members.insert(last.to_owned(), value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => panic!("{pointer}"),
    }
    specification
}

#[test]
fn many_models_static_keys_and_clients_make_one_document_that_the_gateway_takes() {
    let key = Key::generate();
    let keys = mdfn(&["jwk"], &json!({ "keys": [key.jwk("SIGNING_KEY")] }).to_string()).stdout;
    let (iris, other) =
        (format!("iris={BASE}/predict"), format!("a={BASE}/predictWithResponseStream"));
    let chat = format!("llm={BASE}");
    let done = spec(
        &[
            "--keys",
            "-",
            "--model",
            &iris,
            "--model",
            &other,
            "--openai",
            &chat,
            "--openai",
            "x=alias",
            "--client",
            "one",
            "--client",
            "two",
            "--scope",
            "call",
            "--rate-limit",
            "7",
            "--issuer",
            "https://other/",
            "--anonymous-health",
        ],
        &keys,
    );
    let document = document(&done);
    assert!(Specification::parse(&done.stdout).is_ok());
    let route = |at: usize| document.pointer(&format!("/routes/{at}")).unwrap();
    let paths: Vec<_> = (0..6).map(|at| route(at)["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/a", "/iris", "/llm/v1/{path*}", "/x/v1/{path*}", "/healthz", "/readyz"]);
    let transformations = json!({
        "setHeaders": { "items": [
            { "name": "model_deployment", "ifExists": "OVERWRITE", "values": [format!("{BASE}/predict")] }
        ] },
        "filterHeaders": { "type": "BLOCK", "items": [{ "name": "model-deployment" }, { "name": "x-model-deployment" }] },
    });
    assert_eq!(
        route(1),
        &json!({
            "path": "/iris",
            "methods": ["POST"],
            "backend": { "type": "ORACLE_FUNCTIONS_BACKEND", "functionId": FUNCTION },
            "requestPolicies": {
                "authorization": { "type": "ANY_OF", "allowedScope": ["call"] },
                "headerTransformations": transformations,
                "bodyValidation": {
                    "required": true, "validationMode": "ENFORCING",
                    "content": { "application/json": { "validationType": "NONE" } },
                },
            },
        })
    );
    assert_eq!(route(2)["methods"], json!(["GET", "POST", "DELETE"]));
    assert_eq!(route(4)["requestPolicies"]["authorization"], json!({ "type": "ANONYMOUS" }));
    assert_eq!(
        document["requestPolicies"]["authentication"]["validationPolicy"]["additionalValidationPolicy"],
        json!({
            "issuers": ["https://other/"], "audiences": ["https://gw/"],
            "verifyClaims": [{ "key": "client_id", "values": ["one", "two"], "isRequired": true }],
        })
    );
    assert_eq!(document["requestPolicies"]["rateLimiting"]["rateInRequestsPerSecond"], 7);
    let (code, lines) = findings(&document);
    assert_eq!((code, lines.last().unwrap().as_str()), (0, "0 refused, 0 unsafe, 1 notes"));
}

#[test]
fn the_example_in_deploy_is_what_the_command_prints() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/gateway.json");
    let example = fs::read_to_string(example).unwrap();
    let key = serde_json::from_str::<Value>(&example).unwrap();
    let keys = &key["requestPolicies"]["authentication"]["validationPolicy"]["keys"];
    let (iris, chat) = (format!("iris={BASE}/predict"), format!("llm={BASE}"));
    let arguments =
        ["gateway-spec", "--function", FUNCTION, "--audience", "https://gateway.example/"];
    let models = ["--keys", "-", "--model", &iris, "--openai", &chat];
    let done = mdfn(&[&arguments[..], &models].concat(), &keys.to_string());
    assert_eq!(done.stdout, example);
}

#[test]
fn wrong_usage_names_the_option_and_what_was_expected() {
    let jwks = ["--jwks-uri", "https://domain.example/jwk"];
    let twice = format!("a={BASE}/predict");
    for (more, expected) in [
        (vec!["--model", "iris"], "NAME=TARGET"),
        (vec!["--model", "healthz=x"], "other than `healthz`"),
        (vec!["--model", "a/b=x"], "letters, digits"),
        (vec!["--model", "a=http://x/ocid1.datasciencemodeldeployment.x/predict"], "https"),
        (vec!["--model", "a=https://x/ocid1.datasciencemodeldeployment.x"], "`/predict`"),
        (vec!["--model", "a=https://x/${request.path[x]}/predict"], "variables"),
        (vec!["--model", "a=https://x/predict"], "OCID"),
        (vec!["--openai", "a=https://x/ocid1.datasciencemodeldeployment.x/predict"], "base URL"),
        (vec!["--model", &twice, "--model", &twice], "named twice"),
        (vec!["--model", &twice, "--keys", "-"], "cannot be used with"),
        (vec!["--model", &twice, "--rate-limit", "0"], "--rate-limit"),
        (vec![], "--model"),
    ] {
        let done = spec(&[jwks.as_slice(), &more].concat(), "");
        assert!(done.code == 2 && done.stderr.contains(expected), "{more:?} {done:?}");
        assert_eq!(done.stdout, "");
    }
    let done = spec(&["--keys", "-", "--model", &twice], "[{\"format\":\"JSON_WEB_KEY\"}]");
    assert!(done.code == 1 && done.stderr.contains("the service would not take it"), "{done:?}");
}

#[test]
fn an_audience_that_glues_its_scope_is_said() {
    let model = format!("a={BASE}/predict");
    let arguments =
        ["gateway-spec", "--function", FUNCTION, "--audience", "https://gw", "--model", &model];
    let done = mdfn(&[&arguments[..], &["--jwks-uri", "https://x/"]].concat(), "");
    assert!(done.code == 0 && done.stderr.contains("`https://gwpredict`"), "{done:?}");
}

/// Whether a specification has a finding that starts so, and the command fails for it.
fn assert_found(specification: &Value, start: &str) {
    let (code, lines) = findings(specification);
    assert!(code == 1 && lines.iter().any(|line| line.starts_with(start)), "{start} {lines:?}");
}

#[test]
fn each_unsafe_part_of_the_authentication_is_explained() {
    const PLACE: &str = "/requestPolicies/authentication";
    const POLICY: &str = "/requestPolicies/authentication/validationPolicy";
    let additional = |name: &str| format!("{POLICY}/additionalValidationPolicy/{name}");
    let key = json!([{ "kid": "k", "x5c": [], "key_ops": ["sign"] }]);
    for (pointer, value, start) in [
        (PLACE.to_owned(), json!(null), "unsafe  authentication: there is none"),
        (
            format!("{PLACE}/tokenQueryParam"),
            json!("t"),
            "unsafe  authentication: `tokenQueryParam`",
        ),
        (
            format!("{POLICY}/isSslVerifyDisabled"),
            json!(true),
            "unsafe  authentication: `isSslVerifyDisabled`",
        ),
        (additional("audiences"), json!([]), "unsafe  authentication: `audiences` is empty"),
        (additional("issuers"), json!(null), "unsafe  authentication: `issuers` is empty"),
        (
            format!("{PLACE}/maxClockSkewInSeconds"),
            json!(121),
            "refused  the specification: maxClockSkewInSeconds",
        ),
        (format!("{POLICY}/keys"), key.clone(), "refused  key `k`: it has [\"x5c\"]"),
        (format!("{POLICY}/keys"), key, "refused  key `k`: its `key_ops` are without `verify`"),
    ] {
        assert_found(&changed(&pointer, value), start);
    }
}

#[test]
fn each_unsafe_part_of_a_route_is_explained() {
    const ROUTE: &str = "/routes/0/requestPolicies";
    const HEADERS: &str = "/routes/0/requestPolicies/headerTransformations";
    let item = |member: &str| format!("{HEADERS}/setHeaders/items/0/{member}");
    let allow = json!({ "type": "ALLOW", "items": [{ "name": "accept" }] });
    for (pointer, value, start) in [
        (
            item("ifExists"),
            json!("SKIP"),
            "unsafe  route /iris: `model_deployment` is set with SKIP",
        ),
        (item("ifExists"), json!("APPEND"), "unsafe  route /iris: `model_deployment` is set with"),
        (
            item("values"),
            json!(["https://x/${request.path[o]}/predict"]),
            "unsafe  route /iris: `model_deployment` is made from the request",
        ),
        (
            item("values"),
            json!(["${request.headers[x]}"]),
            "unsafe  route /iris: `model_deployment` is made from the request",
        ),
        (
            format!("{HEADERS}/setHeaders"),
            json!(null),
            "unsafe  route /iris: it sets no target, and a client's own `model_deployment`",
        ),
        (
            "/routes/1/requestPolicies/headerTransformations".to_owned(),
            json!(null),
            "unsafe  route /healthz: it sets no target",
        ),
        (format!("{ROUTE}/authorization"), json!(null), "unsafe  route /iris: no scope is asked"),
        (
            format!("{ROUTE}/authorization"),
            json!({ "type": "ANONYMOUS" }),
            "unsafe  route /iris: it is ANONYMOUS",
        ),
        (
            format!("{ROUTE}/responseCacheLookup"),
            json!({ "type": "SIMPLE_LOOKUP_POLICY" }),
            "unsafe  route /iris: answers are cached",
        ),
        (
            format!("{HEADERS}/filterHeaders"),
            allow,
            "refused  route /iris: the ALLOW list is without",
        ),
    ] {
        assert_found(&changed(&pointer, value), start);
    }
}

#[test]
fn a_function_behind_a_choice_of_back_ends_is_looked_at_too() {
    let function = json!({ "type": "ORACLE_FUNCTIONS_BACKEND", "functionId": FUNCTION });
    let backend = |backend: &Value| json!({ "type": "DYNAMIC_ROUTING_BACKEND", "routingBackends": [{ "backend": backend }] });
    let mut specification = changed("/routes/1/backend", backend(&function));
    assert_eq!(findings(&specification).0, 0);
    specification["routes"][1]["requestPolicies"] = json!({});
    assert_found(&specification, "unsafe  route /healthz: it sets no target");
    specification["routes"][1]["backend"] = backend(&json!({ "type": "HTTP_BACKEND" }));
    assert_eq!(findings(&specification).0, 0);
}

#[test]
fn what_is_only_worth_knowing_is_no_failure() {
    let items = "/routes/0/requestPolicies/headerTransformations/setHeaders/items/0";
    for (specification, line) in [
        (
            changed("/requestPolicies/rateLimiting", json!(null)),
            "note  rateLimiting: there is none",
        ),
        (
            changed(&format!("{items}/values"), json!(["${request.path[model]}"])),
            "note  route /iris: `model_deployment` is a segment",
        ),
        (changed("/routes/0/methods", json!(["ANY"])), "note  route /iris: it takes ANY method"),
        (
            changed("/routes/0/requestPolicies/headerTransformations/filterHeaders", json!(null)),
            "note  route /iris: a client who sends `model-deployment`, `x-model-deployment` gets 400",
        ),
        (
            changed("/requestPolicies/cors", json!({})),
            "note  `mdfn local`: it cannot execute this one",
        ),
    ] {
        let (code, lines) = findings(&specification);
        assert!(code == 0 && lines.iter().any(|found| found.starts_with(line)), "{line} {lines:?}");
    }
    let done = mdfn(&["gateway-spec", "validate"], "no JSON");
    assert!(done.code == 2 && done.stderr.contains("not JSON"), "{done:?}");
}
