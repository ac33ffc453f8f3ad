//! The variables of credentials, before any file that they name is read.
//!
//! Source: docs/spec/oci-request-signing.md#resource-principal-variables.

use std::fmt;

use super::instance::InstanceSettings;
use super::resource_principal::{self, Resource, VERSION};
use super::user::{self, User};
use super::workload::WorkloadSettings;
use super::{files, instance, workload};
use crate::region::{self, Regions};
use crate::variables::{Given, SettingsError, Variables, Vars};

const AUTH: &str = "OCI_CLI_AUTH";
/// Set to `true` if the machine's clock may be far ahead: then only services decide whether a token
/// has expired.
const SEND_EXPIRED: &str = "SEND_EXPIRED_TOKENS";

/// Who signs, as the variables say. Secrets in variables have been read, and copies of their text
/// wiped. Files have not been opened.
///
/// ```
/// use oracle_cloud_client::{Principal, PrincipalSettings};
///
/// let var = |name: &str| (name == "OCI_CLI_AUTH").then(|| "instance_principal".to_owned());
/// let settings = PrincipalSettings::from_vars(&var)?;
/// let principal = Principal::load(settings, std::time::SystemTime::now())?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct PrincipalSettings {
    pub(super) source: Chosen,
    pub(super) region: Option<String>,
    pub(super) regions: Regions,
    pub(super) send_expired: bool,
}

/// One kind of credentials, before it is loaded.
pub(super) enum Chosen {
    Resource(files::Sources),
    /// A user's, and whether as a session, if the configuration says so.
    User(User, Option<bool>),
    Instance(InstanceSettings),
    Workload(WorkloadSettings),
}

/// The values of `OCI_CLI_AUTH`.
#[derive(Clone, Copy)]
enum Auth {
    Resource,
    /// A user's, and whether as a session, if the configuration says so.
    User {
        session: Option<bool>,
    },
    Instance,
    Workload,
}

impl Auth {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "resource_principal" => Some(Self::Resource),
            "api_key" => Some(Self::User { session: Some(false) }),
            "security_token" => Some(Self::User { session: Some(true) }),
            "instance_principal" => Some(Self::Instance),
            "oke_workload_identity" => Some(Self::Workload),
            _ => None,
        }
    }
}

impl PrincipalSettings {
    /// Returns the names of all variables that are read here, except `HOME` and `SSL_CERT_FILE`.
    ///
    /// ```
    /// use oracle_cloud_client::PrincipalSettings;
    ///
    /// assert!(PrincipalSettings::names().any(|name| name == "OCI_CLI_AUTH"));
    /// ```
    pub fn names() -> impl Iterator<Item = &'static str> {
        let own = [AUTH, SEND_EXPIRED];
        let lists: [&[&str]; 6] = [
            &own,
            &region::NAMES,
            &resource_principal::NAMES,
            &user::NAMES,
            &instance::NAMES,
            &workload::NAMES,
        ];
        lists.concat().into_iter()
    }

    /// Reads every variable of credentials, also those of sources that are not chosen, and reports
    /// all mistakes together.
    ///
    /// The source is the one that `OCI_CLI_AUTH` names. Without it, a resource principal if any of
    /// its variables is set; else the configuration file or the variables of the OCI CLI.
    ///
    /// ```
    /// use oracle_cloud_client::PrincipalSettings;
    ///
    /// let var = |name: &str| (name == "OCI_CLI_AUTH").then(|| "instance".to_owned());
    /// let error = PrincipalSettings::from_vars(&var).unwrap_err();
    /// assert!(error.mistakes()[0].starts_with("OCI_CLI_AUTH is not `resource_principal`"));
    /// ```
    ///
    /// # Errors
    /// All mistakes together; also if nothing is set.
    pub fn from_vars(var: Vars<'_>) -> Result<Self, SettingsError> {
        Self::read(var, false)
    }

    /// Does the same, but if nothing is set it may be an instance, which is checked at the first
    /// signature.
    pub(crate) fn or_instance(var: Vars<'_>) -> Result<Self, SettingsError> {
        Self::read(var, true)
    }

    fn read(var: Vars<'_>, may_be_instance: bool) -> Result<Self, SettingsError> {
        let mut vars = Variables::new(var);
        let expected = "`resource_principal`, `api_key`, `security_token`, `instance_principal` or `oke_workload_identity`";
        let auth = vars.given(AUTH, |word| {
            let auth = Auth::parse(&word.to_ascii_lowercase());
            auth.ok_or_else(|| format!("{AUTH} is not {expected}"))
        });
        let send_expired = vars.flag(SEND_EXPIRED);
        let regions = Regions::read(&mut vars);
        let (resource, user) = (Resource::from_vars(&mut vars), User::from_vars(&mut vars));
        let mut instance = InstanceSettings::from_vars(&mut vars);
        let workload = WorkloadSettings::from_vars(&mut vars);
        let auth = match auth {
            Given::Value(auth) => Some(auth),
            Given::Absent if resource.is_set() => Some(Auth::Resource),
            Given::Absent if user.is_set() => Some(Auth::User { session: None }),
            Given::Absent if may_be_instance => {
                instance.is_guess = true;
                Some(Auth::Instance)
            }
            Given::Absent => {
                vars.mistake(format_args!(
                    "{VERSION} is not set; expected `2.2`, or a configuration file in OCI_CONFIG_FILE or ~/.oci/config"
                ));
                None
            }
            Given::Unreadable => None,
        };
        let region = resource.region.clone();
        let source = auth.and_then(|auth| match auth {
            Auth::Resource => resource.sources(&mut vars).map(Chosen::Resource),
            Auth::User { session } => {
                user.check(session, &mut vars);
                Some(Chosen::User(user, session))
            }
            Auth::Instance => Some(Chosen::Instance(instance)),
            Auth::Workload => workload.needed(&mut vars).map(Chosen::Workload),
        });
        vars.finish(source.map(|source| Self { source, region, regions, send_expired }))
    }

    /// Returns the regions of the table and those that variables add, for code that also needs to
    /// know the domains.
    ///
    /// ```
    /// use oracle_cloud_client::PrincipalSettings;
    ///
    /// let var = |name: &str| (name == "OCI_CLI_AUTH").then(|| "instance_principal".to_owned());
    /// let settings = PrincipalSettings::from_vars(&var)?;
    /// assert!(settings.regions().knows_domain("oraclecloud.com"));
    /// # Ok::<_, oracle_cloud_client::SettingsError>(())
    /// ```
    pub fn regions(&self) -> &Regions {
        &self.regions
    }
}

/// Shows the kind, and no value.
impl fmt::Debug for PrincipalSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match self.source {
            Chosen::Resource(_) => "resource_principal",
            Chosen::User(..) => "user",
            Chosen::Instance(_) => "instance_principal",
            Chosen::Workload(_) => "oke_workload_identity",
        };
        f.debug_struct("PrincipalSettings").field("source", &source).finish_non_exhaustive()
    }
}
