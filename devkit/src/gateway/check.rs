//! What the service checks when a specification is uploaded: limits and the rules for keys.
//!
//! Source: OCI API Gateway documentation, internal limits and key parameters.

use rsa::PublicKey;
use rsa::pkcs8::DecodePublicKey;
use rsa::traits::PublicKeyParts;
use serde_json::json;

use super::spec::{
    AdditionalValidation, Authorization, FilterType, Route, Specification, StaticKey,
    ValidationPolicy,
};
use crate::keys;

impl Specification {
    /// Parses a specification and checks what the service checks when it is uploaded.
    pub fn parse(json: &str) -> Result<Self, String> {
        let specification: Self = serde_json::from_str(json)
            .map_err(|error| format!("deployment specification: {error}"))?;
        specification.check()?;
        Ok(specification)
    }

    /// What the service checks when a specification is uploaded, as far as it is known here.
    pub(crate) fn check(&self) -> Result<(), String> {
        within("routes", self.routes.len(), 50)?;
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
    /// What every kind of policy checks beside the signature.
    pub(super) fn additional(&self) -> &AdditionalValidation {
        match self {
            Self::StaticKeys { additional_validation_policy, .. }
            | Self::RemoteJwks { additional_validation_policy, .. } => additional_validation_policy,
        }
    }

    fn check(&self) -> Result<(), String> {
        within("issuers", self.additional().issuers.len(), 5)?;
        within("audiences", self.additional().audiences.len(), 5)?;
        within("verifyClaims", self.additional().verify_claims.len(), 10)?;
        match self {
            Self::StaticKeys { keys, .. } => {
                within("keys", keys.len(), 10)?;
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
    /// The name that tokens call the key by.
    pub(super) fn kid(&self) -> &str {
        match self {
            Self::JsonWebKey { kid, .. } | Self::Pem { kid, .. } => kid,
        }
    }

    /// The key, if it keeps the gateway's rules.
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
        let transformations = &self.request_policies.header_transformations;
        let set = transformations.set_headers.iter().flat_map(|set| &set.items);
        if let Some(header) =
            set.clone().find(|header| header.values.is_empty() || header.values.len() > 10)
        {
            return Err(format!("route {}: `{}` has not 1 to 10 values", self.path, header.name));
        }
        let block = transformations
            .filter_headers
            .iter()
            .filter(|filter| filter.r#type == FilterType::Block);
        let blocked: Vec<String> =
            block.flat_map(|filter| &filter.items).map(|item| item.name.to_lowercase()).collect();
        if let Some(header) =
            set.clone().find(|header| blocked.contains(&header.name.to_lowercase()))
        {
            return Err(format!("route {}: `{}` is both set and blocked", self.path, header.name));
        }
        within("setHeaders", set.count(), 20)
    }
}

fn within(what: &str, count: usize, most: usize) -> Result<(), String> {
    if count <= most {
        Ok(())
    } else {
        Err(format!("{what} has {count} entries; at most {most} are allowed"))
    }
}
