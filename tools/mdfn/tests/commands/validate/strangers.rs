//! Documents as other people have them: what the service takes is read, and what is unsafe in it is
//! found wherever it stands.

use emulator::gateway::document::TARGET_HEADERS;
use emulator::keys::Key;
use serde_json::{Value, json};

use super::{assert_found, with_keys};
use crate::gateway_spec::{changed, findings};
use crate::mdfn;

const SKIP: &str = "unsafe  route /iris: `model_deployment` is set with SKIP";

/// The same specification whose route to the model is also unsafe.
fn with_skip(specification: &Value) -> Value {
    let mut specification = specification.clone();
    specification["routes"][0]["requestPolicies"]["headerTransformations"]["setHeaders"]["items"]
        [0]["ifExists"] = json!("SKIP");
    specification
}

/// Whether a specification passes with a note that starts so, which hides nothing.
fn assert_noted(specification: &Value, start: &str) {
    let (code, lines) = findings(specification);
    assert!(code == 0 && lines.iter().any(|line| line.starts_with(start)), "{start} {lines:?}");
    assert_found(&with_skip(specification), SKIP);
}

#[test]
fn what_is_not_judged_is_a_note_and_hides_nothing() {
    let policies = |name: &str| format!("/routes/0/requestPolicies/{name}");
    let filter =
        json!({ "filterQueryParameters": { "type": "BLOCK", "items": [{ "name": "debug" }] } });
    for (pointer, value, start) in [
        (
            policies("queryParameterTransformations"),
            filter,
            "note  route /iris: `queryParameterTransformations`",
        ),
        (
            policies("headerValidations"),
            json!({ "headers": [] }),
            "note  route /iris: `headerValidations`",
        ),
        (
            policies("queryParameterValidations"),
            json!({}),
            "note  route /iris: `queryParameterValidations`",
        ),
        (
            policies("madeUp"),
            json!({ "deep": [1] }),
            "note  route /iris: `requestPolicies.madeUp` is not known",
        ),
        (
            "/routes/0/responsePolicies".to_owned(),
            json!({}),
            "note  route /iris: `responsePolicies`",
        ),
        (
            "/requestPolicies/usagePlans".to_owned(),
            json!({ "tokenLocations": ["x"] }),
            "note  specification: `usagePlans`",
        ),
        ("/madeUp".to_owned(), json!(1), "note  specification: `madeUp` is not known"),
        (
            "/requestPolicies/authentication/validationFailurePolicy".to_owned(),
            json!({ "type": "MODIFY_RESPONSE" }),
            "note  authentication: `validationFailurePolicy`",
        ),
    ] {
        assert_noted(&changed(&pointer, value), start);
    }
}

#[test]
fn an_odd_thing_in_one_route_hides_nothing_of_the_others() {
    for odd in
        [json!(1), json!({}), json!({ "path": 7, "methods": "GET", "backend": [] }), json!([])]
    {
        let mut specification = with_skip(&changed("/requestPolicies/cors", json!(null)));
        specification["routes"].as_array_mut().unwrap().insert(0, odd);
        assert_found(&specification, SKIP);
        assert_found(&specification, "refused  ");
    }
}

#[test]
fn a_claim_that_must_only_be_there_is_taken() {
    let claims =
        "/requestPolicies/authentication/validationPolicy/additionalValidationPolicy/verifyClaims";
    for claim in [
        json!({ "key": "client_id", "isRequired": true }),
        json!({ "key": "client_id", "isRequired": true, "values": null }),
        json!({ "key": "client_id", "isRequired": true, "values": [] }),
    ] {
        assert_noted(
            &changed(claims, json!([claim])),
            "note  authentication: the claim `client_id` must be there",
        );
    }
}

