//! Where credentials come from. The source is chosen once, at start; a source that is broken is an error, never a reason
//! to try another one.
//!
//! Source: docs/spec/oci-request-signing.md#choice.

mod config_file;
mod federation;
mod files;
mod held;
mod instance;
mod renewable;
mod resource_principal;
mod session_key;
mod settings;
mod source;
mod token_service;
mod user;
mod workload;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use oracle_cloud_signature::{Credentials, KeyError, KeyMismatch, SignError, TokenError};
use tokio::time::Instant;

use super::region::Regions;
use super::variables::SettingsError;
use super::{ServiceRefusal, TransportError, TrustError, Vars};
use files::Sources;
use instance::Instance;
use renewable::Renewable;
use settings::Chosen;
pub use settings::PrincipalSettings;
use user::Found;
use workload::Workload;

/// How long credentials are waited for where the caller does not say.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who signs.
#[derive(Debug)]
pub struct Principal {
    source: Source,
    region: Option<String>,
    regions: Regions,
}

/// One kind of credentials.
#[derive(Debug)]
enum Source {
    /// A function, a job or another resource, with a token and a key that the platform keeps fresh.
    Resource(Renewable<Sources>),
    /// A user's API key.
    ApiKey(Arc<Credentials>),
    /// A user's session, which the OCI CLI keeps fresh.
    SecurityToken(Renewable<Sources>),
    /// A compute instance.
    Instance(Renewable<Instance>),
    /// A pod of a Kubernetes cluster.
    Workload(Renewable<Workload>),
}

impl Source {
    fn of_user(found: Found, now: SystemTime, send_expired: bool) -> Result<Self, PrincipalError> {
        Ok(match found {
            Found::ApiKey(credentials) => Self::ApiKey(Arc::new(credentials)),
            Found::Session(sources) => Self::SecurityToken(sources.load(now, send_expired)?),
        })
    }
}

