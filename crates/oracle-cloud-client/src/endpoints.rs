//! The hosts of services: the form of each one's name in a region.
//!
//! Source: docs/spec/oci-request-signing.md#regions.

use super::region::{self, HostForm, Regions};

/// Services whose hosts are not of the usual form `<service>.<region>.oci.<domain>`.
const FORMS: [(HostForm, &[&str]); 3] = [
    (
        HostForm::Plain,
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
        HostForm::Ocp,
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
    (HostForm::Ocs, &["network-firewall", "smproxy"]),
];

impl Regions {
    /// The host of a service in a region, in the form that the service has, or in another one that
    /// is named; None where a name can be none of a service or of a region. A region with a dot is
    /// a domain of its own.
    ///
    /// ```
    /// use oracle_cloud_client::region::{HostForm, Regions};
    ///
    /// let host = |form| Regions::default().service_host("generativeai", "us-chicago-1", form);
    /// assert_eq!(host(None).as_deref(), Some("generativeai.us-chicago-1.oci.oraclecloud.com"));
    /// let dual = host(Some(HostForm::DualStack));
    /// assert_eq!(dual.as_deref(), Some("generativeai.us-chicago-1.ds.oci.oraclecloud.com"));
    /// ```
    pub fn service_host(
        &self,
        service: &str,
        region: &str,
        form: Option<HostForm>,
    ) -> Option<String> {
        if !region::is_name(service) || !region::is_name(region) {
            return None;
        }
        if region.contains('.') {
            return Some(format!("{service}.{region}"));
        }
        let known = || FORMS.iter().find(|(_, services)| services.contains(&service));
        let form = form.unwrap_or_else(|| known().map_or(HostForm::Oci, |(form, _)| *form));
        let label = match form {
            HostForm::Plain => "",
            HostForm::Oci => "oci.",
            HostForm::Ocp => "ocp.",
            HostForm::Ocs => "ocs.",
            HostForm::DualStack => "ds.oci.",
        };
        Some(format!("{service}.{region}.{label}{}", self.domain(region)))
    }
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
            let host = regions.service_host(prefix, region, None);
            assert_eq!(host.as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_would_lead_to_another_host_is_none() {
        let regions = Regions::default();
        for prefix in ["", "a/b", "evil.example#", "a@b", "a:1", "a b", ".a", "a..b"] {
            let host = regions.service_host(prefix, "eu-frankfurt-1", None);
            assert_eq!(host, None, "{prefix}");
        }
        assert_eq!(regions.service_host("iaas", "evil.example/x", None), None);
    }
}
