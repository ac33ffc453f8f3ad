//! `mdfn gateway-spec`: a specification that the gateway takes, and no other.

mod server;
mod services;

use std::fs;
use std::path::Path;

use emulator::gateway::spec::Specification;
use emulator::keys::Key;
use serde_json::{Value, json};

use crate::{Done, mdfn, mdfn_full};

pub(crate) const FUNCTION: &str = "ocid1.fnfunc.oc1.eu-frankfurt-1.amaaaaaaexample";
pub(crate) const BASE: &str = "https://modeldeployment.eu-frankfurt-1.oci.customer-oci.com/ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.amaaaaaaexampleexample";

fn spec(more: &[&str], keys: &str) -> Done {
    let mut arguments = vec!["gateway-spec", "--function", FUNCTION, "--audience", "https://gw/"];
    arguments.extend(more);
    mdfn(&arguments, keys)
}

fn document(done: &Done) -> Value {
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done:?}");
    serde_json::from_str(&done.stdout).unwrap()
}

pub(crate) fn findings(specification: &Value) -> (i32, Vec<String>) {
    let done = mdfn(&["gateway-spec", "validate"], &specification.to_string());
    (done.code, done.stdout.lines().map(str::to_owned).collect())
}

/// A safe specification with a change.
pub(crate) fn changed(pointer: &str, value: Value) -> Value {
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
        "filterHeaders": { "type": "BLOCK", "items": [
            { "name": "model-deployment" }, { "name": "x-model-deployment" }, { "name": "service_target" },
            { "name": "service-target" }, { "name": "x-service-target" },
        ] },
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
    assert_eq!((code, lines.last().unwrap().as_str()), (0, "0 refused, 0 unsafe, 2 notes"));
}

#[test]
fn the_example_in_deploy_is_what_the_command_prints() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/gateway.json");
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
        (vec!["--model", &twice, "--scope", ""], "--scope"),
        (vec!["--model", &twice, "--scope", "https://gw/predict"], "without its audience"),
        (vec!["--model", &twice, "--issuer", ""], "--issuer"),
        (vec!["--model", &twice, "--client", ""], "--client"),
        (
            vec!["--model", "a=https://h@evil.example/ocid1.datasciencemodeldeployment.x/predict"],
            "without user",
        ),
        (
            vec!["--model", "a=https://h/x?y=/ocid1.datasciencemodeldeployment.x/predict"],
            "without user, query",
        ),
        (
            vec!["--openai", "a=https://h/ocid1.datasciencemodeldeployment.x?y"],
            "without user, query",
        ),
        (vec!["--model", &twice, "--rate-limit", "0"], "--rate-limit"),
        (vec![], "--model"),
    ] {
        let done = spec(&[jwks.as_slice(), &more].concat(), "");
        assert!(done.code == 2 && done.stderr.contains(expected), "{more:?} {done:?}");
        assert_eq!(done.stdout, "");
    }
    let hostless = ["gateway-spec", "--function", FUNCTION, "--audience", "https:///"];
    let done = mdfn(&[&hostless[..], &jwks, &["--model", &twice]].concat(), "");
    assert!(done.code == 2 && done.stderr.contains("`https://<gateway host>/`"), "{done:?}");
    let done = spec(&["--keys", "-", "--model", &twice], "[{\"format\":\"JSON_WEB_KEY\"}]");
    assert!(done.code == 1 && done.stderr.contains("it is not printed"), "{done:?}");
}

