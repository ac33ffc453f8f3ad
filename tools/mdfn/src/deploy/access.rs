//! The services that a deployment needs.

use oracle_cloud_client::Service;

use super::options::Options;
use crate::access::{self, Error};

/// Functions, and Object Storage for an archive that is large.
pub(super) struct Access {
    pub(super) functions: Service,
    pub(super) storage: Service,
    pub(super) region: Option<String>,
}

impl Access {
    pub(super) async fn new(
        options: &Options,
        variable: fn(&str) -> Option<String>,
    ) -> Result<Self, Error> {
        let access = access::Access::new(&options.access, variable).await?;
        let functions = access.service("functions", options.endpoint.as_deref()).await?;
        let storage = access.service("objectstorage", options.storage_endpoint.as_deref()).await?;
        Ok(Self { functions, storage, region: access.region })
    }
}