#[test]
fn callers_that_are_checked_elsewhere_are_said_to_be() {
    let with = |policies: Value| {
        let mut specification = changed("/requestPolicies/authentication", json!(null));
        specification["requestPolicies"]
            .as_object_mut()
            .unwrap()
            .extend(policies.as_object().unwrap().clone());
        specification
    };
    let mutual = |required: bool, names: Value| {
        with(
            json!({ "mutualTls": { "isVerifiedCertificateRequired": required, "allowedSans": names } }),
        )
    };
    assert_noted(
        &mutual(true, json!(["client.example"])),
        "note  authentication: `mutualTls`: callers are checked",
    );
    let mut anonymous = mutual(true, json!(["client.example"]));
    anonymous["routes"][0]["requestPolicies"]["authorization"] = json!({ "type": "ANONYMOUS" });
    assert_noted(&anonymous, "note  route /iris: it is ANONYMOUS; callers are checked by their");
    assert_found(
        &mutual(false, json!(["client.example"])),
        "unsafe  authentication: there is no authentication",
    );
    let safe = changed("/requestPolicies/cors", json!(null));
    let dynamic = |policy: &Value| {
        with(json!({ "dynamicAuthentication": {
            "selectionSource": { "type": "SINGLE", "selector": "request.headers[x]" },
            "authenticationServers": [{
                "key": { "type": "ANY_OF", "name": "first", "values": ["x"] },
                "authenticationServerDetail": policy,
            }],
        } }))
    };
    let mut policy = safe["requestPolicies"]["authentication"].clone();
    assert_noted(&dynamic(&policy), "note  authentication: `dynamicAuthentication`");
    policy["validationPolicy"]["isSslVerifyDisabled"] = json!(true);
    assert_found(&dynamic(&policy), "unsafe  authentication `first`: `isSslVerifyDisabled`");
}

#[test]
fn tokens_that_are_not_verified_are_found_in_every_kind_of_authentication() {
    const NO_AUDIENCE: &str = "unsafe  authentication: `audiences` is empty";
    const TLS: &str = "unsafe  authentication: `isSslVerifyDisabled`";
    let of = |policy: Value| changed("/requestPolicies/authentication", policy);
    let checks = json!({ "issuers": ["i"], "audiences": [] });
    let jwks = json!({ "type": "REMOTE_JWKS", "uri": "https://domain.example/jwk", "isSslVerifyDisabled": true });
    let jwt = |keys: &Value| {
        of(json!({ "type": "JWT_AUTHENTICATION", "tokenHeader": "a", "tokenAuthScheme": "Bearer",
            "issuers": ["i"], "audiences": [], "publicKeys": keys }))
    };
    let token = |mut validation: Value| {
        validation["additionalValidationPolicy"] = checks.clone();
        of(
            json!({ "type": "TOKEN_AUTHENTICATION", "tokenHeader": "a", "tokenAuthScheme": "Bearer", "validationPolicy": validation }),
        )
    };
    let discovery = |uri: &str| {
        json!({ "type": "REMOTE_DISCOVERY", "isSslVerifyDisabled": true,
            "sourceUriDetails": { "type": "DISCOVERY_URI", "uri": uri },
            "clientDetails": { "type": "CUSTOM", "clientId": "c", "clientSecretId": "s", "clientSecretVersionNumber": 1 } })
    };
    let mut key = Key::generate().jwk("k");
    key["format"] = "JSON_WEB_KEY".into();
    let fixed = json!({ "type": "STATIC_KEYS", "keys": [key] });
    for (specification, starts) in [
        (jwt(&jwks), vec![NO_AUDIENCE, TLS]),
        (jwt(&fixed), vec![NO_AUDIENCE]),
        (token(jwks), vec![NO_AUDIENCE, TLS]),
        (token(fixed), vec![NO_AUDIENCE]),
        (token(discovery("https://domain.example/discovery")), vec![NO_AUDIENCE, TLS]),
        (
            token(discovery("http://domain.example/discovery")),
            vec!["unsafe  authentication: the discovery `uri`"],
        ),
        (
            of(json!({ "type": "CUSTOM_AUTHENTICATION", "functionId": "f", "cacheKey": ["path"],
                "parameters": { "path": "request.path[x]", "token": "request.headers[authorization]" } })),
            vec!["unsafe  authentication: `cacheKey` is without `token`"],
        ),
    ] {
        for start in starts {
            assert_found(&specification, start);
        }
        assert_found(&with_skip(&specification), SKIP);
    }
}

