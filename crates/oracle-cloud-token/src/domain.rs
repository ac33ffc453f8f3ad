//! Which hosts are identity domains of Oracle's.

use std::iter;

use oracle_cloud_client::region::Regions;

/// Whether a host is that of an identity domain, in a realm that is known.
///
/// ```
/// use oracle_cloud_client::region::Regions;
/// use oracle_cloud_token::is_identity_domain;
///
/// let is_domain = |host| is_identity_domain(host, &Regions::default());
/// assert!(is_domain("idcs-0a1b.identity.oraclecloud.com"));
/// assert!(is_domain("idcs-0a1b.identity.eu-frankfurt-1.oci.oraclecloud.eu"));
/// assert!(!is_domain("idcs-0a1b.identity.oraclecloud.com.example"));
/// ```
///
/// Source: docs/spec/oci-services.md#domain-endpoints.
pub fn is_identity_domain(host: &str, regions: &Regions) -> bool {
    let host = host.to_ascii_lowercase();
    host.split_once(".identity.").is_some_and(|(_, domain)| {
        let mut domains = iter::successors(Some(domain), |domain| Some(domain.split_once('.')?.1));
        domains.any(|domain| regions.knows_domain(domain))
    })
}
