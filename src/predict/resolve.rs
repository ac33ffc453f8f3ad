//! Resolves names, and keeps only addresses that a model deployment can have: only a checked
//! address is connected to.
//!
//! Source: docs/spec/oci-services.md#item-9.

use std::error::Error;
use std::net::SocketAddr;

use super::address::is_allowed;
use super::endpoint::EndpointRule;
use oracle_cloud_client::{AddressDenied, Resolve, look_up};

type BoxError = Box<dyn Error + Send + Sync>;

/// The system's resolver behind a filter. A name that suddenly resolves to a private network is
/// refused.
#[derive(Debug)]
pub(super) struct CheckedResolver {
    rule: EndpointRule,
}

impl CheckedResolver {
    pub(super) fn new(rule: EndpointRule) -> Self {
        Self { rule }
    }
}

impl Resolve for CheckedResolver {
    async fn resolve(&self, name: &str) -> Result<Vec<SocketAddr>, BoxError> {
        allowed(name, self.rule.lists(name)).await
    }
}

impl EndpointRule {
    /// Returns the addresses of a host that may be connected to. Fails if there are none: the name
    /// is unknown, or resolves only to addresses that no model deployment has.
    pub async fn resolve(&self, host: &str) -> Result<Vec<SocketAddr>, BoxError> {
        allowed(host, self.lists(host)).await
    }
}

async fn allowed(name: &str, private: bool) -> Result<Vec<SocketAddr>, BoxError> {
    let mut addresses = look_up(name).await?;
    addresses.retain(|address| is_allowed(address.ip(), private));
    if addresses.is_empty() { Err(AddressDenied.into()) } else { Ok(addresses) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_leads_into_this_machine_is_resolved_only_for_who_listed_it() {
        let resolve =
            async |rule: EndpointRule| CheckedResolver::new(rule).resolve("localhost").await;
        let listing = |host: &str| {
            EndpointRule::new([host.to_owned()].into(), None, crate::predict::Paths::default())
        };
        let others = ["elsewhere.example", "localhost.example:443", "host:localhost"].map(listing);
        for rule in others.into_iter().chain([EndpointRule::default()]) {
            let refused = resolve(rule).await.err().unwrap();
            assert_eq!(refused.to_string(), "the name has no address that may be called");
        }
        for host in ["localhost", "localhost:8443"] {
            let found: Vec<SocketAddr> = resolve(listing(host)).await.unwrap();
            assert!(!found.is_empty() && found.iter().all(|address| address.ip().is_loopback()));
        }
    }
}
