//! The body that makes a deployment, read strictly.

use serde::Deserialize;
use serde_json::Value;

use crate::gateway::spec::{Specification, ValidationPolicy};

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Details {
    pub(super) display_name: String,
    pub(super) gateway_id: String,
    pub(super) compartment_id: String,
    pub(super) path_prefix: String,
    specification: Value,
    #[serde(default)]
    pub(super) freeform_tags: Value,
}

impl Details {
    /// The specification, if the service takes it and it is one of a probe.
    pub(super) fn specification(&self) -> Result<Specification, String> {
        let specification = Specification::parse(&self.specification.to_string())?;
        let wrong = |what: &str| Err(what.to_owned());
        let Some(authentication) = &specification.request_policies.authentication else {
            return wrong("a probe must not be open to anybody");
        };
        if authentication.is_anonymous_access_allowed
            || authentication.token_header != "Authorization"
        {
            return wrong("a probe must not be open to anybody");
        }
        if authentication.token_auth_scheme != "Bearer" {
            return wrong("a probe must send bearer tokens");
        }
        match &authentication.validation_policy {
            ValidationPolicy::RemoteJwks { uri, is_ssl_verify_disabled, .. } => {
                if *is_ssl_verify_disabled || !uri.starts_with("https://") {
                    return wrong("a probe must check the certificate of an https `uri`");
                }
            }
            ValidationPolicy::StaticKeys { additional_validation_policy, .. } => {
                if additional_validation_policy.is_none() {
                    return wrong("a probe must say whose tokens pass");
                }
            }
        }
        let has_prefix = self.path_prefix.starts_with('/') && !self.path_prefix.ends_with('/');
        if has_prefix && !specification.routes.is_empty() {
            Ok(specification)
        } else {
            wrong("pathPrefix is none, or there are no routes")
        }
    }
}
