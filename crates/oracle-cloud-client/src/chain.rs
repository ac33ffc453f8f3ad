//! The sources of credentials that a program finds without configuration in its code.
//!
//! Source: docs/spec/oci-request-signing.md#choice.

use std::env;
use std::ffi::OsString;
use std::sync::Arc;
use std::time::SystemTime;

use oracle_cloud_signature::{
    Credentials, CredentialsError, CredentialsErrorKind, CredentialsRequest, ProvideCredentials,
};
use zeroize::Zeroizing;

use super::principal::{Principal, PrincipalSettings};

/// The source that `OCI_CLI_AUTH` names. Without it, a resource principal if any of its variables
/// is set; else the configuration file and the variables of the OCI CLI; else an instance, whose
/// metadata service is asked once, for one second.
///
/// Sources that are not configured are skipped. A source that is configured and cannot be used is
/// an error, which says which source, file and profile: the next source would sign as somebody
/// else.
///
/// ```no_run
/// use std::time::SystemTime;
///
/// use oracle_cloud_client::DefaultChain;
/// use oracle_cloud_client::signature::{CredentialsRequest, ProvideCredentials};
///
/// # async fn sign() -> Result<(), oracle_cloud_client::signature::CredentialsError> {
/// let chain = DefaultChain::from_env()?;
/// let credentials = chain.credentials(CredentialsRequest::at(SystemTime::now())).await?;
/// # Ok(())
/// # }
/// ```
///
/// Source: docs/spec/oci-request-signing.md#choice.
#[derive(Debug)]
pub struct DefaultChain(Principal);

impl DefaultChain {
    /// Reads the environment and the files that it names. No service is contacted yet.
    ///
    /// ```no_run
    /// let chain = oracle_cloud_client::DefaultChain::from_env()?;
    /// # Ok::<_, oracle_cloud_client::signature::CredentialsError>(())
    /// ```
    ///
    /// # Errors
    /// Of the kind `Invalid` if a source is configured and cannot be used.
    #[expect(clippy::disallowed_methods, reason = "tokens end by the machine's clock")]
    pub fn from_env() -> Result<Self, CredentialsError> {
        let invalid = |error| CredentialsError::new(CredentialsErrorKind::Invalid, error);
        let settings = PrincipalSettings::or_instance(&environment).map_err(invalid)?;
        Principal::load(settings, SystemTime::now()).map(Self)
    }

    /// Returns the source that was found. If it may be an instance, this is checked now.
    pub(super) async fn into_principal(self) -> Result<Principal, CredentialsError> {
        self.0.confirm().await?;
        Ok(self.0)
    }
}

impl ProvideCredentials for DefaultChain {
    async fn credentials(
        &self,
        request: CredentialsRequest,
    ) -> Result<Arc<Credentials>, CredentialsError> {
        ProvideCredentials::credentials(&self.0, request).await
    }

    async fn region(&self) -> Result<Option<String>, CredentialsError> {
        ProvideCredentials::region(&self.0).await
    }
}

/// Reads a variable of the environment. A value that is not UTF-8 is replaced by one that is
/// refused later.
#[expect(clippy::disallowed_methods, reason = "a client that is made of the environment reads it")]
pub(super) fn environment(name: &str) -> Option<String> {
    let unreadable = |value: OsString| {
        drop(Zeroizing::new(value.into_encoded_bytes()));
        char::REPLACEMENT_CHARACTER.to_string()
    };
    env::var_os(name).map(|value| value.into_string().unwrap_or_else(unreadable))
}
