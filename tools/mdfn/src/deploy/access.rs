//! Who signs, and where the services are.

use emulator::clock::now;
use fn_fdk::error_chain;
use oracle_cloud_client::{Client, Principal, Service};

use super::error::Error;
use super::options::Options;
use crate::client::ROOTS;

/// A client of the user's, and the services that a deployment needs.
pub(super) struct Access {
    pub(super) functions: Service,
    pub(super) storage: Service,
    pub(super) region: Option<String>,
}

impl Access {
    /// Finds credentials and region, and asks no service for it but an instance's own.
    pub(super) async fn new(
        options: &Options,
        variable: fn(&str) -> Option<String>,
    ) -> Result<Self, Error> {
        let var = |name: &str| {
            let over = match name {
                "OCI_CLI_CONFIG_FILE" => options.config_location.clone(),
                "OCI_CLI_PROFILE" => options.profile.clone(),
                "OCI_CLI_REGION" => options.region.clone(),
                _ => None,
            };
            over.or_else(|| variable(name))
        };
        let principal = Principal::from_vars(&var, now())
            .map_err(|error| Error::Credentials(error_chain(&*error.into_source())))?;
        let region =
            principal.locate().await.map_err(|error| Error::Region(error_chain(&error)))?;
        let region = options.region.clone().or_else(|| region.map(str::to_owned));
        let mut builder = Client::builder().user_agent(concat!("mdfn/", env!("CARGO_PKG_VERSION")));
        if let Some(region) = &region {
            builder = builder.region(region);
        }
        if let Some(bundle) = variable(ROOTS).filter(|path| !path.is_empty()) {
            let pem = std::fs::read(&bundle);
            builder = builder.roots_pem(pem.map_err(|cause| Error::Roots(bundle, cause))?);
        }
        let client =
            builder.build_as(principal).map_err(|error| Error::Tls(error_chain(&error)))?;
        let functions = service(&client, "functions", options.endpoint.as_deref()).await?;
        let storage =
            service(&client, "objectstorage", options.storage_endpoint.as_deref()).await?;
        Ok(Self { functions, storage, region })
    }
}

async fn service(client: &Client, name: &str, endpoint: Option<&str>) -> Result<Service, Error> {
    let found = match endpoint {
        Some(url) => client.endpoint(url),
        None => client.service(name).await,
    };
    found.map_err(|error| Error::Address(error_chain(&error)))
}
