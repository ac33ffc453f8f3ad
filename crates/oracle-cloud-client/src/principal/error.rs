//! Why there are no credentials: what happened, and of which kind it is for the caller.

use std::path::PathBuf;

use oracle_cloud_signature::{
    CredentialsError, CredentialsErrorKind, KeyError, KeyMismatch, SignError, TokenError,
};

use crate::service_error::ServiceRefusal;
use crate::transport::TransportError;
use crate::trust::TrustError;
use crate::variables::SettingsError;

/// There are no credentials. The messages name the variable and what was expected, never a value.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrincipalError {
    /// Variables that are invalid or missing.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The configuration file cannot be read.
    #[error("the configuration file {} cannot be read", .0.display())]
    ConfigFile(PathBuf, #[source] std::io::Error),
    /// The configuration file is in UTF-16, which Windows calls Unicode.
    #[error("the configuration file is a text in UTF-16; expected UTF-8")]
    ConfigEncoding,
    /// A line of the configuration file that cannot be read: its number, and why.
    #[error("line {0} of the configuration file {1}")]
    ConfigLine(usize, &'static str),
    /// A profile that the file does not have.
    #[error(
        "the configuration file has no profile of the name in OCI_CLI_PROFILE, or no `DEFAULT`"
    )]
    Profile,
    /// A profile that cannot be used: its name, its file, and why.
    #[error("the profile `{0}` of {file} cannot be used", file = .1.display())]
    InProfile(String, PathBuf, #[source] Box<PrincipalError>),
    /// A setting that the profile does not have.
    #[error("the profile has no `{0}`")]
    Setting(&'static str),
    /// A setting that other programs use, and that must not be ignored.
    #[error("the profile has `{0}`, which is not supported")]
    Unread(&'static str),
    /// The profile's `region` cannot be a region.
    #[error("the profile's `region` is not a region such as `eu-frankfurt-1`")]
    RegionName,
    /// Tenancy, user and fingerprint do not make a key id.
    #[error("the profile's tenancy, user and fingerprint do not make a key id: {0}")]
    KeyId(SignError),
    /// A file that cannot be read.
    #[error("{0} names a file that cannot be read, {path}", path = .1.display())]
    File(&'static str, PathBuf, #[source] std::io::Error),
    /// A private key that cannot be used.
    #[error("{0} cannot be used: {1}")]
    Key(&'static str, KeyError),
    /// A session token that cannot be used.
    #[error("{0} cannot be used: {1}")]
    Token(&'static str, TokenError),
    /// The token was issued for another key than the one that is given with it.
    #[error("the session token was issued for another key than the one that is given with it")]
    KeyTokenMismatch,
    /// The token has expired, and its source has no newer one.
    #[error("the session token has expired and its source has no newer one")]
    TokenExpired,
    /// TLS to a token service cannot be set up.
    #[error(transparent)]
    Trust(TrustError),
    /// A variable from which no URL can be made.
    #[error("{0} does not give a URL")]
    Url(&'static str),
    /// A service that issues credentials did not answer.
    #[error("{0} did not answer")]
    Unanswered(&'static str, #[source] TransportError),
    /// A service that issues credentials refused.
    #[error("{0} refused with {1}")]
    Refused(&'static str, ServiceRefusal),
    /// The node's service refused with 403, which has only one reason.
    #[error(
        "the token service for OKE workloads refused with status 403; it does so where the cluster is not an enhanced cluster"
    )]
    ClusterNotEnhanced,
    /// A service that issues credentials gave an answer of another form.
    #[error("the answer of {0} does not have the documented form")]
    Unusable(&'static str),
    /// The token to exchange cannot be fetched.
    #[error("the token to exchange cannot be fetched")]
    Subject(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The request to the token service cannot be signed.
    #[error("the request to the token service could not be signed: {0}")]
    NotSigned(SignError),
    /// The instance now belongs to another tenancy.
    #[error("the certificate of the instance names another tenancy than the one before")]
    TenancyChanged,
    /// The instance's certificate is for another key than the instance has: one of them is about to
    /// be replaced.
    #[error("the certificate of the instance is for another key than the instance has")]
    KeyCertificateMismatch,
    /// The source has another token than the valid one in use, and it must not replace that.
    #[error("the source's session token does not replace the one in use: {0}")]
    NotReplaced(TokenError),
    /// The source still has the credentials that a service refused.
    #[error("the source has no newer credentials than those that a service refused")]
    RefusedBefore,
    /// The time was over before other calls had renewed the credentials.
    #[error("no credentials were available in time")]
    Late,
    /// Another call tried to renew the credentials and failed; why.
    #[error("the renewal by another call failed: {0}")]
    NotRenewed(String),
    /// No source is configured, and there is no metadata service.
    #[error(
        "nothing is configured: no OCI_CLI_AUTH, no resource principal, no configuration file in OCI_CONFIG_FILE or ~/.oci/config, and no metadata service of an instance answered within a second"
    )]
    NotFound,
    /// No key could be generated for a session: there is not enough memory or entropy.
    #[error("no key could be generated for the session")]
    Generate,
}

impl From<KeyMismatch> for PrincipalError {
    fn from(KeyMismatch: KeyMismatch) -> Self {
        Self::KeyTokenMismatch
    }
}

impl PrincipalError {
    /// Returns the kind: what the caller can do about it.
    fn kind(&self) -> CredentialsErrorKind {
        match self {
            Self::Settings(_)
            | Self::ConfigFile(..)
            | Self::ConfigEncoding
            | Self::ConfigLine(..)
            | Self::Profile
            | Self::Setting(_)
            | Self::Unread(_)
            | Self::RegionName
            | Self::KeyId(_)
            | Self::File(..)
            | Self::Key(..)
            | Self::Token(..)
            | Self::KeyTokenMismatch
            | Self::Trust(_)
            | Self::Url(_) => CredentialsErrorKind::Invalid,
            Self::InProfile(_, _, error) => error.kind(),
            Self::NotFound => CredentialsErrorKind::NotConfigured,
            Self::Unanswered(..)
            | Self::Unusable(_)
            | Self::Subject(_)
            | Self::NotSigned(_)
            | Self::KeyCertificateMismatch
            | Self::Late
            | Self::NotRenewed(_)
            | Self::Generate => CredentialsErrorKind::Unavailable,
            Self::Refused(..)
            | Self::ClusterNotEnhanced
            | Self::TenancyChanged
            | Self::NotReplaced(_)
            | Self::RefusedBefore => CredentialsErrorKind::Refused,
            Self::TokenExpired => CredentialsErrorKind::Expired,
        }
    }
}

impl From<PrincipalError> for CredentialsError {
    fn from(error: PrincipalError) -> Self {
        Self::new(error.kind(), error)
    }
}
