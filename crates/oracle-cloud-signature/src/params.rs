//! Who signs, when, and what the signature covers.

use std::time::SystemTime;

use http::HeaderName;

use super::credentials::Credentials;

/// What a signature covers beside its fixed parts. The default fits nearly every call.
///
/// ```
/// use oracle_cloud_signature::SigningSettings;
///
/// let settings = SigningSettings::default().x_date(true);
/// assert_ne!(settings, SigningSettings::default());
/// ```
///
/// Source: docs/spec/oci-request-signing.md#signed-headers.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SigningSettings {
    pub(super) x_date: bool,
    pub(super) without_host: bool,
    pub(super) keep_existing: bool,
    pub(super) cover: Vec<HeaderName>,
}

impl SigningSettings {
    /// Sends and covers `x-date` instead of `date`, for clients that may not set `Date`.
    ///
    /// ```
    /// let settings = oracle_cloud_signature::SigningSettings::default().x_date(true);
    /// ```
    #[must_use]
    pub fn x_date(self, x_date: bool) -> Self {
        Self { x_date, ..self }
    }

    /// Leaves `host` out, as the token service of instance principals requires.
    ///
    /// ```
    /// let settings = oracle_cloud_signature::SigningSettings::default().without_host(true);
    /// ```
    #[must_use]
    pub fn without_host(self, without_host: bool) -> Self {
        Self { without_host, ..self }
    }

    /// Keeps a date and a body hash that the request already has, instead of making new ones. A
    /// kept hash saves hashing the body. Services refuse a kept date after five minutes.
    ///
    /// ```
    /// let settings = oracle_cloud_signature::SigningSettings::default().keep_existing(true);
    /// ```
    #[must_use]
    pub fn keep_existing(self, keep_existing: bool) -> Self {
        Self { keep_existing, ..self }
    }

    /// Covers one more header of the request. Several are covered in the order of the calls.
    ///
    /// ```
    /// use http::HeaderName;
    /// use oracle_cloud_signature::SigningSettings;
    ///
    /// let token = HeaderName::from_static("opc-obo-token");
    /// let settings = SigningSettings::default().cover(token);
    /// ```
    #[must_use]
    pub fn cover(mut self, header: HeaderName) -> Self {
        self.cover.push(header);
        self
    }
}

/// Who signs, when, and with which settings. One value serves one call or many.
///
/// ```
/// use std::time::SystemTime;
///
/// use oracle_cloud_signature::{Credentials, KeyId, PrivateKey, SigningParams};
///
/// let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
/// let params = SigningParams::new(&credentials, SystemTime::now()).x_date(true);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SigningParams<'a> {
    pub(super) credentials: &'a Credentials,
    pub(super) time: SystemTime,
    pub(super) settings: SigningSettings,
}

impl<'a> SigningParams<'a> {
    /// Signs with `credentials` at `time`. Services compare it with their own clock and accept a
    /// difference of five minutes.
    ///
    /// ```
    /// # use oracle_cloud_signature::{Credentials, KeyId, PrivateKey};
    /// use std::time::SystemTime;
    ///
    /// use oracle_cloud_signature::SigningParams;
    ///
    /// # let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
    /// let params = SigningParams::new(&credentials, SystemTime::now());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(credentials: &'a Credentials, time: SystemTime) -> Self {
        Self { credentials, time, settings: SigningSettings::default() }
    }

    /// Sets all settings at once.
    ///
    /// ```
    /// # use oracle_cloud_signature::{Credentials, KeyId, PrivateKey};
    /// use std::time::SystemTime;
    ///
    /// use oracle_cloud_signature::{SigningParams, SigningSettings};
    ///
    /// # let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
    /// let settings = SigningSettings::default().without_host(true);
    /// let params = SigningParams::new(&credentials, SystemTime::now()).settings(settings);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn settings(self, settings: SigningSettings) -> Self {
        Self { settings, ..self }
    }

    /// Does the same as [`SigningSettings::x_date`].
    ///
    /// ```
    /// # use std::time::SystemTime;
    /// # use oracle_cloud_signature::{Credentials, KeyId, PrivateKey, SigningParams};
    /// # let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
    /// let params = SigningParams::new(&credentials, SystemTime::now()).x_date(true);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn x_date(self, x_date: bool) -> Self {
        let settings = self.settings.x_date(x_date);
        Self { settings, ..self }
    }

    /// Does the same as [`SigningSettings::keep_existing`].
    ///
    /// ```
    /// # use std::time::SystemTime;
    /// # use oracle_cloud_signature::{Credentials, KeyId, PrivateKey, SigningParams};
    /// # let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
    /// let params = SigningParams::new(&credentials, SystemTime::now()).keep_existing(true);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn keep_existing(self, keep_existing: bool) -> Self {
        let settings = self.settings.keep_existing(keep_existing);
        Self { settings, ..self }
    }

    /// Does the same as [`SigningSettings::cover`].
    ///
    /// ```
    /// # use std::time::SystemTime;
    /// # use oracle_cloud_signature::{Credentials, KeyId, PrivateKey, SigningParams};
    /// # let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
    /// let token = http::HeaderName::from_static("opc-obo-token");
    /// let params = SigningParams::new(&credentials, SystemTime::now()).cover(token);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn cover(self, header: HeaderName) -> Self {
        let settings = self.settings.cover(header);
        Self { settings, ..self }
    }
}
