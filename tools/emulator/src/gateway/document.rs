//! The deployment specification itself: the document that is uploaded, that the Terraform module
//! makes and that the emulated gateway executes.
//!
//! Source: docs/spec/oci-services.md#deployment-specification.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::identity::ISSUER;

/// The header that names the deployment to the function, and the other names that the function
/// takes for it.
pub const TARGET_HEADERS: [&str; 3] =
    ["model_deployment", "model-deployment", "x-model-deployment"];

/// The headers that a page may send; those with `stainless` are what the clients of `OpenAI` and
/// Anthropic say of themselves.
const PAGE_HEADERS: [&str; 12] = [
    "accept",
    "authorization",
    "content-type",
    "opc-request-id",
    "x-stainless-arch",
    "x-stainless-lang",
    "x-stainless-os",
    "x-stainless-package-version",
    "x-stainless-retry-count",
    "x-stainless-runtime",
    "x-stainless-runtime-version",
    "x-stainless-timeout",
];

/// Where the gateway has the keys from that tokens are signed with.
#[derive(Clone, Debug)]
pub enum Keys {
    /// A JSON array of them, as `mdfn jwk` prints it, at most ten.
    Static(Value),
    /// The URL of a key set, which is kept for an hour.
    Jwks(String),
}

/// What a specification is made from.
#[derive(Clone, Debug)]
pub struct Input {
    /// The OCID of the function.
    pub function: String,
    /// Names, which become paths, and what the function is told for each: a predict URL or an
    /// alias.
    pub models: BTreeMap<String, String>,
    /// The same for models that speak as OpenAI's: a base URL, which ends after the OCID, or an
    /// alias.
    pub openai_models: BTreeMap<String, String>,
    /// The audience of tokens, such as `https://gateway.example/`.
    pub audience: String,
    /// The accepted issuers of tokens, at most five.
    pub issuers: Vec<String>,
    /// The keys of the identity domain.
    pub keys: Keys,
    /// The scope that a token needs, without the audience.
    pub scope: String,
    /// The ids of the clients that may call; empty: every one that has the scope.
    pub clients: Vec<String>,
    /// Calls in a second, of all callers together.
    pub rate_limit: u32,
    /// Whether `/healthz` needs no token.
    pub anonymous_health: bool,
    /// The origins whose pages may call from a browser; empty: there is no CORS.
    pub origins: Vec<String>,
    /// Paths of an OpenAI-compatible model's server beside `/v1`, such as `/metrics`.
    pub server_paths: Vec<String>,
}

impl Input {
    /// One function, without a model yet: tokens of any client with the scope `predict`, 50 calls
    /// in a second.
    pub fn new(function: &str, audience: &str, keys: Keys) -> Self {
        Self {
            function: function.to_owned(),
            models: BTreeMap::new(),
            openai_models: BTreeMap::new(),
            audience: audience.to_owned(),
            issuers: vec![ISSUER.to_owned()],
            keys,
            scope: "predict".to_owned(),
            clients: Vec::new(),
            rate_limit: 50,
            anonymous_health: false,
            origins: Vec::new(),
            server_paths: Vec::new(),
        }
    }

    /// The specification.
    pub fn document(&self) -> Value {
        let models = self.models.iter().map(|(name, target)| self.model(name, target));
        let openai = self.openai_models.iter().flat_map(|(name, target)| self.openai(name, target));
        let health = if self.anonymous_health {
            json!({ "type": "ANONYMOUS" })
        } else {
            self.authorization()
        };
        let own = [self.own("/healthz", &health), self.own("/readyz", &self.authorization())];
        let mut document = json!({
            "requestPolicies": {
                "authentication": {
                    "type": "TOKEN_AUTHENTICATION",
                    "tokenHeader": "Authorization",
                    "tokenAuthScheme": "Bearer",
                    "isAnonymousAccessAllowed": self.anonymous_health,
                    "maxClockSkewInSeconds": 30,
                    "validationPolicy": self.validation(),
                },
                "rateLimiting": {
                    "rateInRequestsPerSecond": self.rate_limit,
                    "rateKey": "TOTAL",
                },
            },
            "loggingPolicies": { "executionLog": { "isEnabled": true, "logLevel": "INFO" } },
            "routes": models.chain(openai).chain(own).collect::<Vec<_>>(),
        });
        if let (false, Some(Value::Object(policies))) =
            (self.origins.is_empty(), document.get_mut("requestPolicies"))
        {
            policies.insert("cors".to_owned(), self.cors());
        }
        document
    }

