//! Routes to other services than model deployments.

use std::fs;

use emulator::gateway::spec::Specification;
use serde_json::{Value, json};

use super::{BASE, FUNCTION, document, findings, spec};
use crate::Done;

/// Chat in the function's own region; one bucket; two services at one host.
const SERVICES: &str = r#"{
    "chat": {"service": "inference.generativeai", "base": "/openai/v1", "open": ["@openai-chat"]},
    "llm": {"service": "inference.generativeai", "region": "us-chicago-1", "base": "/openai/v1",
      "open": ["@openai-chat", "@openai-responses", "PATCH /openai/v1/files/{}"]},
    "other": {"service": "inference.generativeai", "region": "us-chicago-1", "open": ["@openai-chat"]},
    "reports": {"service": "objectstorage", "base": "/n/ns/b/reports/o", "mount": "/models/reports",
      "open": ["GET /n/ns/b/reports/o", "GET,HEAD /n/ns/b/reports/o/{*}"]}}"#;

/// What is printed for these `--service`, with the entries on standard input.
fn routes(services: &[&str], json: &str) -> Done {
    let jwks = ["--jwks-uri", "https://domain.example/jwk", "--allowed-services", "-"];
    let services = services.iter().flat_map(|service| ["--service", service]);
    spec(&jwks.into_iter().chain(services).collect::<Vec<_>>(), json)
}

/// Path, methods, scope and target of each route but the function's own.
fn seen(document: &Value) -> Vec<Value> {
    let routes = document["routes"].as_array().unwrap();
    let routes =
        routes.iter().filter(|route| route["path"] != "/healthz" && route["path"] != "/readyz");
    let row = |route: &Value| {
        let policies = &route["requestPolicies"];
        let set = &policies["headerTransformations"]["setHeaders"]["items"];
        assert_eq!(set.as_array().unwrap().len(), 1, "{route}");
        assert_eq!(
            (&set[0]["name"], &set[0]["ifExists"]),
            (&json!("service_target"), &json!("OVERWRITE"))
        );
        json!([
            route["path"],
            route["methods"],
            policies["authorization"]["allowedScope"],
            set[0]["values"],
        ])
    };
    routes.map(row).collect()
}

#[test]
fn a_route_has_the_methods_of_its_entry_and_a_scope_of_its_own() {
    let host = "https://inference.generativeai.us-chicago-1.oci.oraclecloud.com";
    let fixed = format!("only={host}/openai/v1/responses,scope=write");
    let services = ["chat=chat", "team-1=llm,scope=llm", "reports=reports", &fixed];
    let done = routes(&services, SERVICES);
    let document = document(&done);
    assert!(Specification::parse(&done.stdout).is_ok());
    assert_eq!(
        seen(&document),
        [
            json!(["/chat/{path*}", ["POST"], ["chat"], ["chat"]]),
            json!(["/only", ["POST"], ["write"], [format!("{host}/openai/v1/responses")]]),
            json!(["/reports", ["GET"], ["reports"], ["reports"]]),
            json!(["/reports/{path*}", ["GET", "HEAD"], ["reports"], ["reports"]]),
            json!(["/team-1/{path*}", ["GET", "POST", "PATCH", "DELETE"], ["llm"], ["llm"]]),
        ]
    );
    assert_eq!(findings(&document).0, 0);
}

#[test]
fn a_page_may_do_what_the_routes_of_the_services_take() {
    let compartment = "ocid1.compartment.oc1..a";
    let json = format!(
        r#"{{"chat": {{"service": "inference.generativeai", "base": "/openai/v1", "open": ["@openai-chat"],
            "compartments": ["{compartment}"], "projects": ["ocid1.generativeaiproject.oc1.x.a"]}},
          "files": {{"service": "objectstorage", "base": "/n/ns/b/f/o", "mount": "/models/files",
            "open": ["GET,HEAD,PUT,PATCH /n/ns/b/f/o/{{*}}"],
            "headers": ["range", "If-Match"], "returns": ["etag"]}}}}"#
    );
    let cors = |services: &[&str]| {
        let origin = ["--cors", "https://app.example", "--jwks-uri", "https://domain.example/jwk"];
        let services = services.iter().flat_map(|service| ["--service", service]);
        let options = origin.into_iter().chain(["--allowed-services", "-"]).chain(services);
        document(&spec(&options.collect::<Vec<_>>(), &json))["requestPolicies"]["cors"].clone()
    };
    let has = |list: &Value, name: &str| list.as_array().unwrap().contains(&json!(name));
    let (chat, both) = (cors(&["chat=chat"]), cors(&["chat=chat", "files=files"]));
    assert_eq!(chat["allowedMethods"], json!(["GET", "POST"]));
    assert_eq!(both["allowedMethods"], json!(["GET", "HEAD", "PATCH", "POST", "PUT"]));
    for name in ["opc-compartment-id", "compartmentid", "openai-project", "authorization"] {
        assert!(has(&chat["allowedHeaders"], name), "{name}");
    }
    for name in ["range", "if-match"] {
        assert!(has(&both["allowedHeaders"], name) && !has(&chat["allowedHeaders"], name));
    }
    assert!(has(&both["exposedHeaders"], "etag") && !has(&chat["exposedHeaders"], "etag"));
}

