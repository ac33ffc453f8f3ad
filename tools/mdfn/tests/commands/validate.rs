//! `mdfn gateway-spec validate`: no unsafe specification passes, and nothing that is safe is called
//! unsafe.

mod model;
mod strangers;
mod targets;

use emulator::keys::Key;
use serde_json::{Value, json};

use crate::gateway_spec::{BASE, FUNCTION, changed, findings};
use crate::mdfn;

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
    for (pointer, value, start) in [
        (PLACE.to_owned(), json!(null), "unsafe  authentication: there is no authentication"),
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
            "refused  authentication: `maxClockSkewInSeconds`",
        ),
        (
            additional("verifyClaims"),
            json!([{ "key": "client_id", "values": ["x"] }]),
            "unsafe  authentication: tokens without the claim `client_id` pass",
        ),
        (additional("audiences"), json!([""]), "unsafe  authentication: `audiences` is empty"),
        (
            additional("issuers"),
            json!([null]),
            "refused  authentication: `validationPolicy.additionalValidationPolicy.issuers` is not as the service",
        ),
        (
            format!("{POLICY}/uri"),
            json!("http://domain.example/jwk"),
            "unsafe  authentication: the keys' `uri` is not https",
        ),
        (
            format!("{POLICY}/uri"),
            json!(null),
            "refused  authentication: `validationPolicy.uri` is missing",
        ),
        (
            format!("{POLICY}/isSslVerifyDisabled"),
            json!("yes"),
            "refused  authentication: `validationPolicy.isSslVerifyDisabled` is not as the service",
        ),
        (
            format!("{PLACE}/type"),
            json!("NO_AUTHENTICATION"),
            "refused  authentication: `type` is `NO_AUTHENTICATION`; expected CUSTOM_AUTHENTICATION",
        ),
        (
            PLACE.to_owned(),
            json!({ "type": "JWT_AUTHENTICATION" }),
            "refused  authentication: `publicKeys` is missing",
        ),
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
            format!("{HEADERS}/setHeaders"),
            json!(null),
            "unsafe  route /iris: it sets no target, and a client's own `model_deployment`",
        ),
        (
            "/routes/1/requestPolicies/headerTransformations".to_owned(),
            json!(null),
            "unsafe  route /healthz: it sets no target",
        ),
        (
            format!("{ROUTE}/authorization"),
            json!(null),
            "unsafe  route /iris: no scope is required",
        ),
        (
            format!("{HEADERS}/renameHeaders"),
            json!({ "items": [{ "from": "x-mine", "to": "X-Model-Deployment" }] }),
            "unsafe  route /iris: a client's `x-mine` becomes `X-Model-Deployment`",
        ),
        (
            format!("{HEADERS}/renameHeaders"),
            json!({ "items": [{ "from": "x-mine", "to": "Model_Deployment" }] }),
            "refused  route /iris: `model_deployment` is in more than one",
        ),
        (
            "/routes/1/requestPolicies/authorization".to_owned(),
            json!({ "type": "ANY_OF", "allowedScope": [""] }),
            "refused  route /healthz: `allowedScope` is empty",
        ),
        (
            "/routes/1".to_owned(),
            json!(null),
            "refused  specification: `routes` is not as the service",
        ),
        (
            "/routes/1/methods".to_owned(),
            json!(["get"]),
            "refused  route /healthz: `methods` is `get`; expected ANY, HEAD",
        ),
        ("/routes".to_owned(), json!([]), "refused  specification: there are no routes"),
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
            "refused  route /iris: the filter takes away the target",
        ),
    ] {
        assert_found(&changed(&pointer, value), start);
    }
}

#[test]
fn each_value_that_is_no_target_is_explained() {
    let values = "/routes/0/requestPolicies/headerTransformations/setHeaders/items/0/values";
    for (value, start) in [
        (
            json!(["https://x/${request.path[o]}/predict"]),
            "unsafe  route /iris: `model_deployment` is made from the request",
        ),
        (
            json!(["${request.headers[x]}"]),
            "unsafe  route /iris: `model_deployment` is made from the request",
        ),
        (
            json!([format!("{BASE}/predict\n")]),
            "unsafe  route /iris: `model_deployment` has a value that makes no header",
        ),
        (
            json!(["https://modell\u{e9}/"]),
            "unsafe  route /iris: `model_deployment` has a value that makes no header",
        ),
        (json!([""]), "unsafe  route /iris: `model_deployment` has a value that makes no header"),
        (json!(["a", "b"]), "refused  route /iris: `model_deployment` has several values"),
        (json!([]), "refused  route /iris: `model_deployment` has not 1 to 10"),
        (
            json!("x"),
            "refused  route /iris: `requestPolicies.headerTransformations.setHeaders.items.values` is not as",
        ),
        (json!(["${request.path[typo]}"]), "refused  route /iris: `model_deployment` names a part"),
    ] {
        assert_found(&changed(values, value), start);
    }
}

