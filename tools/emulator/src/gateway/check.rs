//! What the service checks when a specification is uploaded: limits and the rules for keys.
//!
//! Source: docs/spec/oci-services.md#gateway-limits.

use std::collections::BTreeSet;

use rsa::PublicKey;
use rsa::pkcs8::DecodePublicKey;
use rsa::traits::PublicKeyParts;
use serde_json::json;

use super::spec::{
    AdditionalValidation, Authorization, Backend, FilterType, HeaderTransformations, HttpBackend,
    Route, Specification, StaticKey, ValidationPolicy,
};
use crate::keys;

/// The methods that a route may take.
const METHODS: [&str; 8] = ["ANY", "HEAD", "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

impl Specification {
    /// Parses a specification and checks what the service checks when it is uploaded.
    pub fn parse(json: &str) -> Result<Self, String> {
        let specification: Self = serde_json::from_str(json)
            .map_err(|error| format!("deployment specification: {error}"))?;
        specification.check()?;
        Ok(specification)
    }

    /// Returns what the service checks when a specification is uploaded, as far as it is known
    /// here.
    fn check(&self) -> Result<(), String> {
        within("routes", self.routes.len(), 50)?;
        if let Some(limit) = &self.request_policies.rate_limiting
            && limit.rate_in_requests_per_second == 0
        {
            return Err("rateInRequestsPerSecond is 0".to_owned());
        }
        let anonymous = |route: &Route| {
            matches!(route.request_policies.authorization, Authorization::Anonymous)
        };
        if let Some(authentication) = &self.request_policies.authentication {
            if !(0.0..=120.0).contains(&authentication.max_clock_skew_in_seconds) {
                return Err("maxClockSkewInSeconds is not between 0 and 120".to_owned());
            }
            authentication.validation_policy.check()?;
            if !authentication.is_anonymous_access_allowed && self.routes.iter().any(anonymous) {
                return Err(
                    "a route is ANONYMOUS and isAnonymousAccessAllowed is not true".to_owned()
                );
            }
        }
        self.routes.iter().try_for_each(Route::check)
    }
}

impl ValidationPolicy {
    /// Returns what every kind of policy checks beside the signature.
    pub(super) fn additional(&self) -> Option<&AdditionalValidation> {
        match self {
            Self::StaticKeys { additional_validation_policy, .. }
            | Self::RemoteJwks { additional_validation_policy, .. } => {
                additional_validation_policy.as_ref()
            }
        }
    }

    fn check(&self) -> Result<(), String> {
        if let Some(additional) = self.additional() {
            within("issuers", additional.issuers.len(), 5)?;
            within("audiences", additional.audiences.len(), 5)?;
            within("verifyClaims", additional.verify_claims.len(), 10)?;
        }
        match self {
            Self::StaticKeys { keys, .. } => {
                within("keys", keys.len(), 10)?;
                if keys.is_empty() {
                    return Err("STATIC_KEYS has no key".to_owned());
                }
                keys.iter().try_for_each(|key| key.public().map(drop))
            }
            Self::RemoteJwks { max_cache_duration_in_hours: hours, .. }
                if !(1..=24).contains(hours) =>
            {
                Err("maxCacheDurationInHours is not between 1 and 24".to_owned())
            }
            Self::RemoteJwks { .. } => Ok(()),
        }
    }
}

impl StaticKey {
    /// Returns the name that tokens call the key by.
    pub(super) fn kid(&self) -> &str {
        match self {
            Self::JsonWebKey { kid, .. } | Self::Pem { kid, .. } => kid,
        }
    }

    /// Returns the key, if it keeps the gateway's rules.
    pub(super) fn public(&self) -> Result<PublicKey, String> {
        let refused = |why: &str| format!("key `{}`: {why}", self.kid());
        let key = match self {
            Self::JsonWebKey { kty, alg, n, e, r#use, key_ops, .. } => {
                if kty != "RSA" || !["RS256", "RS384", "RS512"].contains(&alg.as_str()) {
                    return Err(refused(
                        "kty is not `RSA`, or alg not `RS256`, `RS384` or `RS512`",
                    ));
                }
                if r#use.as_ref().is_some_and(|usage| usage != "sig") {
                    return Err(refused("use is not `sig`"));
                }
                if key_ops.as_ref().is_some_and(|operations| {
                    !operations.iter().any(|operation| operation == "verify")
                }) {
                    return Err(refused("key_ops is without `verify`"));
                }
                keys::from_jwk(&json!({ "n": n, "e": e }))
                    .ok_or_else(|| refused("n and e are no RSA key"))?
            }
            Self::Pem { key, .. } => {
                PublicKey::from_public_key_pem(key).map_err(|error| refused(&error.to_string()))?
            }
        };
        let bits = key.n().bit_width();
        if (2048..=4096).contains(&bits) {
            Ok(key)
        } else {
            Err(refused("it has not 2048 to 4096 bits"))
        }
    }
}