#[test]
fn a_key_is_read_in_the_spelling_of_the_api_and_of_the_cli_and_without_operations() {
    let mut key = Key::generate().jwk("k");
    key["format"] = "JSON_WEB_KEY".into();
    assert_eq!(findings(&with_keys(&json!([key]))).0, 0);
    for name in ["key_ops", "key-ops", "keyOps"] {
        let mut named = key.clone();
        named[name] = json!(["verify"]);
        let (code, lines) = findings(&with_keys(&json!([named])));
        assert!(
            code == 0 && !lines.iter().any(|line| line.contains("key `k`")),
            "{name} {lines:?}"
        );
        named[name] = json!(["sign"]);
        assert_found(
            &with_keys(&json!([named])),
            "refused  key `k`: `key_ops` is without `verify`",
        );
    }
}

#[test]
fn an_open_get_is_unsafe_unless_the_function_answers_it_itself() {
    let open = |path: &str, methods: Value| {
        let mut specification =
            changed("/requestPolicies/authentication/isAnonymousAccessAllowed", json!(true));
        let route = &mut specification["routes"][1];
        route["path"] = path.into();
        route["methods"] = methods;
        route["requestPolicies"]["authorization"] = json!({ "type": "ANONYMOUS" });
        specification
    };
    for path in
        ["/{path*}", "/llm/{path*}", "/{name}", "/v1/models", "/healthz/{path*}", "/xhealthz"]
    {
        assert_found(
            &open(path, json!(["GET"])),
            &format!("unsafe  route {path}: it is ANONYMOUS"),
        );
    }
    for path in ["/healthz", "/readyz", "/models/healthz"] {
        assert_eq!(findings(&open(path, json!(["GET", "HEAD"]))).0, 0, "{path}");
    }
    let mut specification = open("/healthz", json!(["GET"]));
    specification["requestPolicies"]["authentication"]["isAnonymousAccessAllowed"] = json!(false);
    assert_found(
        &specification,
        "refused  route /healthz: it is ANONYMOUS, and `isAnonymousAccessAllowed`",
    );
}

#[test]
fn credentials_for_pages_of_any_origin_are_unsafe() {
    for origin in ["*", "null"] {
        let cors = json!({ "allowedOrigins": ["https://a.example", origin], "isAllowCredentialsEnabled": true });
        assert_found(
            &changed("/requestPolicies/cors", cors.clone()),
            &format!("unsafe  specification: `cors` takes credentials from the origin `{origin}`"),
        );
        assert_found(
            &changed("/routes/1/requestPolicies/cors", cors),
            "unsafe  route /healthz: `cors` takes credentials",
        );
    }
    let named =
        json!({ "allowedOrigins": ["https://a.example"], "isAllowCredentialsEnabled": true });
    assert_eq!(findings(&changed("/requestPolicies/cors", named)).0, 0);
}

#[test]
fn what_counts_all_callers_together_is_a_note_unless_there_is_one_client() {
    let claims =
        "/requestPolicies/authentication/validationPolicy/additionalValidationPolicy/verifyClaims";
    let of = |clients: Value| {
        let claim = json!({ "key": "client_id", "values": clients, "isRequired": true });
        findings(&changed(claims, json!([claim]))).1
    };
    let said = |lines: &[String]| lines.iter().any(|line| line.contains("`rateKey` is TOTAL"));
    assert!(said(&of(json!(["one", "two"]))));
    assert!(!said(&of(json!(["one"]))));
}

#[test]
fn a_route_that_sets_no_target_is_said() {
    let headers = "/routes/0/requestPolicies/headerTransformations/setHeaders";
    let mut specification = changed(headers, json!(null));
    let names = TARGET_HEADERS.map(|name| json!({ "name": name }));
    specification["routes"][0]["requestPolicies"]["headerTransformations"]["filterHeaders"] =
        json!({ "type": "BLOCK", "items": names });
    let (code, lines) = findings(&specification);
    let note = "note  route /iris: it sets no target; the function calls that of MODEL_DEPLOYMENT";
    assert!(code == 0 && lines.iter().any(|line| line.starts_with(note)), "{lines:?}");
}

