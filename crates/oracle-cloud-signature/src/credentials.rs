//! What signs a request: a key, and the name by which a service finds its public half.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use super::key::{PrivateKey, PublicKey};
use super::key_id::KeyId;
use super::token::SessionToken;

/// A session token that was issued for another key.
///
/// ```
/// let error = oracle_cloud_signature::KeyMismatch;
/// assert_eq!(error.to_string(), "the session token was issued for another key");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the session token was issued for another key")]
pub struct KeyMismatch;

/// A key, the name that services know it by, and when it expires. The three belong together: one
/// generation is never mixed with another.
///
/// ```
/// use oracle_cloud_signature::{Credentials, KeyId, PrivateKey};
///
/// let key = PrivateKey::generate()?;
/// let id = format!("ocid1.tenancy.oc1..a/ocid1.user.oc1..b/{}", key.public_key().fingerprint());
/// let credentials = Credentials::api_key(KeyId::new(id)?, key);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct Credentials {
    key_id: KeyId,
    key: Arc<PrivateKey>,
    token: Option<SessionToken>,
}

impl Credentials {
    /// Creates credentials from a user's API key, which does not expire.
    ///
    /// ```
    /// # use oracle_cloud_signature::{Credentials, KeyId, PrivateKey};
    /// let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
    /// assert_eq!(credentials.expires(), None);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn api_key(key_id: KeyId, key: impl Into<Arc<PrivateKey>>) -> Self {
        Self { key_id, key: key.into(), token: None }
    }

    /// Creates credentials from a session token and the key that it was issued for.
    ///
    /// ```
    /// use oracle_cloud_signature::{Credentials, PrivateKey, SessionToken};
    ///
    /// // {} and {"exp": 4102444800}
    /// let token = SessionToken::parse("e30.eyJleHAiOiA0MTAyNDQ0ODAwfQ.")?;
    /// let credentials = Credentials::session(token, PrivateKey::generate()?)?;
    /// assert!(credentials.expires().is_some());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyMismatch`] if the token names another key.
    pub fn session(
        token: SessionToken,
        key: impl Into<Arc<PrivateKey>>,
    ) -> Result<Self, KeyMismatch> {
        let key = key.into();
        if token.jwk().is_some_and(|jwk| !key.public_key().is_jwk(jwk)) {
            return Err(KeyMismatch);
        }
        Ok(Self { key_id: KeyId::session(&token), key, token: Some(token) })
    }

    /// Returns the name that services find the public key by.
    ///
    /// ```
    /// # use oracle_cloud_signature::{Credentials, KeyId, PrivateKey};
    /// let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
    /// assert_eq!(credentials.key_id().expose(), "a/b/c");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// Returns the public half of the key.
    ///
    /// ```
    /// # use oracle_cloud_signature::{Credentials, KeyId, PrivateKey};
    /// let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
    /// assert_eq!(credentials.public_key().bits(), 2048);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    pub(super) fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// Returns the session token; `None` for an API key.
    ///
    /// ```
    /// # use oracle_cloud_signature::{Credentials, KeyId, PrivateKey};
    /// let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
    /// assert!(credentials.token().is_none());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn token(&self) -> Option<&SessionToken> {
        self.token.as_ref()
    }

    /// Returns a claim of the session token, such as `res_tenant`; `None` without a token.
    ///
    /// ```
    /// # use oracle_cloud_signature::{Credentials, KeyId, PrivateKey};
    /// let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
    /// assert_eq!(credentials.claim("res_tenant"), None);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn claim(&self, name: &str) -> Option<&serde_json::Value> {
        self.token.as_ref()?.claim(name)
    }

    /// Returns when services stop accepting the credentials; `None` if they do not expire.
    ///
    /// ```
    /// # use oracle_cloud_signature::{Credentials, KeyId, PrivateKey};
    /// let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
    /// assert_eq!(credentials.expires(), None);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn expires(&self) -> Option<SystemTime> {
        self.token.as_ref().map(SessionToken::expires)
    }

    /// Returns whether services still accept the credentials at this time.
    ///
    /// ```
    /// # use oracle_cloud_signature::{Credentials, KeyId, PrivateKey};
    /// let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
    /// assert!(credentials.valid(std::time::SystemTime::now()));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn valid(&self, now: SystemTime) -> bool {
        self.expires().is_none_or(|expires| expires > now)
    }
}

/// Shows only when they expire.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("expires", &self.expires()).finish_non_exhaustive()
    }
}
