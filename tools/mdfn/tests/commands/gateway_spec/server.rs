//! A specification whose routes lead to the streaming server.

use emulator::gateway::spec::Specification;
use serde_json::{Value, json};

use super::{BASE, document, findings};
use crate::{Done, mdfn};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// What is printed for a server, with the secret on standard input.
fn spec(url: &str, secret: &str, more: &[&str]) -> Done {
    let server = ["gateway-spec", "--server", url, "--gateway-secret-file", "-"];
    let rest = ["--audience", "https://gw/", "--jwks-uri", "https://domain.example/jwk"];
    mdfn(&[&server[..], &rest, more].concat(), secret)
}

fn both() -> Value {
    let (iris, chat) = (format!("iris={BASE}/predict"), format!("llm={BASE}"));
    let models = ["--model", &iris, "--openai", &chat, "--server-path", "/mcp"];
    document(&spec("http://10.0.1.2:8080/", &format!("{SECRET}\n"), &models))
}

/// The specification with a change at `pointer`; null removes.
fn changed(pointer: &str, value: Value) -> Value {
    let mut specification = both();
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    match (specification.pointer_mut(parent).unwrap(), value) {
        (Value::Object(members), Value::Null) => drop(members.remove(last)),
        (Value::Object(members), value) => drop(members.insert(last.to_owned(), value)),
        (Value::Array(items), Value::Null) => drop(items.remove(last.parse().unwrap())),
        (items, value) => items[last.parse::<usize>().unwrap()] = value,
    }
    specification
}

#[test]
fn routes_lead_to_the_server_with_the_secret_and_the_rest_of_the_path() {
    let document = both();
    assert!(Specification::parse(&document.to_string()).is_ok());
    let routes = document["routes"].as_array().unwrap();
    let seen: Vec<_> = routes
        .iter()
        .map(|route| (route["path"].as_str().unwrap(), route["backend"]["url"].as_str().unwrap()))
        .collect();
    let expected = [
        ("/iris", "http://10.0.1.2:8080/iris"),
        ("/llm/v1/{path*}", "http://10.0.1.2:8080/llm/v1/${request.path[path]}"),
        ("/llm/mcp", "http://10.0.1.2:8080/llm/mcp"),
    ];
    assert_eq!(seen, expected);
    assert_eq!(routes[2]["methods"], json!(["GET", "POST", "DELETE"]));
    for route in routes {
        assert_eq!(route["backend"]["type"], "HTTP_BACKEND");
        assert_eq!(route["backend"]["readTimeoutInSeconds"], 300);
        let headers = &route["requestPolicies"]["headerTransformations"];
        let set = &headers["setHeaders"]["items"];
        assert_eq!(set[0]["name"], "model_deployment");
        let proof =
            json!({ "name": "x-gateway-secret", "ifExists": "OVERWRITE", "values": [SECRET] });
        assert_eq!(set[1], proof);
    }
    let (code, lines) = findings(&document);
    assert_eq!((code, lines.last().unwrap().as_str()), (0, "0 refused, 0 unsafe, 5 notes"));
    let noted = |line: &String| line.starts_with("note  route /iris: its `url` is plain http");
    assert!(lines.iter().any(noted), "{lines:?}");
}

#[test]
fn each_part_that_the_server_or_the_service_refuses_is_explained() {
    const BACKEND: &str = "/routes/1/backend";
    const HEADERS: &str = "/routes/1/requestPolicies/headerTransformations";
    let proof = |member: &str| format!("{HEADERS}/setHeaders/items/1/{member}");
    let block = json!({ "type": "ALLOW", "items": [{ "name": "model_deployment" }] });
    for (pointer, value, start) in [
        (
            format!("{HEADERS}/setHeaders/items/1"),
            json!(null),
            "refused  route /llm/v1/{path*}: it sets no `x-gateway-secret`",
        ),
        (
            proof("ifExists"),
            json!("SKIP"),
            "refused  route /llm/v1/{path*}: `x-gateway-secret` is not set with OVERWRITE",
        ),
        (
            proof("values"),
            json!([SECRET, SECRET]),
            "refused  route /llm/v1/{path*}: `x-gateway-secret` has several",
        ),
        (
            proof("values"),
            json!(["short"]),
            "refused  route /llm/v1/{path*}: `x-gateway-secret` is shorter",
        ),
        (
            proof("values"),
            json!(["${request.headers[x]}"]),
            "unsafe  route /llm/v1/{path*}: `x-gateway-secret` is made from",
        ),
        (
            format!("{HEADERS}/filterHeaders"),
            block,
            "refused  route /llm/v1/{path*}: the filter takes `x-gateway-secret`",
        ),
        (
            format!("{BACKEND}/readTimeoutInSeconds"),
            json!(301),
            "refused  route /llm/v1/{path*}: `readTimeoutInSeconds` is not between 1 and 300",
        ),
        (
            format!("{BACKEND}/connectTimeoutInSeconds"),
            json!(0),
            "refused  route /llm/v1/{path*}: `connectTimeoutInSeconds`",
        ),
        (
            format!("{BACKEND}/url"),
            json!(null),
            "refused  route /llm/v1/{path*}: `backend.url` is missing",
        ),
        (
            format!("{BACKEND}/url"),
            json!("http://${request.path[path]}/"),
            "unsafe  route /llm/v1/{path*}: the host of its `url`",
        ),
        (
            "/routes/1/requestPolicies/authorization".to_owned(),
            json!(null),
            "unsafe  route /llm/v1/{path*}: no scope is required",
        ),
    ] {
        let (code, lines) = findings(&changed(&pointer, value));
        assert!(code == 1 && lines.iter().any(|line| line.starts_with(start)), "{start} {lines:?}");
        assert!(lines.iter().all(|line| !line.contains(SECRET)), "{lines:?}");
    }
}