#[test]
fn what_the_cli_prints_of_a_running_deployment_is_not_refused() {
    let done =
        mdfn(&["gateway-spec", "validate"], include_str!("../specifications/cli-export.json"));
    assert!(done.code == 0 && done.stdout.contains("0 refused, 0 unsafe"), "{done:?}");
}

#[test]
fn the_state_of_terraform_is_read() {
    let one = |items: Value| {
        json!([{
            "request_policies": [{ "authentication": [], "mutual_tls": [{ "is_verified_certificate_required": "true" }] }],
            "routes": [{
                "path": "/iris", "methods": ["POST"],
                "backend": [{ "type": "ORACLE_FUNCTIONS_BACKEND", "function_id": "f", "url": "", "status": 0, "headers": [] }],
                "request_policies": [{
                    "body_validation": [{ "content": [{ "media_type": "application/json", "validation_type": "NONE" }] }],
                    "header_transformations": [{ "set_headers": [{ "items": items }] }],
                }],
            }],
        }])
    };
    let item =
        |how: &str| json!([{ "name": "model_deployment", "values": ["iris"], "if_exists": how }]);
    let (code, lines) = findings(&json!({ "specification": one(item("OVERWRITE")) }));
    assert!(
        code == 0 && lines.iter().any(|line| line.contains("`mutualTls`: callers")),
        "{lines:?}"
    );
    assert!(!lines.iter().any(|line| line.contains("not known here")), "{lines:?}");
    assert_found(&json!({ "specification": one(item("SKIP")) }), SKIP);
}

#[test]
fn a_member_in_two_spellings_is_refused() {
    let specification =
        changed("/routes/0/requestPolicies/body-validation", json!({ "content": {} }));
    assert_found(
        &specification,
        "refused  route /iris: `requestPolicies.bodyValidation` occurs twice, in two spellings",
    );
}

#[test]
fn no_kind_of_deployment_that_the_service_takes_is_refused() {
    let kinds: Value = serde_json::from_str(include_str!("../specifications/kinds.json")).unwrap();
    for (kind, specification) in kinds.as_object().unwrap() {
        let (_, lines) = findings(specification);
        let refused = lines.iter().any(|line| line.starts_with("refused"));
        let unknown = lines.iter().any(|line| line.contains("not known here"));
        assert!(!refused && !unknown, "{kind}: {lines:?}");
        let mut beside = specification.clone();
        let skip = with_skip(&changed("/requestPolicies/cors", json!(null)));
        beside["routes"].as_array_mut().unwrap().push(skip["routes"][0].clone());
        assert_found(&beside, SKIP);
    }
}

#[test]
fn a_host_that_callers_choose_is_unsafe_and_a_path_is_not() {
    let of =
        |url: &str| changed("/routes/1/backend", json!({ "type": "HTTP_BACKEND", "url": url }));
    assert_found(
        &of("https://${request.headers[x]}.example/a"),
        "unsafe  route /healthz: the host of its `url` is made from the request",
    );
    assert_eq!(findings(&of("https://weather.example/${request.path[x]}")).0, 0);
}

#[test]
fn scopes_are_asked_for_as_far_as_callers_have_some() {
    let custom = json!({ "type": "CUSTOM_AUTHENTICATION", "functionId": "f", "tokenHeader": "a" });
    let mut specification = changed("/requestPolicies/authentication", custom);
    let said = |specification: &Value, what: &str| {
        findings(specification).1.iter().any(|line| line.contains(what))
    };
    assert!(!said(&specification, "scope"));
    specification["routes"][0]["requestPolicies"]["authorization"] = json!(null);
    assert_noted(&specification, "note  route /iris: no scope is required; only your function");
    let none = changed("/requestPolicies/authentication", json!(null));
    assert!(said(&none, "`allowedScope` needs a token, and none is checked here"));
}
