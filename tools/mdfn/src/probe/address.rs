//! Whether an address that a service names may be signed for.

use http::Uri;
use oracle_cloud_client::region::{Regions, is_identifier};

/// Returns whether it is one where Oracle's functions are called:
/// `<name>.<region>.functions.oci.<domain of a realm>`.
pub(super) fn is_of_functions(url: &str, regions: &Regions) -> bool {
    let host = host(url).unwrap_or_default();
    let Some((place, domain)) = host.split_once(".functions.oci.") else { return false };
    let region = place.split_once('.').map(|(_, region)| region);
    region.is_some_and(is_identifier) && regions.knows_domain(domain)
}

/// Returns whether it is one where Oracle has the messages of streams:
/// `<cell>.streaming.<region>.oci.<domain of a realm>`.
pub(super) fn is_of_streaming(url: &str, regions: &Regions) -> bool {
    let host = host(url).unwrap_or_default();
    let Some((_, place)) = host.split_once(".streaming.") else { return false };
    let Some((region, domain)) = place.split_once(".oci.") else { return false };
    is_identifier(region) && regions.knows_domain(domain)
}

/// Returns the host of an https address that has nothing else.
fn host(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let host = uri.host()?;
    let is_bare = uri.authority()?.as_str() == host
        && matches!(uri.path(), "" | "/")
        && uri.query().is_none();
    (uri.scheme_str() == Some("https") && is_bare).then(|| host.to_owned())
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

    #[test]
    fn messages_are_read_at_an_address_of_oracles_only() {
        let regions = Regions::from_vars(&|_| None).unwrap();
        let good = "https://cell-1.streaming.sa-saopaulo-1.oci.oraclecloud.com";
        assert!(is_of_streaming(good, &regions));
        for bad in [
            "http://cell-1.streaming.sa-saopaulo-1.oci.oraclecloud.com",
            "https://cell-1.streaming.sa-saopaulo-1.oci.example.com",
            "https://cell-1.streaming.sa-saopaulo-1.oci.oraclecloud.com/path",
            "https://cell-1.streaming.evil.example.oci.oraclecloud.com",
            "https://cell-1.streaming.oci.oraclecloud.com",
        ] {
            assert!(!is_of_streaming(bad, &regions), "{bad}");
        }
    }
}
