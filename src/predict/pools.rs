//! The connections to deployments. Each deployment of a listed host has connections of its own: a
//! late answer of one must not be taken for another's. Oracle's hosts separate the deployments
//! themselves.
//!
//! Source: docs/spec/oci-services.md#item-15.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::endpoint::EndpointRule;
use super::resolve::CheckedResolver;
use oracle_cloud_client::{HttpClient, Trust, TrustError};

/// How many deployments keep connections of their own. The least recently called one loses them.
const MAX_POOLS: usize = 16;

/// The connections to deployments.
#[derive(Debug)]
pub(super) struct Pools {
    rule: EndpointRule,
    trust: Trust,
    resolver: Arc<CheckedResolver>,
    shared: HttpClient,
    /// Connections by OCID, or by the host of another service; the most recently called is last.
    own: Mutex<VecDeque<(String, HttpClient)>>,
}

impl Pools {
    /// Creates pools for hosts that `trust` trusts, at addresses that `rule` allows.
    pub(super) fn new(rule: EndpointRule, trust: Trust) -> Result<Self, TrustError> {
        let resolver = Arc::new(CheckedResolver::new(rule.clone()));
        let shared = client(&trust, &resolver)?;
        Ok(Self { rule, trust, resolver, shared, own: Mutex::default() })
    }

    /// Returns the client that all other deployments share.
    pub(super) fn shared(&self) -> &HttpClient {
        &self.shared
    }

    /// Returns the client for a deployment on this host.
    pub(super) fn of(&self, host: &str, deployment: &str) -> HttpClient {
        if self.rule.lists(host) { self.own(deployment) } else { self.shared.clone() }
    }

    /// Returns the client for another service at this `host` or `host:port`.
    pub(super) fn of_service(&self, authority: &str) -> HttpClient {
        self.own(authority)
    }

    /// Returns the client that only this name has.
    fn own(&self, called: &str) -> HttpClient {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let known = own.iter().position(|(name, _)| name == called);
        let pool = known.and_then(|place| own.remove(place)).unwrap_or_else(|| {
            let client = client(&self.trust, &self.resolver);
            (called.to_owned(), client.expect("the shared one was built of the same"))
        });
        let client = pool.1.clone();
        own.push_back(pool);
        if own.len() > MAX_POOLS {
            own.pop_front();
        }
        client
    }
}

fn client(trust: &Trust, resolver: &Arc<CheckedResolver>) -> Result<HttpClient, TrustError> {
    let agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
    HttpClient::builder(trust).user_agent(agent).resolver(resolver.clone()).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predict::Paths;

    #[test]
    fn deployments_of_listed_hosts_have_pools_of_their_own_and_only_so_many() {
        let hosts = ["listed.example:8443".to_owned()].into();
        let rule = EndpointRule::new(hosts, None, Paths::default());
        let pools = Pools::new(rule, Trust::public().unwrap()).unwrap();
        let own = || -> Vec<String> {
            pools.own.lock().unwrap().iter().map(|(name, _)| name.clone()).collect()
        };
        pools.of("modeldeployment.eu-frankfurt-1.oci.customer-oci.com", "a");
        assert_eq!(own(), [""; 0]);
        for deployment in ["a", "b", "a", "c"] {
            pools.of("listed.example", deployment);
        }
        assert_eq!(own(), ["b", "a", "c"]);
        for number in 0..MAX_POOLS - 1 {
            pools.of("listed.example", &number.to_string());
        }
        assert_eq!((own().len(), own()[0].as_str()), (MAX_POOLS, "c"));
    }
}