#[test]
fn cors_is_printed_for_the_origins_that_are_named_and_for_no_other() {
    let model = format!("iris={BASE}/predict");
    let jwks = ["--jwks-uri", "https://domain.example/jwk", "--model", &model];
    let without = document(&spec(&jwks, ""));
    assert!(without["requestPolicies"].get("cors").is_none());
    let cors = ["--cors", "https://app.example", "--cors", "http://localhost:5173"];
    let with = document(&spec(&[&jwks[..], &cors].concat(), ""));
    let policy = &with["requestPolicies"]["cors"];
    assert_eq!(policy["allowedOrigins"], json!(["https://app.example", "http://localhost:5173"]));
    assert_eq!(policy["isAllowCredentialsEnabled"], false);
    // Predictions, and the function's own health.
    assert_eq!(policy["allowedMethods"], json!(["GET", "POST"]));
    let chat = format!("llm={BASE}");
    let both = document(&spec(&[&jwks[..], &["--openai", &chat], &cors].concat(), ""));
    let methods = &both["requestPolicies"]["cors"]["allowedMethods"];
    assert_eq!(*methods, json!(["DELETE", "GET", "POST"]));
    assert!(policy["allowedHeaders"].as_array().unwrap().contains(&json!("authorization")));
    assert_eq!(findings(&with).0, 0);
    for origin in [
        "*",
        "null",
        "app.example",
        "https://app.example/",
        "https://App.example",
        "https://app.example:443",
        "http://app.example",
        "https://user@app.example",
        "https://",
        "",
    ] {
        let done = spec(&[&jwks[..], &["--cors", origin]].concat(), "");
        assert!(done.code == 2 && done.stderr.contains("expected an origin"), "{origin} {done:?}");
    }
    let twice = ["--cors", "https://app.example", "--cors", "https://app.example"];
    let done = spec(&[&jwks[..], &twice].concat(), "");
    assert!(done.code == 2 && done.stderr.contains("`--cors` names"), "{done:?}");
}

#[test]
fn the_paths_of_a_server_are_routed_by_name_beside_v1() {
    let (model, chat) = (format!("iris={BASE}/predict"), format!("llm={BASE}"));
    let jwks = ["--jwks-uri", "https://domain.example/jwk"];
    let paths = ["--openai", &chat, "--server-path", "/metrics", "--server-path", "/a/b"];
    let done = spec(&[&jwks[..], &paths].concat(), "");
    let document = document(&done);
    assert!(Specification::parse(&done.stdout).is_ok());
    let route = |at: usize| &document["routes"][at];
    let routed: Vec<_> = (0..3).map(|at| route(at)["path"].as_str().unwrap()).collect();
    assert_eq!(routed, ["/llm/v1/{path*}", "/llm/metrics", "/llm/a/b"]);
    assert_eq!(route(1)["requestPolicies"], route(0)["requestPolicies"]);
    assert_eq!(findings(&document).0, 0);
    for path in ["/v1/models", "/v1", "metrics", "/", "/{path*}", "/a/../b", "/a//b", "/a b", ""] {
        let more = ["--openai", chat.as_str(), "--server-path", path];
        let done = spec(&[&jwks[..], &more].concat(), "");
        assert!(done.code == 2 && done.stderr.contains("beside `/v1`"), "{path} {done:?}");
    }
    let done = spec(&[&jwks[..], &["--model", &model, "--server-path", "/metrics"]].concat(), "");
    assert!(done.code == 2 && done.stderr.contains("--openai"), "{done:?}");
}

#[test]
fn an_audience_that_glues_its_scope_is_said() {
    let model = format!("a={BASE}/predict");
    let arguments =
        ["gateway-spec", "--function", FUNCTION, "--audience", "https://gw", "--model", &model];
    let done = mdfn(&[&arguments[..], &["--jwks-uri", "https://domain.example/jwk"]].concat(), "");
    assert!(done.code == 0 && done.stderr.contains("`https://gwpredict`"), "{done:?}");
}

#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    let safe = changed("/requestPolicies/cors", json!(null)).to_string();
    let model = format!("iris={BASE}/predict");
    let arguments = ["gateway-spec", "--function", FUNCTION, "--audience", "https://gw/"];
    let more = ["--jwks-uri", "https://domain.example/jwk", "--model", &model];
    for done in [
        mdfn_full(&["gateway-spec", "validate"], &safe),
        mdfn_full(&[&arguments[..], &more].concat(), ""),
    ] {
        assert!(done.code == 1 && done.stderr.contains("standard output cannot"), "{done:?}");
    }
}
