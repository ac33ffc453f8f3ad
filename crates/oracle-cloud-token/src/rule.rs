//! What a token must say to pass, and which header has one.
//!
//! Source: docs/spec/oci-services.md#bearer-tokens.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use serde::Deserialize;

use crate::fault::TokenFault;
use crate::key_set::KeySet;
use crate::source::KeySource;

const MAX_BYTES: usize = 8 * 1024;
/// How far the clock of an issuer may be from ours.
const LEEWAY_SECS: u64 = 30;
const TYPES: [&str; 3] = ["jwt", "at+jwt", "application/at+jwt"];

/// A token, of which nothing is verified yet.
struct Token<'a> {
    text: &'a str,
    kid: Option<String>,
    algorithm: Algorithm,
}

impl<'a> Token<'a> {
    /// The token that a request brings.
    fn from_headers(headers: &'a HeaderMap) -> Result<Self, TokenFault> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let value = values.next().ok_or(TokenFault::Missing)?;
        if values.next().is_some() {
            return Err(TokenFault::Repeated);
        }
        let value = value.as_bytes();
        let scheme = value.split(|byte| *byte == b' ').next().unwrap_or_default();
        if !scheme.eq_ignore_ascii_case(b"Bearer") {
            return Err(TokenFault::Missing);
        }
        let token = value.get(scheme.len()..).unwrap_or_default().trim_ascii();
        if token.len() > MAX_BYTES {
            return Err(TokenFault::TooLarge);
        }
        let text = str::from_utf8(token).map_err(|_not_ascii| TokenFault::Malformed)?;
        Self::parse(text)
    }

    fn parse(text: &'a str) -> Result<Self, TokenFault> {
        let header = decode_header(text).map_err(|_unreadable| TokenFault::Malformed)?;
        let Header { typ, kid, alg: algorithm, .. } = header;
        let is_known = |typ: String| TYPES.iter().any(|known| typ.eq_ignore_ascii_case(known));
        if typ.is_none_or(is_known) {
            Ok(Self { text, kid, algorithm })
        } else {
            Err(TokenFault::Type)
        }
    }
}

/// What a token must say to pass.
///
/// ```
/// use oracle_cloud_token::TokenRule;
///
/// let rule = TokenRule::new("https://identity.oraclecloud.com/", "https://api.example/", "read");
/// ```
#[derive(Debug)]
pub struct TokenRule {
    scope: String,
    /// One for each algorithm: the library takes those of one kind of key at a time.
    validations: Vec<Validation>,
}

/// What is read of a token beside what the library checks.
#[derive(Deserialize)]
struct Claims {
    /// One issuer: the library takes a list of them, too.
    #[serde(rename = "iss")]
    _issuer: String,
    scope: Option<Scopes>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Scopes {
    Text(String),
    List(Vec<String>),
}

impl Scopes {
    fn contain(&self, scope: &str) -> bool {
        match self {
            Self::Text(scopes) => scopes.split(' ').any(|one| one == scope),
            Self::List(scopes) => scopes.iter().any(|one| one == scope),
        }
    }
}

impl TokenRule {
    /// A token passes that this issuer made for this audience, with this scope.
    ///
    /// ```
    /// use oracle_cloud_token::TokenRule;
    ///
    /// let rule = TokenRule::new("https://identity.oraclecloud.com/", "https://api.example/", "read");
    /// ```
    pub fn new(issuer: &str, audience: &str, scope: impl Into<String>) -> Self {
        let validation = |algorithm| {
            let mut validation = Validation::new(algorithm);
            validation.leeway = LEEWAY_SECS;
            validation.validate_nbf = true;
            validation.set_issuer(&[issuer]);
            validation.set_audience(&[audience]);
            validation.set_required_spec_claims(&["exp", "iss", "aud"]);
            validation
        };
        let validations = [Algorithm::RS256, Algorithm::ES256].map(validation).into();
        Self { scope: scope.into(), validations }
    }

    /// Checks the token that a request brings, with the keys of a source.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use http::HeaderMap;
    /// use oracle_cloud_token::{KeySet, NotAKeySet, TokenFault, TokenRule};
    ///
    /// async fn admit(headers: &HeaderMap, keys: &Arc<KeySet>) -> Result<(), TokenFault> {
    ///     let rule = TokenRule::new("https://identity.oraclecloud.com/", "https://api.example/", "read");
    ///     rule.check(headers, keys).await
    /// }
    /// ```
    ///
    /// # Errors
    /// [`TokenFault`] where it may not pass.
    pub async fn check(
        &self,
        headers: &HeaderMap,
        keys: &impl KeySource,
    ) -> Result<(), TokenFault> {
        let token = Token::from_headers(headers)?;
        let known = keys.current().await.ok_or(TokenFault::KeysUnavailable)?;
        let checked = self.check_with(&token, &known);
        // A new key may have a new name, or that of the one before it.
        let may_be_newer = matches!(checked, Err(TokenFault::UnknownKey | TokenFault::Signature));
        if may_be_newer && let Some(newer) = keys.newer_than(&known).await {
            return self.check_with(&token, &newer);
        }
        checked
    }

    /// Whether a token is signed with one of the keys, and may pass.
    fn check_with(&self, token: &Token<'_>, keys: &KeySet) -> Result<(), TokenFault> {
        let knows = |validation: &&Validation| validation.algorithms.contains(&token.algorithm);
        let validation = self.validations.iter().find(knows).ok_or(TokenFault::Algorithm)?;
        let mut fault = TokenFault::UnknownKey;
        for key in keys.find(token.kid.as_deref(), token.algorithm) {
            match claims(token, key, validation) {
                Err(TokenFault::Signature) => fault = TokenFault::Signature,
                claims => return self.check_scope(&claims?),
            }
        }
        Err(fault)
    }

    fn check_scope(&self, claims: &Claims) -> Result<(), TokenFault> {
        let has_it = claims.scope.as_ref().is_some_and(|scopes| scopes.contain(&self.scope));
        if has_it { Ok(()) } else { Err(TokenFault::Scope) }
    }
}

/// The claims of a token that this key signed and that is valid now.
fn claims(
    token: &Token<'_>,
    key: &DecodingKey,
    validation: &Validation,
) -> Result<Claims, TokenFault> {
    let checked = decode::<Claims>(token.text, key, validation);
    Ok(checked.map_err(|error| fault(&error))?.claims)
}

/// What the library found, without what it says of it: that may be a part of the token.
fn fault(error: &Error) -> TokenFault {
    let kind = error.kind();
    let is_claim =
        matches!(kind, ErrorKind::MissingRequiredClaim(_) | ErrorKind::InvalidClaimFormat(_));
    let faults = [
        (matches!(kind, ErrorKind::InvalidSignature), TokenFault::Signature),
        (matches!(kind, ErrorKind::InvalidAlgorithm), TokenFault::Algorithm),
        (matches!(kind, ErrorKind::ExpiredSignature), TokenFault::Expired),
        (matches!(kind, ErrorKind::ImmatureSignature), TokenFault::NotYetValid),
        (matches!(kind, ErrorKind::InvalidIssuer), TokenFault::Issuer),
        (matches!(kind, ErrorKind::InvalidAudience), TokenFault::Audience),
        (is_claim, TokenFault::Claim),
    ];
    let found = faults.into_iter().find(|(is_it, _)| *is_it);
    found.map_or(TokenFault::Malformed, |(_, fault)| fault)
}
