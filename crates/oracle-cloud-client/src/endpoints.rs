//! The hosts of services: which form of name each has in a region.
//!
//! Source: docs/spec/oci-request-signing.md#regions.

use super::region::{self, Regions};

/// Services whose hosts are not of the usual form `<service>.<region>.oci.<domain>`, and what
/// stands before the domain instead.
const FORMS: [(&str, &[&str]); 3] = [
    (
        "",
        &[
            "announcements",
            "audit",
            "auth",
            "database",
            "iaas",
            "kms",
            "notification",
            "objectstorage",
            "resourcemanager",
            "telemetry",
            "telemetry-ingestion",
        ],
    ),
    (
        "ocp.",
        &[
            "analytics",
            "apip",
            "cp.oce",
            "datacc",
            "integration",
            "mysql",
            "resource-analytics",
            "vbstudio",
            "visualbuilder",
        ],
    ),
    ("ocs.", &["network-firewall", "smproxy"]),
];

/// The host of a service in a region; None where the prefix can be none. A region with a dot is a
/// domain of its own.
pub(super) fn host(prefix: &str, region: &str, regions: &Regions) -> Option<String> {
    if !region::is_name(prefix) || !region::is_name(region) {
        return None;
    }
    let form = FORMS.iter().find(|(_, prefixes)| prefixes.contains(&prefix));
    let form = form.map_or("oci.", |(form, _)| form);
    if region.contains('.') {
        return Some(format!("{prefix}.{region}"));
    }
    Some(format!("{prefix}.{region}.{form}{}", regions.domain(region)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_the_form_of_its_service_and_the_domain_of_its_realm() {
        let regions = Regions::default();
        for (prefix, region, expected) in [
            ("objectstorage", "eu-frankfurt-1", "objectstorage.eu-frankfurt-1.oraclecloud.com"),
            ("iaas", "us-langley-1", "iaas.us-langley-1.oraclegovcloud.com"),
            ("nosql", "sa-saopaulo-1", "nosql.sa-saopaulo-1.oci.oraclecloud.com"),
            (
                "cell-1.queue.messaging",
                "uk-gov-london-1",
                "cell-1.queue.messaging.uk-gov-london-1.oci.oraclegovcloud.uk",
            ),
            ("mysql", "eu-zurich-1", "mysql.eu-zurich-1.ocp.oraclecloud.com"),
            ("smproxy", "eu-zurich-1", "smproxy.eu-zurich-1.ocs.oraclecloud.com"),
            ("nosql", "region.example.com", "nosql.region.example.com"),
        ] {
            assert_eq!(host(prefix, region, &regions).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_would_lead_to_another_host_is_none() {
        let regions = Regions::default();
        for prefix in ["", "a/b", "evil.example#", "a@b", "a:1", "a b", ".a", "a..b"] {
            assert_eq!(host(prefix, "eu-frankfurt-1", &regions), None, "{prefix}");
        }
        assert_eq!(host("iaas", "evil.example/x", &regions), None);
    }
}
