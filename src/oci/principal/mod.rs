//! Where credentials come from. The source is chosen once, at start; a source that is broken is an error, never a reason
//! to try another one.

mod config_file;
mod resource_principal;
mod session;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use super::{KeyError, KeyId, PrivateKey, SessionToken, SignError, TokenError, Vars};
use config_file::Profile;
use session::Session;

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
pub struct Principal {
    source: Source,
    region: Option<String>,
}

/// One kind of credentials.
#[derive(Debug)]
enum Source {
    /// A function, a job or another resource, with a token and a key that the platform keeps fresh.
    Resource(Session),
    /// A user's API key.
    ApiKey(Arc<Credentials>),
    /// A user's session, which the OCI CLI keeps fresh.
    SecurityToken(Session),
}

/// Credentials that cannot be had. The messages name the variable and what was expected, never a value.
#[derive(Debug, thiserror::Error)]
pub enum PrincipalError {
    /// A variable that is not set.
    #[error("{0} is not set; expected {1}")]
    Missing(&'static str, &'static str),
    /// A kind of authentication that is not offered here.
    #[error("OCI_CLI_AUTH is not `resource_principal`, `api_key` or `security_token`")]
    Auth,
    /// No resource principal, and no configuration file either.
    #[error(
        "OCI_RESOURCE_PRINCIPAL_VERSION is not set; expected `2.2`, or a configuration file in OCI_CONFIG_FILE or ~/.oci/config"
    )]
    NoSource,
    /// The configuration file cannot be read.
    #[error("the configuration file {} cannot be read", .0.display())]
    ConfigFile(PathBuf, #[source] std::io::Error),
    /// A line of the configuration file that is neither a profile nor a setting of one.
    #[error("line {0} of the configuration file is neither `[PROFILE]` nor `name=value` below one")]
    ConfigLine(usize),
    /// A profile that the file does not have.
    #[error("the configuration file has no profile `{0}`; see OCI_CLI_PROFILE")]
    Profile(String),
    /// A setting that the profile does not have.
    #[error("the profile has no `{0}`")]
    Setting(&'static str),
    /// Tenancy, user and fingerprint that make no key id.
    #[error("the profile's tenancy, user and fingerprint make no key id: {0}")]
    KeyId(SignError),
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
    /// Chooses the source that the environment asks for, and loads it: what `OCI_CLI_AUTH` names, else a resource principal
    /// where any of its variables is set, else the configuration file. An expired token is no error yet.
    pub fn from_vars(var: Vars<'_>, now: SystemTime) -> Result<Self, PrincipalError> {
        let auth = var("OCI_CLI_AUTH").filter(|auth| !auth.is_empty());
        let resource = [
            resource_principal::VERSION,
            resource_principal::RPST,
            resource_principal::PRIVATE_PEM,
        ];
        let is_resource = resource.into_iter().any(|name| var(name).is_some());
        match (auth.as_deref(), config_file::path(var)) {
            (Some("resource_principal"), _) => Self::resource(var, now),
            (None, _) if is_resource => Self::resource(var, now),
            (None | Some("api_key" | "security_token"), None) => Err(PrincipalError::NoSource),
            (auth @ (None | Some("api_key" | "security_token")), Some(path)) => {
                let profile = Profile::read(&path, var)?;
                let session = auth.map_or(profile.is_session(), |auth| auth == "security_token");
                let source = if session {
                    Source::SecurityToken(profile.session(now)?)
                } else {
                    Source::ApiKey(Arc::new(profile.api_key()?))
                };
                Ok(Self { source, region: profile.region() })
            }
            (Some(_), _) => Err(PrincipalError::Auth),
        }
    }

    fn resource(var: Vars<'_>, now: SystemTime) -> Result<Self, PrincipalError> {
        let (session, region) = resource_principal::from_vars(var, now)?;
        Ok(Self { source: Source::Resource(session), region })
    }

    /// The name of the source, as the OCI CLI spells it.
    pub fn source(&self) -> &'static str {
        match self.source {
            Source::Resource(_) => "resource_principal",
            Source::ApiKey(_) => "api_key",
            Source::SecurityToken(_) => "security_token",
        }
    }

    /// The region that the environment or the profile names, as an identifier such as `eu-frankfurt-1`.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// What to sign with at `now`. Sources that are files are read again when they changed or the token nears its end.
    pub fn credentials(&self, now: SystemTime) -> Result<Arc<Credentials>, PrincipalError> {
        match &self.source {
            Source::Resource(session) | Source::SecurityToken(session) => session.credentials(now),
            Source::ApiKey(credentials) => Ok(credentials.clone()),
        }
    }

    /// What to sign with after a service refused `refused`: whatever the source holds now.
    pub fn refresh(
        &self,
        refused: &Arc<Credentials>,
        now: SystemTime,
    ) -> Result<Arc<Credentials>, PrincipalError> {
        match &self.source {
            Source::Resource(session) | Source::SecurityToken(session) => {
                session.refresh(refused, now)
            }
            Source::ApiKey(credentials) => Ok(credentials.clone()),
        }
    }
}
