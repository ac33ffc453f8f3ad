//! Session tokens: the JSON Web Tokens that OCI issues to a resource, an instance or a user's
//! session.

use std::fmt;
use std::time::{Duration, SystemTime};

use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::secret;

const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A session token and its claims. Only the service verifies its signature; here the token is only
/// checked to be complete.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use oracle_cloud_signature::SessionToken;
///
/// // {} and {"exp": 4102444800}
/// let token = SessionToken::parse("e30.eyJleHAiOiA0MTAyNDQ0ODAwfQ.")?;
/// assert_eq!(token.expires(), SystemTime::UNIX_EPOCH + Duration::from_secs(4_102_444_800));
/// # Ok::<_, oracle_cloud_signature::TokenError>(())
/// ```
///
/// Source: docs/spec/oci-request-signing.md#session-token.
#[derive(Clone)]
pub struct SessionToken {
    text: Zeroizing<String>,
    claims: Map<String, Value>,
    expires: SystemTime,
    issued: Option<SystemTime>,
    jwk: Option<Value>,
}

/// A text that is not a session token. No message contains any of it.
///
/// ```
/// use oracle_cloud_signature::{SessionToken, TokenError};
///
/// assert_eq!(SessionToken::parse(" ").unwrap_err(), TokenError::Empty);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The text is empty, or only white space.
    #[error("it is empty")]
    Empty,
    /// The text is a key id; the token alone is expected.
    #[error("it begins with `ST$`; expected the token alone")]
    Prefixed,
    /// The text is not three parts of base64url, the first two of them JSON objects.
    #[error("it is not a JSON Web Token")]
    Malformed,
    /// The claim `exp` is missing, or is not a number of seconds.
    #[error("its claim `exp` is not a number of seconds")]
    Expiry,
    /// The claim `iat` is not a number of seconds.
    #[error("its claim `iat` is not a number of seconds")]
    Issued,
    /// The claim `jwk` is neither a JSON object nor the text of one.
    #[error("its claim `jwk` is not a JSON Web Key")]
    Jwk,
    /// The token was issued before the one in use, or expires before it.
    #[error("it is older than the one in use")]
    Older,
    /// The signature has a length that its algorithm never makes: its end is missing.
    #[error(
        "its signature does not have the length that its algorithm makes; is the token cut off?"
    )]
    Signature,
}

