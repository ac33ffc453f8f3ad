//! The name that a service finds a public key by.
//!
//! Source: docs/spec/oci-request-signing.md#key-id.

use std::fmt;

use zeroize::Zeroizing;

use super::error::SignError;
use super::token::SessionToken;

/// The name that a service finds the public key by. It never shows itself.
///
/// ```
/// use oracle_cloud_signature::KeyId;
///
/// let id = KeyId::new("ocid1.tenancy.oc1..a/ocid1.user.oc1..b/20:3b:97:13")?;
/// assert_eq!(format!("{id:?}"), "KeyId(redacted)");
/// # Ok::<_, oracle_cloud_signature::SignError>(())
/// ```
///
/// Source: docs/spec/oci-request-signing.md#key-id.
#[derive(Clone)]
pub struct KeyId(Zeroizing<String>);

impl KeyId {
    /// Creates a key id such as `<tenancy>/<user>/<fingerprint>`: visible ASCII without a quotation
    /// mark.
    ///
    /// ```
    /// assert!(oracle_cloud_signature::KeyId::new("a\"b").is_err());
    /// ```
    ///
    /// # Errors
    /// [`SignError::KeyId`] for any other text.
    pub fn new(text: impl Into<String>) -> Result<Self, SignError> {
        let text = Zeroizing::new(text.into());
        let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'"';
        if text.is_empty() || !text.bytes().all(fits) {
            return Err(SignError::KeyId);
        }
        Ok(Self(text))
    }

    /// Creates the key id of a session token: `ST$` and the token.
    ///
    /// ```
    /// use oracle_cloud_signature::{KeyId, SessionToken};
    ///
    /// // {} and {"exp": 4102444800}
    /// let token = SessionToken::parse("e30.eyJleHAiOiA0MTAyNDQ0ODAwfQ.")?;
    /// assert!(KeyId::session(&token).expose().starts_with("ST$e30."));
    /// # Ok::<_, oracle_cloud_signature::TokenError>(())
    /// ```
    pub fn session(token: &SessionToken) -> Self {
        Self(Zeroizing::new(format!("ST${}", token.text())))
    }

    /// Returns the text as it is sent. It may contain a token: never log it.
    ///
    /// ```
    /// let id = oracle_cloud_signature::KeyId::new("a/b/c")?;
    /// assert_eq!(id.expose(), "a/b/c");
    /// # Ok::<_, oracle_cloud_signature::SignError>(())
    /// ```
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyId(redacted)")
    }
}
