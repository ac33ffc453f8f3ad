//! Whether an address that a service names may be signed for.

use http::Uri;
use oracle_cloud_client::region::{Regions, is_identifier};

/// Whether it is one where Oracle's functions are called:
/// `<name>.<region>.functions.oci.<domain of a realm>`.
pub(super) fn is_of_functions(url: &str, regions: &Regions) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let is_bare = uri.authority().is_some_and(|authority| uri.host() == Some(authority.as_str()))
        && matches!(uri.path(), "" | "/")
        && uri.query().is_none();
    let host = uri.host().unwrap_or_default();
    let Some((place, domain)) = host.split_once(".functions.oci.") else { return false };
    let region = place.split_once('.').map(|(_, region)| region);
    uri.scheme_str() == Some("https")
        && is_bare
        && region.is_some_and(is_identifier)
        && regions.knows_domain(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_https_address_of_oracles_functions_is_signed_for() {
        let regions = Regions::from_vars(&|_| None).unwrap();
        let good = "https://abc123.sa-saopaulo-1.functions.oci.oraclecloud.com";
        assert!(is_of_functions(good, &regions));
        for bad in [
            "http://abc123.sa-saopaulo-1.functions.oci.oraclecloud.com",
            "https://abc123.sa-saopaulo-1.functions.oci.example.com",
            "https://abc123.sa-saopaulo-1.functions.oci.oraclecloud.com.example.com",
            "https://abc123.sa-saopaulo-1.functions.oci.oraclecloud.com@example.com",
            "https://abc123.sa-saopaulo-1.functions.oci.oraclecloud.com:8443",
            "https://abc123.sa-saopaulo-1.functions.oci.oraclecloud.com/path",
            "https://abc123.sa-saopaulo-1.functions.oci.oraclecloud.com?a=b",
            "https://evil.example.com/.sa-saopaulo-1.functions.oci.oraclecloud.com",
            "https://functions.oci.oraclecloud.com",
            "https://abc.customer.functions.oci.oraclecloud.com",
            "no URL",
        ] {
            assert!(!is_of_functions(bad, &regions), "{bad}");
        }
    }
}
