//! The sources of credentials. One is chosen once, at start. If it is broken, that is an error, and
//! no other source is tried.
//!
//! Source: docs/spec/oci-request-signing.md#choice.

mod config_file;
mod error;
mod federation;
mod files;
mod held;
mod instance;
mod renewable;
mod resource_principal;
mod session_key;
mod settings;
mod source;
mod token_exchange;
mod token_service;
mod user;
mod workload;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use oracle_cloud_signature::{
    Credentials, CredentialsError, CredentialsRequest, ProvideCredentials,
};
use tokio::time;

use crate::region::Regions;
use crate::variables::Vars;
use error::PrincipalError;
use files::Sources;
use instance::Instance;
use renewable::Renewable;
use settings::Chosen;
pub use settings::PrincipalSettings;
pub use token_exchange::TokenExchange;
use user::Found;
use workload::Workload;

/// How long to wait for credentials if the caller does not say.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Who signs: one source of credentials, chosen at start and kept current.
///
/// ```no_run
/// use std::time::SystemTime;
///
/// use oracle_cloud_client::Principal;
///
/// # async fn sign() -> Result<(), Box<dyn std::error::Error>> {
/// let var = |name: &str| std::env::var(name).ok();
/// let principal = Principal::from_vars(&var, SystemTime::now())?;
/// let credentials = principal.credentials(SystemTime::now()).await?;
/// # Ok(())
/// # }
/// ```
///
/// Source: docs/spec/oci-request-signing.md#choice.
#[derive(Debug)]
pub struct Principal {
    source: Source,
    region: Option<String>,
    regions: Regions,
}

/// One kind of credentials.
#[derive(Debug)]
enum Source {
    /// A function, a job or another resource, with a token and a key that the platform replaces.
    Resource(Renewable<Sources>),
    /// A user's API key.
    ApiKey(Arc<Credentials>),
    /// A user's session, which the OCI CLI renews.
    SecurityToken(Renewable<Sources>),
    /// A compute instance.
    Instance(Renewable<Instance>),
    /// A pod of a Kubernetes cluster.
    Workload(Renewable<Workload>),
}

impl Source {
    fn from_user(
        found: Found,
        now: SystemTime,
        send_expired: bool,
    ) -> Result<Self, PrincipalError> {
        Ok(match found {
            Found::ApiKey(credentials) => Self::ApiKey(Arc::new(credentials)),
            Found::Session(sources) => Self::SecurityToken(sources.load(now, send_expired)?),
        })
    }
}

impl Principal {
    /// Reads the variables, and loads the credentials that they choose.
    ///
    /// ```
    /// use oracle_cloud_client::Principal;
    /// use oracle_cloud_client::signature::CredentialsErrorKind;
    ///
    /// let nothing = |_: &str| None;
    /// let error = Principal::from_vars(&nothing, std::time::SystemTime::now()).unwrap_err();
    /// assert_eq!(error.kind(), CredentialsErrorKind::Invalid);
    /// ```
    ///
    /// # Errors
    /// The same as [`PrincipalSettings::from_vars`] and [`load`](Self::load).
    pub fn from_vars(var: Vars<'_>, now: SystemTime) -> Result<Self, CredentialsError> {
        let settings = PrincipalSettings::from_vars(var).map_err(PrincipalError::from)?;
        Self::load(settings, now)
    }

    /// Loads the credentials that the settings chose. An expired token is not an error yet.
    ///
    /// ```
    /// use oracle_cloud_client::{Principal, PrincipalSettings};
    ///
    /// let var = |name: &str| (name == "OCI_CLI_AUTH").then(|| "instance_principal".to_owned());
    /// let settings = PrincipalSettings::from_vars(&var)?;
    /// let principal = Principal::load(settings, std::time::SystemTime::now())?;
    /// assert_eq!(principal.source(), "instance_principal");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Of the kind `Invalid` if a file, a key or a token cannot be used: it says which one, and of
    /// which profile.
    pub fn load(settings: PrincipalSettings, now: SystemTime) -> Result<Self, CredentialsError> {
        Ok(Self::loaded(settings, now)?)
    }