impl SessionToken {
    /// Parses a token. White space around it is ignored: most programs that write files end them
    /// with a newline.
    ///
    /// ```
    /// # use oracle_cloud_signature::SessionToken;
    /// let token = SessionToken::parse("e30.eyJleHAiOiA0MTAyNDQ0ODAwfQ.")?;
    /// assert!(SessionToken::parse("ST$e30.e30.").is_err());
    /// # Ok::<_, oracle_cloud_signature::TokenError>(())
    /// ```
    ///
    /// # Errors
    /// [`TokenError`] for a text that is not a token, or only a part of one.
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
        let algorithm = match object(header)?.remove("alg") {
            None => None,
            Some(Value::String(name)) => Some(name),
            Some(_) => return Err(TokenError::Malformed),
        };
        let claims = object(payload)?;
        let signature = secret::decode(&BASE64URL, signature.as_bytes());
        let signature = signature.ok_or(TokenError::Malformed)?;
        if !algorithm.is_none_or(|name| makes(&name, signature.len())) {
            return Err(TokenError::Signature);
        }
        let expires = claims.get("exp").and_then(seconds).ok_or(TokenError::Expiry)?;
        let issued = claims.get("iat").map(|claim| seconds(claim).ok_or(TokenError::Issued));
        let jwk = claims.get("jwk").map(|claim| jwk(claim).ok_or(TokenError::Jwk));
        let (issued, jwk) = (issued.transpose()?, jwk.transpose()?);
        Ok(Self { text: Zeroizing::new(text.to_owned()), claims, expires, issued, jwk })
    }

    /// Returns the token as it is written in a key id, after `ST$`.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns when the service stops accepting it.
    ///
    /// ```
    /// # use oracle_cloud_signature::SessionToken;
    /// let token = SessionToken::parse("e30.eyJleHAiOiA0MTAyNDQ0ODAwfQ.")?;
    /// assert!(token.expires() > std::time::SystemTime::UNIX_EPOCH);
    /// # Ok::<_, oracle_cloud_signature::TokenError>(())
    /// ```
    pub fn expires(&self) -> SystemTime {
        self.expires
    }

    /// Returns when it was issued, if it says so.
    ///
    /// ```
    /// # use oracle_cloud_signature::SessionToken;
    /// let token = SessionToken::parse("e30.eyJleHAiOiA0MTAyNDQ0ODAwfQ.")?;
    /// assert_eq!(token.issued(), None);
    /// # Ok::<_, oracle_cloud_signature::TokenError>(())
    /// ```
    pub fn issued(&self) -> Option<SystemTime> {
        self.issued
    }

    /// Checks that it may replace `held`, which is still valid: it must not be older. If the same
    /// key of the service signed both, their signatures must have the same length.
    ///
    /// ```
    /// # use oracle_cloud_signature::SessionToken;
    /// let token = SessionToken::parse("e30.eyJleHAiOiA0MTAyNDQ0ODAwfQ.")?;
    /// assert!(token.may_replace(&token.clone()).is_ok());
    /// # Ok::<_, oracle_cloud_signature::TokenError>(())
    /// ```
    ///
    /// # Errors
    /// [`TokenError::Older`] or [`TokenError::Signature`].
    pub fn may_replace(&self, held: &Self) -> Result<(), TokenError> {
        let older = |ours: Option<SystemTime>, theirs| ours.zip(theirs).is_some_and(|(a, b)| a < b);
        if self.expires < held.expires || older(self.issued, held.issued) {
            return Err(TokenError::Older);
        }
        let [ours, theirs] = [self, held].map(|token| token.text.split('.').collect::<Vec<&str>>());
        let cut = ours.first() == theirs.first()
            && ours.last().map(|part| part.len()) != theirs.last().map(|part| part.len());
        if cut { Err(TokenError::Signature) } else { Ok(()) }
    }

    /// Returns a claim by its name, such as `res_tenant` or `res_compartment`.
    ///
    /// ```
    /// # use oracle_cloud_signature::SessionToken;
    /// let token = SessionToken::parse("e30.eyJleHAiOiA0MTAyNDQ0ODAwfQ.")?;
    /// assert_eq!(token.claim("exp").and_then(|claim| claim.as_u64()), Some(4_102_444_800));
    /// # Ok::<_, oracle_cloud_signature::TokenError>(())
    /// ```
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// Returns the public key whose private half must sign requests with this token, if the token
    /// names it.
    pub(super) fn jwk(&self) -> Option<&Value> {
        self.jwk.as_ref()
    }
}

/// Shows only when it expires.
impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionToken").field("expires", &self.expires).finish_non_exhaustive()
    }
}

fn object(part: &str) -> Result<Map<String, Value>, TokenError> {
    let json = secret::decode(&BASE64URL, part.as_bytes()).ok_or(TokenError::Malformed)?;
    serde_json::from_slice(&json).ok().ok_or(TokenError::Malformed)
}

/// Returns whether an algorithm makes signatures of this many bytes. RSA signatures are as long as
/// a modulus of 2048, 3072, 4096 ... bits. Unknown algorithms may have any length.
fn makes(algorithm: &str, length: usize) -> bool {
    match algorithm {
        "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" => {
            length >= 256 && length.is_multiple_of(128)
        }
        "ES256" | "ES256K" | "HS512" => length == 64,
        "ES384" => length == 96,
        "ES512" => length == 132,
        "EdDSA" => length == 64 || length == 114,
        "HS256" => length == 32,
        "HS384" => length == 48,
        "none" => length == 0,
        _ => true,
    }
}

/// Returns a key that is given as an object, or as the text of one.
fn jwk(claim: &Value) -> Option<Value> {
    let key = match claim.as_str() {
        Some(json) => serde_json::from_str(json).ok()?,
        None => claim.clone(),
    };
    Some(key).filter(Value::is_object)
}

/// Converts seconds since 1970, without their fraction. A very late instant becomes
/// the latest one that every platform can represent.
fn seconds(value: &Value) -> Option<SystemTime> {
    let seconds = value.as_u64().or_else(|| value.as_f64().and_then(whole))?;
    let farthest = Duration::from_secs(u64::from(u32::MAX) * 64);
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds).min(farthest))
}

fn whole(seconds: f64) -> Option<u64> {
    Duration::try_from_secs_f64(seconds).ok().map(|duration| duration.as_secs())
}