#[test]
fn every_route_takes_all_other_names_of_a_target_away_from_clients() {
    let names = [
        "model_deployment",
        "model-deployment",
        "x-model-deployment",
        "service_target",
        "service-target",
        "x-service-target",
    ];
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("services.json");
    fs::write(&file, SERVICES).unwrap();
    let file = file.to_str().unwrap();
    let (iris, chat) = (format!("iris={BASE}/predict"), format!("llm={BASE}"));
    let arguments =
        ["--jwks-uri", "https://domain.example/jwk", "--model", &iris, "--openai", &chat];
    let services = ["--service", "chat=chat", "--allowed-services", file];
    let document = document(&spec(&[&arguments[..], &services].concat(), ""));
    let routes = document["routes"].as_array().unwrap();
    assert_eq!(routes.len(), 5);
    for route in routes {
        assert_eq!(route["backend"]["functionId"], FUNCTION);
        let headers = &route["requestPolicies"]["headerTransformations"];
        let listed_in = |list: &Value| -> Vec<String> {
            let items = list["items"].as_array().into_iter().flatten();
            items.map(|item| item["name"].as_str().unwrap().to_owned()).collect()
        };
        let (set, mut all) =
            (listed_in(&headers["setHeaders"]), listed_in(&headers["filterHeaders"]));
        assert!(set.len() <= 1 && headers["filterHeaders"]["type"] == "BLOCK", "{route}");
        all.extend(set);
        all.sort();
        let mut names = names;
        names.sort_unstable();
        assert_eq!(all, names, "{route}");
    }
}

#[test]
fn a_service_that_the_function_would_not_call_gets_no_route() {
    let host = "https://inference.generativeai.us-chicago-1.oci.oraclecloud.com/openai/v1";
    let shared = format!("x={host}/chat/completions");
    for (service, json, expected) in [
        ("x=nothing", SERVICES, "no alias of ALLOWED_SERVICES"),
        ("x=https://identity.us-chicago-1.oraclecloud.com", SERVICES, "none of ALLOWED_SERVICES"),
        ("x=chat/openai/v1/models", SERVICES, "the path is not open"),
        (shared.as_str(), SERVICES, "name one by its alias"),
        ("x=reports", SERVICES, "the last part of it"),
        ("x=${request.auth[sub]}", SERVICES, "without variables"),
        ("x=chat,scope=https://gw/chat", SERVICES, "without its audience"),
        ("x=chat,scope=", SERVICES, "a text without spaces"),
        ("healthz=chat", SERVICES, "other than `healthz`"),
        ("x", SERVICES, "NAME=TARGET"),
        ("chat=chat", r#"{"chat": {"service": "identity", "open": ["GET /a"]}}"#, "never called"),
        ("chat=chat", "", "is empty"),
    ] {
        let done = routes(&[service], json);
        assert!(done.code == 2 && done.stderr.contains(expected), "{service} {done:?}");
        assert_eq!(done.stdout, "");
    }
    let done = routes(&["x=chat", "x=llm"], SERVICES);
    assert!(done.code == 2 && done.stderr.contains("`x` is named twice"), "{done:?}");
    let done = spec(&["--jwks-uri", "https://domain.example/jwk", "--service", "chat=chat"], "");
    assert!(done.code == 2 && done.stderr.contains("--allowed-services"), "{done:?}");
}

#[test]
fn the_validator_knows_the_names_of_a_service() {
    const HEADERS: &str = "requestPolicies/headerTransformations";
    let made = document(&routes(&["chat=chat"], SERVICES));
    let changed = |pointer: &str, value: Value| {
        let mut made = made.clone();
        *made.pointer_mut(pointer).unwrap() = value;
        findings(&made)
    };
    let value = format!("/routes/0/{HEADERS}/setHeaders/items/0/values/0");
    for (target, start) in [
        (
            "http://host/a",
            "refused  route /chat/{path*}: `service_target` is refused by the function: the target is neither",
        ),
        ("Chat", "refused  route /chat/{path*}: `service_target` is refused by the function"),
        (
            "${request.headers[x]}",
            "unsafe  route /chat/{path*}: `service_target` is made from the request",
        ),
        (
            "${request.path[path]}",
            "unsafe  route /chat/{path*}: `service_target` is the rest of the path",
        ),
        (
            "${request.auth[email]}",
            "unsafe  route /chat/{path*}: `service_target` is the claim `email`",
        ),
    ] {
        let (code, lines) = changed(&value, json!(target));
        assert!(
            code == 1 && lines.iter().any(|line| line.starts_with(start)),
            "{target} {lines:?}"
        );
    }
    for target in ["chat", "chat/openai/v1", "https://host.example/a?b=c"] {
        assert_eq!(changed(&value, json!(target)).0, 0, "{target}");
    }
    // The old three names alone.
    let old = json!([{ "name": "model_deployment" }, { "name": "model-deployment" }, { "name": "x-model-deployment" }]);
    let (code, lines) = changed(&format!("/routes/1/{HEADERS}/filterHeaders/items"), old);
    let start = "unsafe  route /healthz: it sets no target, and a client's own `service_target`, `service-target`";
    assert!(code == 1 && lines[0].starts_with(start), "{lines:?}");
}