    fn loaded(settings: PrincipalSettings, now: SystemTime) -> Result<Self, PrincipalError> {
        let PrincipalSettings { source, region, regions, send_expired } = settings;
        let (source, region) = match source {
            Chosen::Resource(sources) => {
                (Source::Resource(sources.load(now, send_expired)?), region)
            }
            Chosen::User(user, session) => {
                let place = user.place();
                let loaded = user.load(session).and_then(|(found, region)| {
                    Ok((Source::from_user(found, now, send_expired)?, region))
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

    /// Returns the name of the source, as the OCI CLI spells it.
    ///
    /// ```
    /// # use oracle_cloud_client::Principal;
    /// let var = |name: &str| (name == "OCI_CLI_AUTH").then(|| "instance_principal".to_owned());
    /// let principal = Principal::from_vars(&var, std::time::SystemTime::now())?;
    /// assert_eq!(principal.source(), "instance_principal");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn source(&self) -> &'static str {
        match self.source {
            Source::Resource(_) => "resource_principal",
            Source::ApiKey(_) => "api_key",
            Source::SecurityToken(_) => "security_token",
            Source::Instance(_) => "instance_principal",
            Source::Workload(_) => "oke_workload_identity",
        }
    }

    /// Returns the region that the environment or the profile names, as an identifier such as
    /// `eu-frankfurt-1`. That of an instance is known after its first signature.
    ///
    /// ```
    /// # use oracle_cloud_client::Principal;
    /// let var = |name: &str| (name == "OCI_CLI_AUTH").then(|| "instance_principal".to_owned());
    /// let principal = Principal::from_vars(&var, std::time::SystemTime::now())?;
    /// assert_eq!(principal.region(), None);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn region(&self) -> Option<&str> {
        match &self.source {
            Source::Instance(instance) => instance.supplier().region(),
            Source::Resource(_)
            | Source::ApiKey(_)
            | Source::SecurityToken(_)
            | Source::Workload(_) => self.region.as_deref(),
        }
    }

    /// Returns when its current credentials expire. `None` if they do not expire, and for an
    /// instance or a pod before its first signature.
    ///
    /// ```
    /// # use oracle_cloud_client::Principal;
    /// let var = |name: &str| (name == "OCI_CLI_AUTH").then(|| "instance_principal".to_owned());
    /// let principal = Principal::from_vars(&var, std::time::SystemTime::now())?;
    /// assert_eq!(principal.expires(), None);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn expires(&self) -> Option<SystemTime> {
        match &self.source {
            Source::Resource(files) | Source::SecurityToken(files) => files.expires(),
            Source::ApiKey(_) => None,
            Source::Instance(instance) => instance.expires(),
            Source::Workload(workload) => workload.expires(),
        }
    }

    /// Returns the region, as [`region`](Self::region) does; an instance fetches it from its
    /// metadata service.
    ///
    /// ```no_run
    /// # use oracle_cloud_client::Principal;
    /// # async fn region(principal: Principal) -> Result<(), Box<dyn std::error::Error>> {
    /// let region = principal.locate().await?.ok_or("the region is not known")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If an instance cannot fetch it.
    pub async fn locate(&self) -> Result<Option<&str>, CredentialsError> {
        if let Source::Instance(instance) = &self.source {
            instance.supplier().located(time::Instant::now() + TIMEOUT).await?;
        }
        Ok(self.region())
    }

    /// Checks whether this is an instance, if the configuration does not say so.
    pub(super) async fn confirm(&self) -> Result<(), CredentialsError> {
        if let Source::Instance(instance) = &self.source
            && instance.supplier().is_guess()
        {
            self.locate().await?;
        }
        Ok(())
    }

    /// Returns the host of an older service in this principal's region, as [`Regions::host`] does.
    /// An instance fetches its region. `None` without a region.
    ///
    /// ```no_run
    /// # use oracle_cloud_client::Principal;
    /// # async fn host(principal: Principal) -> Result<(), Box<dyn std::error::Error>> {
    /// let host = principal.host("objectstorage").await?;
    /// assert_eq!(host.as_deref(), Some("objectstorage.eu-frankfurt-1.oraclecloud.com"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The same as [`locate`](Self::locate).
    pub async fn host(&self, service: &str) -> Result<Option<String>, CredentialsError> {
        Ok(self.locate().await?.map(|region| self.regions.host(service, region)))
    }

    /// Returns the regions of the table and those that variables add.
    ///
    /// ```
    /// # use oracle_cloud_client::Principal;
    /// let var = |name: &str| (name == "OCI_CLI_AUTH").then(|| "instance_principal".to_owned());
    /// let principal = Principal::from_vars(&var, std::time::SystemTime::now())?;
    /// assert_eq!(principal.regions().domain("eu-frankfurt-1"), "oraclecloud.com");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn regions(&self) -> &Regions {
        &self.regions
    }

    /// Returns the credentials to sign with at `now`, within 60 s. Files are read again when they
    /// have changed or the token is about to expire; services are asked again when it is about to
    /// expire.
    ///
    /// ```no_run
    /// # use oracle_cloud_client::Principal;
    /// # async fn credentials(principal: Principal) -> Result<(), Box<dyn std::error::Error>> {
    /// let credentials = principal.credentials(std::time::SystemTime::now()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If there are no valid ones and none could be fetched in time.
    pub async fn credentials(&self, now: SystemTime) -> Result<Arc<Credentials>, CredentialsError> {
        self.credentials_until(now, (time::Instant::now() + TIMEOUT).into_std()).await
    }

    /// Does the same, before `deadline`. With valid credentials a call waits for newer ones for at
    /// most 500 ms and half of its time. Without valid ones the first call fetches them for all.
    ///
    /// ```no_run
    /// # use std::time::{Duration, Instant, SystemTime};
    /// # use oracle_cloud_client::Principal;
    /// # async fn credentials(principal: Principal) -> Result<(), Box<dyn std::error::Error>> {
    /// let deadline = Instant::now() + Duration::from_secs(5);
    /// let credentials = principal.credentials_until(SystemTime::now(), deadline).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The same as [`credentials`](Self::credentials).
    pub async fn credentials_until(
        &self,
        now: SystemTime,
        deadline: Instant,
    ) -> Result<Arc<Credentials>, CredentialsError> {
        let until = deadline.into();
        let credentials = match &self.source {
            Source::Resource(files) | Source::SecurityToken(files) => {
                files.credentials(now, until).await
            }
            Source::ApiKey(credentials) => return Ok(credentials.clone()),
            Source::Instance(instance) => instance.credentials(now, until).await,
            Source::Workload(workload) => workload.credentials(now, until).await,
        };
        Ok(credentials?)
    }

    /// Returns the credentials to sign with after a service refused `refused`: those that the
    /// source has now, within 60 s. However many calls were refused at once, the source is asked
    /// once, and at most once a second.
    ///
    /// ```no_run
    /// # use std::time::SystemTime;
    /// # use oracle_cloud_client::Principal;
    /// # async fn refresh(principal: Principal) -> Result<(), Box<dyn std::error::Error>> {
    /// let refused = principal.credentials(SystemTime::now()).await?;
    /// let newer = principal.refresh(&refused, SystemTime::now()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The same as [`credentials`](Self::credentials).
    pub async fn refresh(
        &self,
        refused: &Arc<Credentials>,
        now: SystemTime,
    ) -> Result<Arc<Credentials>, CredentialsError> {
        self.refresh_until(refused, now, (time::Instant::now() + TIMEOUT).into_std()).await
    }

    /// Does the same, before `deadline`. If valid credentials were refused, it waits for newer ones
    /// for at most 5 s and half of the time. If there are none, it returns those that `refused`
    /// replaced, while they are valid and until a service has [`accepted`](Self::accepted) the new
    /// ones.
    ///
    /// ```no_run
    /// # use std::time::{Duration, Instant, SystemTime};
    /// # use oracle_cloud_client::Principal;
    /// # async fn refresh(principal: Principal) -> Result<(), Box<dyn std::error::Error>> {
    /// # let refused = principal.credentials(SystemTime::now()).await?;
    /// let deadline = Instant::now() + Duration::from_secs(5);
    /// let newer = principal.refresh_until(&refused, SystemTime::now(), deadline).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The same as [`credentials`](Self::credentials).
    pub async fn refresh_until(
        &self,
        refused: &Arc<Credentials>,
        now: SystemTime,
        deadline: Instant,
    ) -> Result<Arc<Credentials>, CredentialsError> {
        let until = deadline.into();
        let credentials = match &self.source {
            Source::Resource(files) | Source::SecurityToken(files) => {
                files.refresh(refused, now, until).await
            }
            Source::ApiKey(credentials) => return Ok(credentials.clone()),
            Source::Instance(instance) => instance.refresh(refused, now, until).await,
            Source::Workload(workload) => workload.refresh(refused, now, until).await,
        };
        Ok(credentials?)
    }

    /// Records that a service accepted what was signed with `used`. If these are the new
    /// credentials, they have proved good. If they are the ones before, they are used again.
    ///
    /// ```no_run
    /// # use std::time::SystemTime;
    /// # use oracle_cloud_client::Principal;
    /// # async fn accepted(principal: Principal) -> Result<(), Box<dyn std::error::Error>> {
    /// let used = principal.credentials(SystemTime::now()).await?;
    /// // A service answered with a success.
    /// principal.accepted(&used);
    /// # Ok(())
    /// # }
    /// ```
    pub fn accepted(&self, used: &Credentials) {
        match &self.source {
            Source::Resource(files) | Source::SecurityToken(files) => files.accepted(used),
            Source::ApiKey(_) => {}
            Source::Instance(instance) => instance.accepted(used),
            Source::Workload(workload) => workload.accepted(used),
        }
    }
}

impl ProvideCredentials for Principal {
    async fn credentials(
        &self,
        request: CredentialsRequest,
    ) -> Result<Arc<Credentials>, CredentialsError> {
        match &request.refused {
            None => Principal::credentials(self, request.now).await,
            Some(refused) => self.refresh(refused, request.now).await,
        }
    }

    async fn region(&self) -> Result<Option<String>, CredentialsError> {
        Ok(self.locate().await?.map(str::to_owned))
    }
}
