//! The deployment specification that `mdfn gateway-spec` prints.

use serde_json::{Value, json};

/// The document for these arguments, with these keys in the file of `--keys`.
pub(crate) fn canonical(arguments: &[&str], keys: &Value) -> Value {
    let arguments = Arguments(arguments);
    let authorization = json!({ "type": "ANY_OF", "allowedScope": [arguments.one("--scope")] });
    let anonymous = arguments.0.contains(&"--anonymous-health");
    let anyone = json!({ "type": "ANONYMOUS" });
    let health = if anonymous { &anyone } else { &authorization };

    let models = arguments.named("--model").into_iter().map(|(name, target)| {
        let mut route =
            arguments.route(&format!("/{name}"), &["POST"], &authorization, Some(target));
        route["requestPolicies"]["bodyValidation"] = json!({
            "required": true,
            "validationMode": "ENFORCING",
            "content": { "application/json": { "validationType": "NONE" } },
        });
        route
    });
    let openai = arguments.named("--openai").into_iter().map(|(name, target)| {
        let path = format!("/{name}/v1/{{path*}}");
        arguments.route(&path, &["GET", "POST", "DELETE"], &authorization, Some(target))
    });
    let own = [
        arguments.route("/healthz", &["GET"], health, None),
        arguments.route("/readyz", &["GET"], &authorization, None),
    ];
    json!({
        "requestPolicies": {
            "authentication": {
                "type": "TOKEN_AUTHENTICATION",
                "tokenHeader": "Authorization",
                "tokenAuthScheme": "Bearer",
                "isAnonymousAccessAllowed": anonymous,
                "maxClockSkewInSeconds": 30,
                "validationPolicy": arguments.validation(keys),
            },
            "rateLimiting": {
                "rateInRequestsPerSecond": arguments.one("--rate-limit").parse::<u32>().unwrap(),
                "rateKey": "TOTAL",
            },
        },
        "loggingPolicies": { "executionLog": { "isEnabled": true, "logLevel": "INFO" } },
        "routes": models.chain(openai).chain(own).collect::<Vec<_>>(),
    })
}

struct Arguments<'a>(&'a [&'a str]);

impl<'a> Arguments<'a> {
    fn all(&self, name: &str) -> Vec<&'a str> {
        let pairs = self.0.windows(2).filter(|pair| pair[0] == name);
        pairs.map(|pair| pair[1]).collect()
    }

    fn one(&self, name: &str) -> &'a str {
        self.all(name).first().unwrap_or_else(|| panic!("{name} is not there"))
    }

    /// `name=target`, in the order of the names.
    fn named(&self, name: &str) -> Vec<(&'a str, &'a str)> {
        let pairs = self.all(name);
        let mut pairs: Vec<_> = pairs.iter().map(|pair| pair.split_once('=').unwrap()).collect();
        pairs.sort_unstable();
        pairs
    }

    fn validation(&self, keys: &Value) -> Value {
        let mut policy = match self.all("--jwks-uri").first() {
            None => json!({ "type": "STATIC_KEYS", "keys": keys }),
            Some(uri) => json!({
                "type": "REMOTE_JWKS",
                "uri": uri,
                "isSslVerifyDisabled": false,
                "maxCacheDurationInHours": 1,
            }),
        };
        policy["additionalValidationPolicy"] =
            json!({ "issuers": self.all("--issuer"), "audiences": [self.one("--audience")] });
        let clients = self.all("--client");
        if !clients.is_empty() {
            policy["additionalValidationPolicy"]["verifyClaims"] =
                json!([{ "key": "client_id", "values": clients, "isRequired": true }]);
        }
        policy
    }

    fn route(
        &self,
        path: &str,
        methods: &[&str],
        authorization: &Value,
        target: Option<&str>,
    ) -> Value {
        let set = target.map(|target| {
            json!([{ "name": "model_deployment", "ifExists": "OVERWRITE", "values": [target] }])
        });
        let blocked = ["model_deployment", "model-deployment", "x-model-deployment"];
        let blocked = blocked.iter().skip(usize::from(set.is_some()));
        let blocked: Vec<_> = blocked.map(|name| json!({ "name": name })).collect();
        let mut route = json!({
            "path": path,
            "methods": methods,
            "backend": { "type": "ORACLE_FUNCTIONS_BACKEND", "functionId": self.one("--function") },
            "requestPolicies": {
                "authorization": authorization,
                "headerTransformations": { "filterHeaders": { "type": "BLOCK", "items": blocked } },
            },
        });
        if let Some(set) = set {
            route["requestPolicies"]["headerTransformations"]["setHeaders"] =
                json!({ "items": set });
        }
        route
    }
}