#[test]
fn an_open_route_is_unsafe_also_where_the_function_has_the_target() {
    let mut specification =
        changed("/requestPolicies/authentication/isAnonymousAccessAllowed", json!(true));
    specification["routes"][1]["requestPolicies"]["authorization"] = json!({ "type": "ANONYMOUS" });
    assert_eq!(findings(&specification).0, 0);
    specification["routes"][1]["methods"] = json!(["GET", "POST"]);
    assert_found(&specification, "unsafe  route /healthz: it is ANONYMOUS and takes more than GET");
}

/// The keys of a specification with static ones, changed.
fn with_keys(keys: &Value) -> Value {
    let policy = "/requestPolicies/authentication/validationPolicy";
    let additional = json!({ "issuers": ["i"], "audiences": ["a"] });
    changed(
        policy,
        json!({ "type": "STATIC_KEYS", "keys": keys, "additionalValidationPolicy": additional }),
    )
}

#[test]
fn keys_that_the_gateway_does_not_take_are_named() {
    let mut key = Key::generate().jwk("k");
    key["format"] = "JSON_WEB_KEY".into();
    assert_eq!(findings(&with_keys(&json!([key]))).0, 0);
    let with = |member: &str, value: Value| {
        let mut key = key.clone();
        key[member] = value;
        with_keys(&json!([key]))
    };
    for (specification, start) in [
        (with_keys(&json!([])), "refused  authentication: STATIC_KEYS has no key"),
        (with("x5c", json!([])), "refused  key `k`: it has `x5c`"),
        (with("key_ops", json!(["sign"])), "refused  key `k`: `key_ops` is without `verify`"),
        (with("kty", json!("oct")), "refused  key `k`: `kty` is `oct`; expected RSA"),
        (with("n", json!("AQAB")), "refused  key `k`: its `n` and `e` are no RSA key"),
    ] {
        assert_found(&specification, start);
    }
}

#[test]
fn the_form_of_the_oci_cli_is_read_and_what_is_no_specification_is_refused() {
    fn cli(value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                let kebab = |name: &String| {
                    name.chars()
                        .map(|letter| {
                            if letter.is_uppercase() {
                                format!("-{}", letter.to_lowercase())
                            } else {
                                letter.to_string()
                            }
                        })
                        .collect::<String>()
                };
                let mut members: serde_json::Map<_, _> =
                    members.iter().map(|(name, value)| (kebab(name), cli(value))).collect();
                members.insert("response-policies".to_owned(), Value::Null);
                members.insert("cors".to_owned(), Value::Null);
                members.into()
            }
            Value::Array(items) => items.iter().map(cli).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }
    let safe = changed("/requestPolicies/cors", json!(null));
    let skip = changed(
        "/routes/0/requestPolicies/headerTransformations/setHeaders/items/0/ifExists",
        json!("SKIP"),
    );
    for wrap in [
        |value| value,
        |value| json!({ "data": { "specification": value } }),
        |value| json!({ "specification": value }),
    ] {
        assert_eq!(findings(&wrap(cli(&safe))).0, 0, "{:#}", cli(&safe));
        assert_found(&wrap(cli(&skip)), "unsafe  route /iris: `model_deployment` is set with SKIP");
    }
    for other in [json!({}), json!([]), json!([safe]), json!({ "data": { "id": "x" } })] {
        let done = mdfn(&["gateway-spec", "validate"], &other.to_string());
        assert!(
            done.code == 2 && done.stderr.contains("not a deployment specification"),
            "{done:?}"
        );
    }
}

#[test]
fn what_is_not_looked_at_does_not_hide_the_rest() {
    let mut specification = changed("/requestPolicies/cors", json!({ "allowedOrigins": ["*"] }));
    specification["requestPolicies"]["rateLimiting"]["rateKey"] = "CLIENT_IP".into();
    assert_eq!(findings(&specification).0, 0);
    let jwt = json!({
        "type": "JWT_AUTHENTICATION", "tokenHeader": "Authorization", "tokenAuthScheme": "Bearer",
        "issuers": ["i"], "audiences": ["a"],
        "publicKeys": { "type": "REMOTE_JWKS", "uri": "https://domain.example/jwk", "maxCacheDurationInHours": 1 },
    });
    for authentication in [jwt, json!({ "type": "CUSTOM_AUTHENTICATION", "functionId": "x" })] {
        specification["requestPolicies"]["authentication"] = authentication;
        let (code, lines) = findings(&specification);
        assert_eq!(code, 0, "{lines:?}");
        let mut skip = specification.clone();
        skip["routes"][0]["requestPolicies"]["headerTransformations"]["setHeaders"]["items"][0]["values"] =
            json!([]);
        assert_found(&skip, "refused  route /iris: `model_deployment` has not 1 to 10 values");
    }
}