    /// What pages of the origins may do: call with a token of their own. No cookie counts here.
    fn cors(&self) -> Value {
        json!({
            "allowedOrigins": self.origins,
            "allowedMethods": ["GET", "POST", "DELETE"],
            "allowedHeaders": PAGE_HEADERS,
            "exposedHeaders": ["opc-request-id", "retry-after", "x-should-retry"],
            "isAllowCredentialsEnabled": false,
            "maxAgeInSeconds": 600,
        })
    }

    fn validation(&self) -> Value {
        let mut additional = json!({ "issuers": self.issuers, "audiences": [self.audience] });
        if let (false, Some(members)) = (self.clients.is_empty(), additional.as_object_mut()) {
            let claim = json!({ "key": "client_id", "values": self.clients, "isRequired": true });
            members.insert("verifyClaims".to_owned(), json!([claim]));
        }
        match &self.keys {
            Keys::Static(keys) => json!({
                "type": "STATIC_KEYS",
                "keys": keys,
                "additionalValidationPolicy": additional,
            }),
            Keys::Jwks(uri) => json!({
                "type": "REMOTE_JWKS",
                "uri": uri,
                "isSslVerifyDisabled": false,
                "maxCacheDurationInHours": 1,
                "additionalValidationPolicy": additional,
            }),
        }
    }

    fn authorization(&self) -> Value {
        json!({ "type": "ANY_OF", "allowedScope": [self.scope] })
    }

    /// A route to one model: predictions only, which are JSON.
    fn model(&self, name: &str, target: &str) -> Value {
        let mut route = self.route(&format!("/{name}"), &["POST"], target);
        if let Some(Value::Object(policies)) = route.get_mut("requestPolicies") {
            let json = json!({ "application/json": { "validationType": "NONE" } });
            let validation =
                json!({ "required": true, "validationMode": "ENFORCING", "content": json });
            policies.insert("bodyValidation".to_owned(), validation);
        }
        route
    }

    /// Routes to all that an OpenAI-compatible model has, as far as the function opens it.
    fn openai(&self, name: &str, target: &str) -> Vec<Value> {
        let protocol =
            self.route(&format!("/{name}/v1/{{path*}}"), &["GET", "POST", "DELETE"], target);
        let server = self
            .server_paths
            .iter()
            .map(|path| self.route(&format!("/{name}{path}"), &["GET", "POST"], target));
        std::iter::once(protocol).chain(server).collect()
    }

    /// A route that sets the target, whatever the client sent under any of its names.
    fn route(&self, path: &str, methods: &[&str], target: &str) -> Value {
        let [name, others @ ..] = TARGET_HEADERS;
        let set = json!({ "name": name, "ifExists": "OVERWRITE", "values": [target] });
        json!({
            "path": path,
            "methods": methods,
            "backend": self.backend(),
            "requestPolicies": {
                "authorization": self.authorization(),
                "headerTransformations": {
                    "setHeaders": { "items": [set] },
                    "filterHeaders": blocked(&others),
                },
            },
        })
    }

    /// A route that the function answers itself, and to which no client may name a target.
    fn own(&self, path: &str, authorization: &Value) -> Value {
        json!({
            "path": path,
            "methods": ["GET"],
            "backend": self.backend(),
            "requestPolicies": {
                "authorization": authorization,
                "headerTransformations": { "filterHeaders": blocked(&TARGET_HEADERS) },
            },
        })
    }

    fn backend(&self) -> Value {
        json!({ "type": "ORACLE_FUNCTIONS_BACKEND", "functionId": self.function })
    }
}

fn blocked(names: &[&str]) -> Value {
    let items: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
    json!({ "type": "BLOCK", "items": items })
}