/// Credentials that cannot be had. The messages name the variable and what was expected, never a value.
#[derive(Debug, thiserror::Error)]
pub enum PrincipalError {
    /// Variables that are not understood, or missing.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The configuration file cannot be read.
    #[error("the configuration file {} cannot be read", .0.display())]
    ConfigFile(PathBuf, #[source] std::io::Error),
    /// The configuration file is in the encoding that Windows calls Unicode.
    #[error("the configuration file is a text in UTF-16; expected UTF-8")]
    ConfigEncoding,
    /// A line of the configuration file that cannot be read: its number, and what it is.
    #[error("line {0} of the configuration file {1}")]
    ConfigLine(usize, &'static str),
    /// A profile that the file does not have.
    #[error(
        "the configuration file has no profile of the name in OCI_CLI_PROFILE, or no `DEFAULT`"
    )]
    Profile,
    /// What is wrong with a profile: its name, its file, and why.
    #[error("the profile `{0}` of {file} cannot be used", file = .1.display())]
    InProfile(String, PathBuf, #[source] Box<PrincipalError>),
    /// A setting that the profile does not have.
    #[error("the profile has no `{0}`")]
    Setting(&'static str),
    /// A setting that means something to other programs, and that must not be passed over.
    #[error("the profile has `{0}`, which is not read here")]
    Unread(&'static str),
    /// A region that could be none.
    #[error("the profile's `region` is not a region such as `eu-frankfurt-1`")]
    RegionName,
    /// Tenancy, user and fingerprint that make no key id.
    #[error("the profile's tenancy, user and fingerprint make no key id: {0}")]
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
    /// The token was issued for another key than the one beside it.
    #[error("the session token was issued for another key than the one beside it")]
    KeyTokenMismatch,
    /// The token has expired, and its source has no newer one.
    #[error("the session token has expired and its source holds no newer one")]
    TokenExpired,
    /// TLS to a token service cannot be set up.
    #[error(transparent)]
    Trust(TrustError),
    /// The HTTP client for a token service cannot be set up.
    #[error("the HTTP client could not be set up")]
    Client(#[source] reqwest::Error),
    /// A variable whose URL cannot be asked.
    #[error("{0} makes no URL")]
    Url(&'static str),
    /// A service that hands out credentials did not answer.
    #[error("{0} gave no answer")]
    Unanswered(&'static str, #[source] TransportError),
    /// A service that hands out credentials refused to.
    #[error("{0} refused with {1}")]
    Refused(&'static str, ServiceRefusal),
    /// The node's service refused with 403, which says what its message would.
    #[error(
        "the token service for OKE workloads refused with status 403; it does so where the cluster is not an enhanced cluster"
    )]
    ClusterNotEnhanced,
    /// A service that hands out credentials answered with something else.
    #[error("{0} gave an answer that is not the documented one")]
    Unusable(&'static str),
    /// The request to the token service cannot be signed.
    #[error("the request to the token service was not signed: {0}")]
    NotSigned(SignError),
    /// The instance now belongs to another tenancy.
    #[error("the certificate of the instance names another tenancy than the one before")]
    TenancyChanged,
    /// The instance's certificate is not for the key beside it: one of them is about to be replaced.
    #[error("the certificate of the instance is for another key than the one beside it")]
    KeyCertificateMismatch,
    /// The source has another token than the valid one in use, and it may not take its place.
    #[error("the session token of its source does not take the place of the one in use: {0}")]
    NotReplaced(TokenError),
    /// The source still has what a service refused.
    #[error("the source holds no newer credentials than those that a service refused")]
    RefusedBefore,
    /// There was no time left to wait for those who ask the source.
    #[error("no credentials came in time")]
    Late,
    /// Another call asked the source, and why it got nothing.
    #[error("the renewal that was waited for brought nothing: {0}")]
    NotRenewed(String),
    /// No key could be made for a session; there is no memory or no entropy.
    #[error("no key could be made for the session")]
    Generate,
}

impl From<KeyMismatch> for PrincipalError {
    fn from(KeyMismatch: KeyMismatch) -> Self {
        Self::KeyTokenMismatch
    }
}

impl Principal {
    /// Reads the variables, and loads what they choose.
    pub fn from_vars(var: Vars<'_>, now: SystemTime) -> Result<Self, PrincipalError> {
        Self::load(PrincipalSettings::from_vars(var)?, now)
    }

    /// Loads the credentials that the settings chose. An expired token is no error yet.
    pub fn load(settings: PrincipalSettings, now: SystemTime) -> Result<Self, PrincipalError> {
        let PrincipalSettings { source, region, regions, send_expired } = settings;
        let (source, region) = match source {
            Chosen::Resource(sources) => {
                (Source::Resource(sources.load(now, send_expired)?), region)
            }
            Chosen::User(user, session) => {
                let place = user.place();
                let loaded = user.load(session).and_then(|(found, region)| {
                    Ok((Source::of_user(found, now, send_expired)?, region))
                });
                loaded.map_err(|error| match place {
                    Some((profile, file)) => {
                        PrincipalError::InProfile(profile, file, Box::new(error))
                    }
                    None => error,
                })?
            }
            Chosen::Instance(settings) => {
                let instance = Instance::new(settings, regions.clone())?;
                (Source::Instance(Renewable::new(instance, None, send_expired)), None)
            }
            Chosen::Workload(settings) => {
                let workload = Workload::new(settings)?;
                (Source::Workload(Renewable::new(workload, None, send_expired)), region)
            }
        };
        let region = region.map(|name| regions.identifier(&name));
        Ok(Self { source, region, regions })
    }

    /// The name of the source, as the OCI CLI spells it.
    pub fn source(&self) -> &'static str {
        match self.source {
            Source::Resource(_) => "resource_principal",
            Source::ApiKey(_) => "api_key",
            Source::SecurityToken(_) => "security_token",
            Source::Instance(_) => "instance_principal",
            Source::Workload(_) => "oke_workload_identity",
        }
    }

    /// The region that the environment or the profile names, as an identifier such as `eu-frankfurt-1`; that of an instance is
    /// known after its first signature.
    pub fn region(&self) -> Option<&str> {
        match &self.source {
            Source::Instance(instance) => instance.supplier().region(),
            Source::Resource(_)
            | Source::ApiKey(_)
            | Source::SecurityToken(_)
            | Source::Workload(_) => self.region.as_deref(),
        }
    }

    /// When what it signs with now expires. None for what does not, and for an instance or a pod before its first signature.
    pub fn expires(&self) -> Option<SystemTime> {
        match &self.source {
            Source::Resource(files) | Source::SecurityToken(files) => files.expires(),
            Source::ApiKey(_) => None,
            Source::Instance(instance) => instance.expires(),
            Source::Workload(workload) => workload.expires(),
        }
    }

    /// The host of an older service in this principal's region, as [`Regions::host`] makes it; an instance is asked where it
    /// is. None without a region.
    pub async fn host(&self, service: &str) -> Result<Option<String>, PrincipalError> {
        if let Source::Instance(instance) = &self.source {
            instance.supplier().located(Instant::now() + PATIENCE).await?;
        }
        Ok(self.region().map(|region| self.regions.host(service, region)))
    }

    /// What to sign with at `now`. Files are read again when they changed or the token nears its end, and services are asked
    /// again when it does.
    pub async fn credentials(&self, now: SystemTime) -> Result<Arc<Credentials>, PrincipalError> {
        self.credentials_until(now, Instant::now() + PATIENCE).await
    }

    /// The same, before `until`. Valid credentials are never waited for longer than 500 ms and half of the time, whatever
    /// becomes of newer ones; without any, whoever comes first asks the source for all.
    pub async fn credentials_until(
        &self,
        now: SystemTime,
        until: Instant,
    ) -> Result<Arc<Credentials>, PrincipalError> {
        match &self.source {
            Source::Resource(files) | Source::SecurityToken(files) => {
                files.credentials(now, until).await
            }
            Source::ApiKey(credentials) => Ok(credentials.clone()),
            Source::Instance(instance) => instance.credentials(now, until).await,
            Source::Workload(workload) => workload.credentials(now, until).await,
        }
    }

    /// What to sign with after a service refused `refused`: whatever the source has now. However many were refused at once,
    /// the source is asked once, and not more than once a second.
    pub async fn refresh(
        &self,
        refused: &Arc<Credentials>,
        now: SystemTime,
    ) -> Result<Arc<Credentials>, PrincipalError> {
        self.refresh_until(refused, now, Instant::now() + PATIENCE).await
    }

    /// The same, before `until`; newer ones than valid ones are waited for 5 s and half of the time. Where there are none, those
    /// come back that `refused` replaced, while they are valid and until a service has [`accepted`](Self::accepted) the new ones.
    pub async fn refresh_until(
        &self,
        refused: &Arc<Credentials>,
        now: SystemTime,
        until: Instant,
    ) -> Result<Arc<Credentials>, PrincipalError> {
        match &self.source {
            Source::Resource(files) | Source::SecurityToken(files) => {
                files.refresh(refused, now, until).await
            }
            Source::ApiKey(credentials) => Ok(credentials.clone()),
            Source::Instance(instance) => instance.refresh(refused, now, until).await,
            Source::Workload(workload) => workload.refresh(refused, now, until).await,
        }
    }

    /// A service carried out what was signed with `used`: new credentials have proved themselves then, and where it was those
    /// before them, these are signed with again.
    pub fn accepted(&self, used: &Credentials) {
        match &self.source {
            Source::Resource(files) | Source::SecurityToken(files) => files.accepted(used),
            Source::ApiKey(_) => {}
            Source::Instance(instance) => instance.accepted(used),
            Source::Workload(workload) => workload.accepted(used),
        }
    }
}
