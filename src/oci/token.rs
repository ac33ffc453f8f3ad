//! Session tokens: the JSON Web Tokens that OCI gives to a resource, an instance or a user's session.

use std::fmt;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A session token and what it says about itself. Its own signature is the service's to verify.
///
/// Source: OCI request signing, resource principals, token.
#[derive(Clone)]
pub struct SessionToken {
    text: Zeroizing<String>,
    claims: Map<String, Value>,
    expires: SystemTime,
}

/// A text that is no session token. No message contains any of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TokenError {
    /// Nothing there, or nothing but white space.
    #[error("it is empty")]
    Empty,
    /// A key id, where the token alone is expected.
    #[error("it begins with `ST$`; expected the token alone")]
    Prefixed,
    /// Not three parts of base64url, the first two of them JSON objects.
    #[error("it is no JSON Web Token")]
    Malformed,
    /// No `exp`, or one that is not a number of seconds.
    #[error("its claim `exp` is not a number of seconds")]
    Expiry,
}

impl SessionToken {
    /// Parses a token. White space around it is dropped: most programs that write files end them with a newline.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let text = text.trim_ascii();
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        if text.starts_with("ST$") {
            return Err(TokenError::Prefixed);
        }
        let parts: Vec<&str> = text.split('.').collect();
        let [header, payload, signature] = parts.as_slice() else {
            return Err(TokenError::Malformed);
        };
        let _header = object(header)?;
        let claims = object(payload)?;
        BASE64URL.decode(signature).ok().ok_or(TokenError::Malformed)?;
        let expires = claims.get("exp").and_then(seconds).ok_or(TokenError::Expiry)?;
        Ok(Self { text: Zeroizing::new(text.to_owned()), claims, expires })
    }

    /// The token as it stands in a key id, behind `ST$`.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// When the service stops accepting it.
    pub fn expires(&self) -> SystemTime {
        self.expires
    }

    /// A claim by its name, such as `res_tenant` or `res_compartment`.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// The public key that requests with this token must be signed for, where the token names one.
    pub(super) fn jwk(&self) -> Option<Value> {
        let claim = self.claims.get("jwk")?;
        match claim.as_str() {
            Some(json) => Some(serde_json::from_str(json).unwrap_or_default()),
            None => Some(claim.clone()),
        }
    }
}

/// Shows when it expires, and nothing that could be sent.
impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionToken").field("expires", &self.expires).finish_non_exhaustive()
    }
}

fn object(part: &str) -> Result<Map<String, Value>, TokenError> {
    let json = Zeroizing::new(BASE64URL.decode(part).ok().ok_or(TokenError::Malformed)?);
    serde_json::from_slice(&json).ok().ok_or(TokenError::Malformed)
}

/// Seconds since 1970, a fraction cut off; an instant too far to be told is the farthest that can be.
fn seconds(value: &Value) -> Option<SystemTime> {
    let seconds = value.as_u64().or_else(|| value.as_f64().and_then(whole))?;
    let farthest = Duration::from_secs(u64::from(u32::MAX) * 64);
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds).min(farthest))
}

fn whole(seconds: f64) -> Option<u64> {
    Duration::try_from_secs_f64(seconds).ok().map(|duration| duration.as_secs())
}
