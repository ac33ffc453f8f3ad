//! Who signs for a command that asks OCI's own services, and where these are.

use std::io;
use std::path::Path;

use clap::Args;
use emulator::clock::now;
use fn_fdk::error_chain;
use oracle_cloud_client::{Client, Principal, Service};

use crate::client::ROOTS;
use crate::input::{self, read_word};

/// The variable that names the source of credentials, and its value for an instance that acts for a
/// user.
const AUTH: &str = "OCI_CLI_AUTH";
const FOR_A_USER: &str = "instance_obo_user";
/// Its word for an instance that acts for itself.
const INSTANCE: &str = "instance_principal";
/// The variable that names the region.
const REGION: &str = "OCI_CLI_REGION";
/// The file with what the user gave it, and where Cloud Shell has it.
const DELEGATION: &str = "OCI_CLI_DELEGATION_TOKEN_FILE";
const OF_CLOUD_SHELL: &str = "/etc/oci/delegation_token";

/// Whose credentials sign, and in which region.
#[derive(Debug, Args)]
pub(crate) struct AccessOptions {
    /// Region; default: the profile's
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// Profile of the configuration file; default: DEFAULT
    #[arg(long)]
    pub(crate) profile: Option<String>,
    /// OCI configuration file; default: ~/.oci/config
    #[arg(long, value_name = "FILE")]
    pub(crate) config_location: Option<String>,
}

impl AccessOptions {
    /// Returns an option that only a profile's credentials heed.
    fn of_a_profile(&self) -> Option<&'static str> {
        let profile = self.profile.as_ref().map(|_| "--profile");
        profile.or_else(|| self.config_location.as_ref().map(|_| "--config-location"))
    }
}

/// Why no service can be called.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Token(#[from] input::Error),
    #[error(
        "{AUTH}={auth} has the instance sign, so `{option}` has no effect; leave it out, or set {AUTH}=api_key"
    )]
    NoProfile { auth: String, option: &'static str },
    #[error("there is nothing to sign with: {0}")]
    Credentials(String),
    #[error("no region is known: {0}")]
    Region(String),
    #[error("no address of the service: {0}")]
    Address(String),
    #[error("the PEM bundle {0}, named by SSL_CERT_FILE, cannot be used: {1}")]
    Roots(String, io::Error),
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// A client of the user's.
pub(crate) struct Access {
    client: Client,
    pub(crate) region: Option<String>,
}

impl Access {
    /// Finds credentials and region, and asks no service for it but an instance's own.
    pub(crate) async fn new(
        options: &AccessOptions,
        variable: fn(&str) -> Option<String>,
    ) -> Result<Self, Error> {
        let auth = variable(AUTH).unwrap_or_default();
        let for_somebody = auth == FOR_A_USER;
        let is_instance = for_somebody || auth == INSTANCE;
        if let Some(option) = options.of_a_profile().filter(|_| is_instance) {
            return Err(Error::NoProfile { auth, option });
        }
        let var = |name: &str| {
            let over = match name {
                AUTH if for_somebody => Some(INSTANCE.to_owned()),
                "OCI_CLI_CONFIG_FILE" => options.config_location.clone(),
                "OCI_CLI_PROFILE" => options.profile.clone(),
                REGION => options.region.clone(),
                _ => None,
            };
            over.or_else(|| variable(name))
        };
        let principal = Principal::from_vars(&var, now())
            .map_err(|error| Error::Credentials(error_chain(&*error.into_source())))?;
        let region =
            principal.locate().await.map_err(|error| Error::Region(error_chain(&error)))?;
        // What the user says comes before where the instance is.
        let named = var(REGION).filter(|name| is_instance && !name.is_empty());
        let region = options.region.clone().or(named).or_else(|| region.map(str::to_owned));
        let mut builder = Client::builder().user_agent(concat!("mdfn/", env!("CARGO_PKG_VERSION")));
        if let Some(region) = &region {
            builder = builder.region(region);
        }
        if let Some(bundle) = variable(ROOTS).filter(|path| !path.is_empty()) {
            let pem = std::fs::read(&bundle);
            builder = builder.roots_pem(pem.map_err(|cause| Error::Roots(bundle, cause))?);
        }
        if for_somebody {
            let path = variable(DELEGATION).filter(|path| !path.is_empty());
            let path = path.unwrap_or_else(|| OF_CLOUD_SHELL.to_owned());
            let token = read_word("the delegation token", Path::new(&path))?;
            builder = builder
                .delegation_token(&token)
                .map_err(|error| Error::Credentials(error_chain(&error)))?;
        }
        let client =
            builder.build_as(principal).map_err(|error| Error::Tls(error_chain(&error)))?;
        Ok(Self { client, region })
    }

    /// Returns a service of the region, or the one at another address.
    pub(crate) async fn service(
        &self,
        name: &str,
        endpoint: Option<&str>,
    ) -> Result<Service, Error> {
        let found = match endpoint {
            Some(url) => self.client.endpoint(url),
            None => self.client.service(name).await,
        };
        found.map_err(|error| Error::Address(error_chain(&error)))
    }
}