#[test]
fn what_is_worth_knowing_of_a_server_is_noted() {
    for (pointer, value, start) in [
        (
            "readTimeoutInSeconds",
            json!(null),
            "note  route /llm/v1/{path*}: `readTimeoutInSeconds` is 10",
        ),
        (
            "url",
            json!("https://server.example/llm"),
            "note  route /llm/v1/{path*}: its `url` is without the rest",
        ),
    ] {
        let (code, lines) = findings(&changed(&format!("/routes/1/backend/{pointer}"), value));
        assert!(code == 0 && lines.iter().any(|line| line.starts_with(start)), "{start} {lines:?}");
    }
}

#[test]
fn a_server_that_shows_neither_target_nor_secret_is_somebody_elses() {
    let mut specification = both();
    specification["routes"][0]["requestPolicies"]["headerTransformations"] = json!({});
    specification["routes"][0]["backend"] =
        json!({ "type": "HTTP_BACKEND", "url": "https://other.example/" });
    let (code, lines) = findings(&specification);
    assert!(code == 0 && !lines.iter().any(|line| line.contains("route /iris")), "{lines:?}");
}

#[test]
fn wrong_usage_names_the_option_and_what_was_expected() {
    let model = format!("iris={BASE}/predict");
    let model = ["--model", model.as_str()];
    for url in [
        "10.0.1.2:8080",
        "ftp://a",
        "http://a/path",
        "http://a?b",
        "http://u@a",
        "http://${request.host}",
    ] {
        let done = spec(url, SECRET, &model);
        assert!(
            done.code == 2 && done.stderr.contains("expected the URL of the server"),
            "{url} {done:?}"
        );
    }
    for secret in ["short", "0123456789abcde\u{e9}", "0123456789 abcdef", "${request.path[a]}"] {
        let done = spec("http://a", secret, &model);
        assert!(done.code == 2 && done.stderr.contains("the secret is not one of"), "{done:?}");
        assert!(!done.stderr.contains(secret), "{done:?}");
    }
    let known =
        ["gateway-spec", "--audience", "https://gw/", "--jwks-uri", "https://domain.example/jwk"];
    let known = [&known[..], &model].concat();
    for (more, named) in [
        (vec!["--server", "http://a"], "--gateway-secret-file"),
        (vec!["--function", super::FUNCTION, "--gateway-secret-file", "-"], "cannot be used with"),
        (
            vec![
                "--server",
                "http://a",
                "--gateway-secret-file",
                "-",
                "--function",
                super::FUNCTION,
            ],
            "cannot be used with",
        ),
        (
            vec!["--server", "http://a", "--gateway-secret-file", "-", "--anonymous-health"],
            "cannot be used with",
        ),
        (vec![], "--server"),
    ] {
        let done = mdfn(&[&known[..], &more].concat(), SECRET);
        assert!(done.code == 2 && done.stderr.contains(named), "{more:?} {done:?}");
    }
    let twice = ["--server", "http://a", "--gateway-secret-file", "-", "--keys", "-"];
    let audience = ["gateway-spec", "--audience", "https://gw/"];
    let done = mdfn(&[&audience[..], &twice, &model].concat(), SECRET);
    assert!(done.code == 2 && done.stderr.contains("standard input"), "{done:?}");
}
