//! The body that makes a deployment, read strictly.

use serde::Deserialize;
use serde_json::Value;

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Details {
    pub(super) display_name: String,
    pub(super) gateway_id: String,
    pub(super) compartment_id: String,
    pub(super) path_prefix: String,
    pub(super) specification: Specification,
    #[serde(default)]
    pub(super) freeform_tags: Value,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Specification {
    request_policies: Policies,
    pub(super) routes: Vec<Route>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Policies {
    authentication: Authentication,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase", deny_unknown_fields)]
enum Authentication {
    #[serde(rename = "TOKEN_AUTHENTICATION")]
    Token {
        is_anonymous_access_allowed: bool,
        token_header: String,
        token_auth_scheme: String,
        validation_policy: Validation,
    },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase", deny_unknown_fields)]
enum Validation {
    #[serde(rename = "REMOTE_JWKS")]
    Remote { uri: String, is_ssl_verify_disabled: bool, max_cache_duration_in_hours: u32 },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Route {
    pub(super) path: String,
    pub(super) methods: Vec<String>,
    pub(super) backend: Backend,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub(super) enum Backend {
    #[serde(rename = "STOCK_RESPONSE_BACKEND")]
    Stock { status: u16, body: String },
}

impl Details {
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let Authentication::Token {
            is_anonymous_access_allowed,
            token_header,
            token_auth_scheme,
            validation_policy,
        } = &self.specification.request_policies.authentication;
        let Validation::Remote { uri, is_ssl_verify_disabled, max_cache_duration_in_hours } =
            validation_policy;
        if *is_anonymous_access_allowed || token_header != "Authorization" {
            return Err("a probe must not be open to anybody");
        }
        if token_auth_scheme != "Bearer" || *is_ssl_verify_disabled {
            return Err("a probe must send bearer tokens and check certificates");
        }
        if !uri.starts_with("https://") || !(1..=24).contains(max_cache_duration_in_hours) {
            return Err("uri or maxCacheDurationInHours is not what it must be");
        }
        let has_prefix = self.path_prefix.starts_with('/') && !self.path_prefix.ends_with('/');
        if has_prefix && !self.specification.routes.is_empty() {
            Ok(())
        } else {
            Err("pathPrefix is none, or there are no routes")
        }
    }
}
