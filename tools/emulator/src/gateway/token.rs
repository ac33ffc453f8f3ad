//! Checks a client's token by the deployment specification.
//!
//! Source: docs/spec/oci-services.md#token-authentication.

use std::time::SystemTime;

use hyper::HeaderMap;
use hyper::body::Bytes;
use serde_json::Value;

use super::spec::{AdditionalValidation, Authentication, Authorization, ValidationPolicy};
use crate::clock::since_epoch;
use crate::keys::{self, Token};

/// Why a client is not let in; the text is for the gateway's execution log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Denied {
    /// No valid token: 401.
    Unauthenticated(&'static str),
    /// A valid token that lacks the scope: 403.
    Forbidden,
    /// The key set could not be had: 500.
    NoKeys,
}

/// Returns the claims of the client's token, if it is valid. `fetch` gives the body that a URL
/// answers with, and is asked for the keys each time: a rotation is seen at once.
pub(super) async fn authenticate(
    policy: &Authentication,
    headers: &HeaderMap,
    now: SystemTime,
    fetch: impl AsyncFn(&str) -> Option<Bytes>,
) -> Result<Value, Denied> {
    let header = headers.get(&policy.token_header).and_then(|value| value.to_str().ok());
    let token = header
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(&policy.token_auth_scheme));
    let Some((_, token)) = token else {
        return Err(Denied::Unauthenticated("there is no token"));
    };
    let Some(token) = Token::parse(token.trim()) else {
        return Err(Denied::Unauthenticated("the token is not a JSON Web Token"));
    };
    let kid = token.header.get("kid").and_then(Value::as_str).unwrap_or_default();
    let key = match &policy.validation_policy {
        ValidationPolicy::StaticKeys { keys, .. } => {
            keys.iter().find(|key| key.kid() == kid).and_then(|key| key.public().ok())
        }
        ValidationPolicy::RemoteJwks { uri, .. } => {
            let set = fetch(uri).await.ok_or(Denied::NoKeys)?;
            let set: Value = serde_json::from_slice(&set).map_err(|_invalid| Denied::NoKeys)?;
            let keys = set.get("keys").and_then(Value::as_array);
            let named = |key: &&Value| key.get("kid").and_then(Value::as_str) == Some(kid);
            keys.and_then(|keys| keys.iter().find(named)).and_then(keys::from_jwk)
        }
    };
    if !key.is_some_and(|key| token.is_signed_by(&key)) {
        return Err(Denied::Unauthenticated("the token was not signed with a known key"));
    }
    check_times(&token, policy.max_clock_skew_in_seconds, now)?;
    if let Some(additional) = policy.validation_policy.additional() {
        check_claims(&token.claims, additional)?;
    }
    Ok(token.claims)
}

/// Checks whether a token with these claims may pass a route.
pub(super) fn authorize(authorization: &Authorization, claims: &Value) -> Result<(), Denied> {
    let Authorization::AnyOf { allowed_scope } = authorization else {
        return Ok(());
    };
    let scopes = claims.get("scope").and_then(Value::as_str).unwrap_or_default();
    let allowed =
        scopes.split_whitespace().any(|scope| allowed_scope.iter().any(|allowed| allowed == scope));
    if allowed { Ok(()) } else { Err(Denied::Forbidden) }
}

fn check_times(token: &Token, skew: f64, now: SystemTime) -> Result<(), Denied> {
    let now = since_epoch(now).as_secs_f64();
    if token.seconds("exp").is_none_or(|expires| expires + skew <= now) {
        return Err(Denied::Unauthenticated("the token has expired"));
    }
    if token.seconds("nbf").is_some_and(|from| from - skew > now) {
        return Err(Denied::Unauthenticated("the token is not valid yet"));
    }
    Ok(())
}

fn check_claims(claims: &Value, policy: &AdditionalValidation) -> Result<(), Denied> {
    if !has(claims.get("iss"), &policy.issuers) {
        return Err(Denied::Unauthenticated("the issuer is not configured"));
    }
    if !has(claims.get("aud"), &policy.audiences) {
        return Err(Denied::Unauthenticated("the audience is not configured"));
    }
    for claim in &policy.verify_claims {
        let accepted = claim.values.as_deref().unwrap_or_default();
        match claims.get(&claim.key).filter(|value| !value.is_null()) {
            None if claim.is_required => {
                return Err(Denied::Unauthenticated("a required claim is missing"));
            }
            value @ Some(_) if !accepted.is_empty() && !has(value, accepted) => {
                return Err(Denied::Unauthenticated("a claim has another value"));
            }
            None | Some(_) => {}
        }
    }
    Ok(())
}

/// Returns whether a claim, one text or several, is exactly one of the accepted ones.
fn has(claim: Option<&Value>, accepted: &[String]) -> bool {
    let is_accepted = |value: &Value| {
        value.as_str().is_some_and(|text| accepted.iter().any(|accepted| accepted == text))
    };
    claim.is_some_and(|claim| {
        claim.as_array().map_or_else(|| is_accepted(claim), |values| values.iter().any(is_accepted))
    })
}
