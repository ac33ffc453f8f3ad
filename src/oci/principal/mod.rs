//! Where credentials come from. The source is chosen once, at start; a source that is broken is an error, never a reason
//! to try another one.

mod resource_principal;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use super::{KeyError, KeyId, PrivateKey, SessionToken, TokenError, Vars};
use resource_principal::ResourcePrincipal;

/// A key, the name services know it by, and until when: one generation, never mixed with another.
pub struct Credentials {
    key_id: KeyId,
    key: PrivateKey,
    token: Option<SessionToken>,
}

impl Credentials {
    /// An API key of a user: it does not expire.
    pub fn api_key(key_id: KeyId, key: PrivateKey) -> Self {
        Self { key_id, key, token: None }
    }

    /// A session token and the key it was issued for.
    pub fn session(token: SessionToken, key: PrivateKey) -> Result<Self, PrincipalError> {
        if token.jwk().is_some_and(|jwk| !key.public_key().is_jwk(&jwk)) {
            return Err(PrincipalError::KeyTokenMismatch);
        }
        Ok(Self { key_id: KeyId::session(&token), key, token: Some(token) })
    }

    /// The name that services find the public key by.
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    pub(super) fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// A claim of the session token, such as `res_tenant`; None without a token.
    pub fn claim(&self, name: &str) -> Option<&serde_json::Value> {
        self.token.as_ref()?.claim(name)
    }

    /// When services stop accepting them; None for those that do not expire.
    pub fn expires(&self) -> Option<SystemTime> {
        self.token.as_ref().map(SessionToken::expires)
    }

    fn valid(&self, now: SystemTime) -> bool {
        self.expires().is_none_or(|expires| expires > now)
    }
}

/// Shows when they expire, and nothing else.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("expires", &self.expires()).finish_non_exhaustive()
    }
}

/// Who signs.
#[derive(Debug)]
pub enum Principal {
    /// A function, a job or another resource, with a token and a key that the platform keeps fresh.
    Resource(ResourcePrincipal),
}

/// Credentials that cannot be had. The messages name the variable and what was expected, never a value.
#[derive(Debug, thiserror::Error)]
pub enum PrincipalError {
    /// A variable that is not set.
    #[error("{0} is not set; expected {1}")]
    Missing(&'static str, &'static str),
    /// A kind of authentication that is not offered here.
    #[error(
        "OCI_CLI_AUTH is not `resource_principal`, the only kind of credentials of this function"
    )]
    Auth,
    /// A version of resource principals that OCI Functions does not use.
    #[error(
        "OCI_RESOURCE_PRINCIPAL_VERSION is not `2.2`, the only version that OCI Functions uses"
    )]
    Version,
    /// The key is a file and its passphrase is not, or the other way round.
    #[error("{0} and its passphrase are not of one kind; expected both as paths or both as values")]
    MixedPathAndValue(&'static str),
    /// A file that cannot be read.
    #[error("{0} names a file that cannot be read")]
    File(&'static str, #[source] std::io::Error),
    /// A private key that cannot be used.
    #[error("{0} cannot be used: {1}")]
    Key(&'static str, KeyError),
    /// A session token that cannot be used.
    #[error("{0} cannot be used: {1}")]
    Token(&'static str, TokenError),
    /// The token was issued for another key than the one beside it.
    #[error("the session token was issued for another key than the one beside it")]
    KeyTokenMismatch,
    /// The token has expired, and its source has no newer one.
    #[error("the session token has expired and its source holds no newer one")]
    TokenExpired,
}

impl Principal {
    /// Chooses the source that the environment asks for, and loads it. An expired token is no error yet: the platform may
    /// replace it before the first call.
    pub fn from_vars(var: Vars<'_>, now: SystemTime) -> Result<Self, PrincipalError> {
        match var("OCI_CLI_AUTH").as_deref() {
            None | Some("" | "resource_principal") => {
                ResourcePrincipal::from_vars(var, now).map(Self::Resource)
            }
            Some(_) => Err(PrincipalError::Auth),
        }
    }

    /// The name of the source, as the OCI CLI spells it.
    pub fn source(&self) -> &'static str {
        match self {
            Self::Resource(_) => "resource_principal",
        }
    }

    /// The region that the environment names, as an identifier such as `eu-frankfurt-1`.
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::Resource(principal) => principal.region(),
        }
    }

    /// What to sign with at `now`. Sources that are files are read again when they changed or the token nears its end.
    pub fn credentials(&self, now: SystemTime) -> Result<Arc<Credentials>, PrincipalError> {
        match self {
            Self::Resource(principal) => principal.credentials(now),
        }
    }

    /// What to sign with after a service refused `refused`: whatever the source holds now.
    pub fn refresh(
        &self,
        refused: &Arc<Credentials>,
        now: SystemTime,
    ) -> Result<Arc<Credentials>, PrincipalError> {
        match self {
            Self::Resource(principal) => principal.refresh(refused, now),
        }
    }
}