#[test]
fn a_function_behind_a_choice_of_back_ends_is_looked_at_too() {
    let function = json!({ "type": "ORACLE_FUNCTIONS_BACKEND", "functionId": FUNCTION });
    let backend = |backend: &Value| {
        json!({
            "type": "DYNAMIC_ROUTING_BACKEND",
            "selectionSource": { "type": "SINGLE", "selector": "request.headers[x]" },
            "routingBackends": [{ "key": { "type": "ANY_OF", "name": "a", "values": ["x"] }, "backend": backend }],
        })
    };
    let mut specification = changed("/routes/1/backend", backend(&function));
    assert_eq!(findings(&specification).0, 0);
    specification["routes"][1]["requestPolicies"] = json!({});
    assert_found(&specification, "unsafe  route /healthz: it sets no target");
    specification["routes"][1]["backend"] =
        backend(&json!({ "type": "HTTP_BACKEND", "url": "https://x.example/" }));
    assert_eq!(findings(&specification).0, 0);
}

#[test]
fn what_is_only_worth_knowing_is_no_failure() {
    let on = |host: &str| {
        let path = BASE.rsplit('/').next().unwrap();
        format!("https://{host}/{path}/predict")
    };
    let items = "/routes/0/requestPolicies/headerTransformations/setHeaders/items/0";
    for (specification, line) in [
        (
            changed("/requestPolicies/rateLimiting", json!(null)),
            "note  specification: there is no `rateLimiting`",
        ),
        (
            changed(&format!("{items}/values"), json!(["${request.auth[client_id]}"])),
            "note  route /iris: `model_deployment` is the token's claim `client_id`",
        ),
        (
            changed(&format!("{items}/values"), json!([on("private.example:8443")])),
            "note  route /iris: `model_deployment` names a host that is not Oracle's",
        ),
        (
            changed(
                "/routes/0/requestPolicies/authorization/allowedScope",
                json!(["https://gw/predict"]),
            ),
            "note  route /iris: `allowedScope` has a scope with its audience",
        ),
        (changed("/routes/0/methods", json!(["ANY"])), "note  route /iris: it takes ANY method"),
        (
            changed("/routes/0/requestPolicies/headerTransformations/filterHeaders", json!(null)),
            "note  route /iris: a client who sends `model-deployment`, `x-model-deployment`, `service_target`,",
        ),
        (
            changed("/requestPolicies/cors", json!({ "allowedOrigins": ["*"] })),
            "note  specification: `cors` takes the origin `*`",
        ),
        (
            changed("/requestPolicies/madeUp", json!({})),
            "note  specification: `requestPolicies.madeUp` is not known here",
        ),
    ] {
        let (code, lines) = findings(&specification);
        assert!(code == 0 && lines.iter().any(|found| found.starts_with(line)), "{line} {lines:?}");
    }
    let mut alias = changed(&format!("{items}/values"), json!(["${request.path[model]}"]));
    alias["routes"][0]["path"] = "/{model}/v1/{path*}".into();
    let (code, lines) = findings(&alias);
    assert!(
        code == 0 && lines.iter().any(|line| line.contains("is a segment of the path")),
        "{lines:?}"
    );
    alias["routes"][0]["path"] = "/{model*}".into();
    assert_found(&alias, "unsafe  route /{model*}: `model_deployment` is the rest of the path");
    let done = mdfn(&["gateway-spec", "validate"], "no JSON");
    assert!(done.code == 2 && done.stderr.contains("not JSON"), "{done:?}");
}

#[test]
fn nothing_that_a_terminal_would_obey_is_printed() {
    const HOSTILE: &str = "\u{1b}[2J\u{7f}\u{202e}";
    let backend = format!("ORACLE{HOSTILE}FUNCTIONS_BACKEND");
    let claims =
        "/requestPolicies/authentication/validationPolicy/additionalValidationPolicy/verifyClaims";
    for specification in [
        changed("/routes/0/backend/type", json!(backend)),
        changed(claims, json!([{ "key": HOSTILE, "values": ["x"] }])),
    ] {
        let done = mdfn(&["gateway-spec", "validate"], &specification.to_string());
        let printed = format!("{}{}", done.stdout, done.stderr);
        assert!(done.code != 0 && printed.contains("\\u{202e}"), "{printed:?}");
        assert!(!printed.contains(['\u{1b}', '\u{7f}', '\u{202e}']), "{printed:?}");
    }
}

#[test]
fn a_member_that_only_looks_like_another_does_not_stand_for_it() {
    let safe = changed("/routes/0/methods", json!(["POST"]));
    let authorization = "/routes/0/requestPolicies/authorization";
    for name in ["routes-", "-routes", "routes--"] {
        let mut specification = changed(authorization, json!({ "type": "ANONYMOUS" }));
        specification[name] = safe["routes"].clone();
        assert_found(&specification, "refused  route /iris: it is ANONYMOUS");
        let note = format!("note  specification: `{name}` is not known here, and not looked at");
        assert!(findings(&specification).1.contains(&note), "{name}");
    }
}
