//! The deployment specification itself: the document that is uploaded, that the Terraform module
//! makes and that the emulated gateway executes.
//!
//! Source: docs/spec/oci-services.md#deployment-specification.

mod backend;
mod service;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

pub use backend::{BackEnd, SECRET_HEADER};
pub use service::Service;

use crate::identity::ISSUER;

/// The headers that name the deployment or the other service to the function, by all names that it
/// takes.
pub const TARGET_HEADERS: [&str; 6] = [
    "model_deployment",
    "model-deployment",
    "x-model-deployment",
    SERVICE_HEADER,
    "service-target",
    "x-service-target",
];
/// The header by which a route names a service.
pub const SERVICE_HEADER: &str = "service_target";

/// The headers that a page may send to any route; those with `stainless` are what the clients of
/// `OpenAI` and Anthropic say of themselves.
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
/// The headers of any answer that a page may read.
const EXPOSED_HEADERS: [&str; 3] = ["opc-request-id", "retry-after", "x-should-retry"];

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
    /// Who answers.
    pub back_end: BackEnd,
    /// Names, which become paths, and what the back end is told for each: a predict URL or an
    /// alias.
    pub models: BTreeMap<String, String>,
    /// The same for models that speak as OpenAI's: a base URL, which ends after the OCID, or an
    /// alias.
    pub openai_models: BTreeMap<String, String>,
    /// Names, which become paths, and the other service behind each.
    pub services: BTreeMap<String, Service>,
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
    /// The origins whose pages may call from a browser; without any, there is no CORS.
    pub origins: Vec<String>,
    /// Paths of an OpenAI-compatible model's server beside `/v1`, such as `/metrics`.
    pub server_paths: Vec<String>,
}

impl Input {
    /// Returns one function, without a model yet: tokens of any client with the scope `predict`, 50
    /// calls in a second.
    pub fn new(function: &str, audience: &str, keys: Keys) -> Self {
        Self {
            back_end: BackEnd::Function(function.to_owned()),
            models: BTreeMap::new(),
            openai_models: BTreeMap::new(),
            services: BTreeMap::new(),
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

    /// Returns the specification.
    pub fn document(&self) -> Value {
        let models = self.models.iter().map(|(name, target)| self.model(name, target));
        let openai = self.openai_models.iter().flat_map(|(name, target)| self.openai(name, target));
        let services = self.services.iter().flat_map(|(name, service)| {
            service.paths(name).map(|(path, methods)| {
                self.route(&path, &methods, (SERVICE_HEADER, &service.target), &service.scope)
            })
        });
        let own = self.back_end.own_paths().iter().map(|path| self.own(path));
        let routes: Vec<Value> = models.chain(openai).chain(services).chain(own).collect();
        let cors = (!self.origins.is_empty()).then(|| self.cors(&routes));
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
            "routes": routes,
        });
        if let (Some(cors), Some(Value::Object(policies))) =
            (cors, document.get_mut("requestPolicies"))
        {
            policies.insert("cors".to_owned(), cors);
        }
        document
    }

    /// Returns what pages of the origins may do: call with a token of their own, as the routes take
    /// it. No cookie counts here.
    fn cors(&self, routes: &[Value]) -> Value {
        let methods = routes.iter().filter_map(|route| route.get("methods")?.as_array()).flatten();
        let methods: BTreeSet<&str> = methods.filter_map(Value::as_str).collect();
        let sent = self.services.values().flat_map(|service| &service.headers);
        let read = self.services.values().flat_map(|service| &service.returns);
        json!({
            "allowedOrigins": self.origins,
            "allowedMethods": methods,
            "allowedHeaders": with(&PAGE_HEADERS, sent),
            "exposedHeaders": with(&EXPOSED_HEADERS, read),
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

    fn authorization(scope: &str) -> Value {
        json!({ "type": "ANY_OF", "allowedScope": [scope] })
    }

    /// Returns a route to one model: predictions only, which are JSON.
    fn model(&self, name: &str, target: &str) -> Value {
        let mut route = self.to_model(&format!("/{name}"), &["POST"], target);
        if let Some(Value::Object(policies)) = route.get_mut("requestPolicies") {
            let json = json!({ "application/json": { "validationType": "NONE" } });
            let validation =
                json!({ "required": true, "validationMode": "ENFORCING", "content": json });
            policies.insert("bodyValidation".to_owned(), validation);
        }
        route
    }

    /// Routes to all that an OpenAI-compatible model has, as far as the back end opens it.
    fn openai(&self, name: &str, target: &str) -> Vec<Value> {
        let protocol =
            self.to_model(&format!("/{name}/v1/{{path*}}"), &["GET", "POST", "DELETE"], target);
        let server = self
            .server_paths
            .iter()
            .map(|path| self.to_model(&format!("/{name}{path}"), self.server_methods(), target));
        std::iter::once(protocol).chain(server).collect()
    }

    /// What a path of the model's own server takes. Behind the streaming server it may be one of the
    /// Model Context Protocol, whose sessions end with a DELETE.
    fn server_methods(&self) -> &'static [&'static str] {
        match self.back_end {
            BackEnd::Function(_) => &["GET", "POST"],
            BackEnd::Server { .. } => &["GET", "POST", "DELETE"],
        }
    }

    /// Returns a route to a model deployment.
    fn to_model(&self, path: &str, methods: &[&str], target: &str) -> Value {
        let [name, ..] = TARGET_HEADERS;
        self.route(path, methods, (name, target), &self.scope)
    }

    /// Returns a route that sets the target, whatever the client sent under any of its names.
    fn route(
        &self,
        path: &str,
        methods: &[&str],
        (name, target): (&str, &str),
        scope: &str,
    ) -> Value {
        let others: Vec<&str> = TARGET_HEADERS.into_iter().filter(|other| *other != name).collect();
        let target = json!({ "name": name, "ifExists": "OVERWRITE", "values": [target] });
        let set: Vec<Value> = [target].into_iter().chain(self.back_end.proof()).collect();
        json!({
            "path": path,
            "methods": methods,
            "backend": self.back_end.of_route(path),
            "requestPolicies": {
                "authorization": Self::authorization(scope),
                "headerTransformations": {
                    "setHeaders": { "items": set },
                    "filterHeaders": blocked(&others),
                },
            },
        })
    }

    /// A route that the back end answers itself, and to which no client may name a target.
    fn own(&self, path: &str) -> Value {
        let is_open = self.anonymous_health && path == "/healthz";
        let authorization =
            if is_open { json!({ "type": "ANONYMOUS" }) } else { Self::authorization(&self.scope) };
        json!({
            "path": path,
            "methods": ["GET"],
            "backend": self.back_end.of_route(path),
            "requestPolicies": {
                "authorization": authorization,
                "headerTransformations": { "filterHeaders": blocked(&TARGET_HEADERS) },
            },
        })
    }
}

/// The names of headers, and those of services, each once.
fn with<'a>(names: &[&'a str], more: impl Iterator<Item = &'a String>) -> BTreeSet<&'a str> {
    names.iter().copied().chain(more.map(String::as_str)).collect()
}

fn blocked(names: &[&str]) -> Value {
    let items: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
    json!({ "type": "BLOCK", "items": items })
}
