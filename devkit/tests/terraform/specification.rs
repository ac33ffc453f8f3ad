//! The gateway's deployment specification in two ways: as the module makes it, and as the canonical document has it.

use serde_json::{Map, Value, json};

/// The document that the provider sends for the block `specification`: names in the API's spelling, and the media types of a
/// body validation as the keys of a map.
pub(crate) fn sent(specification: &Value) -> Value {
    match specification {
        Value::Array(list) => list.iter().map(sent).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| match name.as_str() {
                "content" => ("content".to_owned(), content(value)),
                name => (camel(name), sent(value)),
            })
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

fn content(types: &Value) -> Value {
    let by_type = types.as_array().unwrap().iter().map(|content| {
        let media_type = content["media_type"].as_str().unwrap().to_owned();
        (media_type, json!({ "validationType": content["validation_type"] }))
    });
    by_type.collect::<Map<_, _>>().into()
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (head, rest) = word.split_at(1);
        name + &head.to_uppercase() + rest
    })
}

/// What `mdfn gateway-spec` prints for these arguments, with these keys in the file of `--keys`.
pub(crate) fn canonical(arguments: &[&str], keys: &Value) -> Value {
    let all = |name: &str| -> Vec<&str> {
        let pairs = arguments.windows(2).filter(|pair| pair[0] == name);
        pairs.map(|pair| pair[1]).collect()
    };
    let one = |name: &str| *all(name).first().unwrap_or_else(|| panic!("{name} is not there"));
    let named = |name: &str| {
        let mut pairs: Vec<_> =
            all(name).iter().map(|pair| pair.split_once('=').unwrap()).collect();
        pairs.sort_unstable();
        pairs
    };
    let anonymous = arguments.contains(&"--anonymous-health");

    let mut additional = json!({ "issuers": all("--issuer"), "audiences": [one("--audience")] });
    if !all("--client").is_empty() {
        additional["verifyClaims"] =
            json!([{ "key": "client_id", "values": all("--client"), "isRequired": true }]);
    }
    let policy = match all("--jwks-uri").first() {
        None => {
            json!({ "type": "STATIC_KEYS", "keys": keys, "additionalValidationPolicy": additional })
        }
        Some(uri) => json!({
            "type": "REMOTE_JWKS",
            "uri": uri,
            "isSslVerifyDisabled": false,
            "maxCacheDurationInHours": 1,
            "additionalValidationPolicy": additional,
        }),
    };
    let backend = json!({ "type": "ORACLE_FUNCTIONS_BACKEND", "functionId": one("--function") });
    let authorization = json!({ "type": "ANY_OF", "allowedScope": [one("--scope")] });
    let model = |path: String, methods: &[&str], target: &str| {
        json!({
            "path": path,
            "methods": methods,
            "backend": backend,
            "requestPolicies": {
                "authorization": authorization,
                "headerTransformations": {
                    "setHeaders": {
                        "items": [{ "name": "model_deployment", "ifExists": "OVERWRITE", "values": [target] }]
                    },
                    "filterHeaders": {
                        "type": "BLOCK",
                        "items": [{ "name": "model-deployment" }, { "name": "x-model-deployment" }]
                    },
                },
            },
        })
    };
    let own = |path: &str, authorization: &Value| {
        json!({
            "path": path,
            "methods": ["GET"],
            "backend": backend,
            "requestPolicies": {
                "authorization": authorization,
                "headerTransformations": {
                    "filterHeaders": {
                        "type": "BLOCK",
                        "items": [
                            { "name": "model_deployment" },
                            { "name": "model-deployment" },
                            { "name": "x-model-deployment" },
                        ]
                    },
                },
            },
        })
    };

    let mut routes = Vec::new();
    for (name, target) in named("--model") {
        let mut route = model(format!("/{name}"), &["POST"], target);
        route["requestPolicies"]["bodyValidation"] = json!({
            "required": true,
            "validationMode": "ENFORCING",
            "content": { "application/json": { "validationType": "NONE" } },
        });
        routes.push(route);
    }
    for (name, target) in named("--openai") {
        routes.push(model(format!("/{name}/v1/{{path*}}"), &["GET", "POST", "DELETE"], target));
    }
    let anyone = json!({ "type": "ANONYMOUS" });
    routes.push(own("/healthz", if anonymous { &anyone } else { &authorization }));
    routes.push(own("/readyz", &authorization));
    json!({
        "requestPolicies": {
            "authentication": {
                "type": "TOKEN_AUTHENTICATION",
                "tokenHeader": "Authorization",
                "tokenAuthScheme": "Bearer",
                "isAnonymousAccessAllowed": anonymous,
                "maxClockSkewInSeconds": 30,
                "validationPolicy": policy,
            },
            "rateLimiting": {
                "rateInRequestsPerSecond": one("--rate-limit").parse::<u32>().unwrap(),
                "rateKey": "TOTAL",
            },
        },
        "loggingPolicies": { "executionLog": { "isEnabled": true, "logLevel": "INFO" } },
        "routes": routes,
    })
}