impl Route {
    fn check(&self) -> Result<(), String> {
        self.mistake().map_or(Ok(()), |what| Err(format!("route {}: {what}", self.path)))
    }

    fn mistake(&self) -> Option<String> {
        if !self.path.starts_with('/') {
            return Some("its path does not begin with a slash".to_owned());
        }
        if self.methods.is_empty() {
            return Some("it has no method".to_owned());
        }
        if let Some(method) = self.methods.iter().find(|method| !METHODS.contains(&method.as_str()))
        {
            return Some(format!("`{method}` is not a method"));
        }
        if let Authorization::AnyOf { allowed_scope } = &self.request_policies.authorization
            && (allowed_scope.is_empty() || allowed_scope.iter().any(String::is_empty))
        {
            return Some("`allowedScope` is empty".to_owned());
        }
        if let Backend::Http(backend) = &self.backend
            && let Some(mistake) = backend.mistake()
        {
            return Some(mistake);
        }
        let of_request = &self.request_policies.header_transformations;
        of_request.mistake().or_else(|| self.response_policies.header_transformations.mistake())
    }
}

impl HttpBackend {
    fn mistake(&self) -> Option<String> {
        let address =
            self.url.strip_prefix("https://").or_else(|| self.url.strip_prefix("http://"));
        if address.is_none_or(|address| address.is_empty() || address.starts_with('/')) {
            return Some(format!("`{}` is no http or https URL", self.url));
        }
        let timeouts = [
            ("connectTimeoutInSeconds", self.connect_timeout_in_seconds, 75.0),
            ("readTimeoutInSeconds", self.read_timeout_in_seconds, 300.0),
            ("sendTimeoutInSeconds", self.send_timeout_in_seconds, 300.0),
        ];
        let wrong = timeouts.into_iter().find(|(_, time, most)| !(1.0..=*most).contains(time));
        wrong.map(|(name, _, most)| format!("{name} is not between 1 and {most}"))
    }
}

impl HeaderTransformations {
    fn mistake(&self) -> Option<String> {
        let set = || self.set_headers.iter().flat_map(|set| &set.items);
        if let Some(header) = set().find(|set| set.values.is_empty() || set.values.len() > 10) {
            return Some(format!("`{}` has not 1 to 10 values", header.name));
        }
        let renamed = self.rename_headers.iter().flat_map(|rename| &rename.items);
        let filtered = self.filter_headers.iter().flat_map(|filter| &filter.items);
        let blocks = self.filter_headers.iter().any(|filter| filter.r#type == FilterType::Block);
        within("setHeaders", set().count(), 20)
            .and(within("renameHeaders", renamed.clone().count(), 20))
            .and(within("filterHeaders", filtered.clone().count(), 50))
            .err()
            .or_else(|| {
                // But in a list of names that are passed on, a name may occur once.
                let names = set().map(|item| &item.name);
                let names = names.chain(renamed.flat_map(|item| [&item.from, &item.to]));
                let names = names.chain(filtered.filter(|_| blocks).map(|item| &item.name));
                let mut seen = BTreeSet::new();
                names
                    .map(|name| name.to_lowercase())
                    .find(|name| !seen.insert(name.clone()))
                    .map(|name| format!("`{name}` is in more than one header transformation"))
            })
    }
}

fn within(what: &str, count: usize, most: usize) -> Result<(), String> {
    if count <= most {
        Ok(())
    } else {
        Err(format!("{what} has {count} entries; at most {most} are allowed"))
    }
}
