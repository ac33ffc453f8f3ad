//! The only addresses this function signs for.
//!
//! The function signs with its own rights whatever it is told to call, so the address is compared part by part with the
//! few forms that model deployments have; everything else is refused. Source: OCI services, SSRF and credential safety.

use std::collections::BTreeSet;

use http::Uri;
use url::{Host, Url};

use crate::oci::region;

/// The longest address that is looked at, in bytes.
const LONGEST: usize = 2048;

/// The address of a model deployment that may be called. Holding one is the proof that it was checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoint {
    uri: Uri,
    ocid: String,
}

impl Endpoint {
    /// The address, in the only form in which it is resolved, signed and sent.
    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The deployment's OCID.
    pub fn ocid(&self) -> &str {
        &self.ocid
    }
}

/// Why an address is refused. It is for the log: the caller learns only that it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// Too long.
    #[error("it is longer than {LONGEST} bytes")]
    Length,
    /// Not visible ASCII.
    #[error("it has a character that is not visible ASCII")]
    Characters,
    /// Not a URL, or one that a parser would read as something else than what is written.
    #[error("it is not a URL in its plain form")]
    Form,
    /// Not `https`.
    #[error("its scheme is not https")]
    Scheme,
    /// A host that no rule knows.
    #[error("its host is neither Oracle's for model deployments nor one of ALLOWED_HOSTS")]
    Host,
    /// A path that is not a deployment's.
    #[error("its path is not `/<model deployment OCID>/predict` or `/predictWithResponseStream`")]
    Path,
    /// A deployment of another realm than the host's.
    #[error("its deployment is of another realm than its host")]
    Realm,
    /// A deployment that is not on the list.
    #[error("its deployment is not one of ALLOWED_DEPLOYMENTS")]
    Deployment,
}

/// Which addresses may be called.
#[derive(Clone, Debug, Default)]
pub struct EndpointRule {
    hosts: BTreeSet<String>,
    deployments: Option<BTreeSet<String>>,
}

impl EndpointRule {
    /// The rule for Oracle's own hosts, the listed `hosts` (each a `host` or `host:port`) beside them, and, if there is a
    /// list of `deployments`, no other OCIDs than those.
    pub fn new(hosts: BTreeSet<String>, deployments: Option<BTreeSet<String>>) -> Self {
        Self { hosts, deployments }
    }

    /// Whether a name was listed by the operator, with whatever port: such a host may have a private address.
    pub(super) fn lists(&self, name: &str) -> bool {
        self.hosts
            .iter()
            .any(|host| host == name || host.rsplit_once(':').is_some_and(|(host, _)| host == name))
    }

    /// Checks an address: a deployment's predict URL, or its base URL, to which `/predict` is added.
    pub fn check(&self, text: &str) -> Result<Endpoint, Refusal> {
        if text.len() > LONGEST {
            return Err(Refusal::Length);
        }
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Refusal::Characters);
        }
        let url = Url::parse(text).ok().ok_or(Refusal::Form)?;
        if url.scheme() != "https" {
            return Err(Refusal::Scheme);
        }
        if !is_plain(text, &url) {
            return Err(Refusal::Form);
        }
        let realm = self.host_realm(&url)?;
        let (ocid, action) = split_path(url.path())?;
        if realm.is_some_and(|realm| ocid_realm(ocid) != Some(realm)) {
            return Err(Refusal::Realm);
        }
        if self.deployments.as_ref().is_some_and(|deployments| !deployments.contains(ocid)) {
            return Err(Refusal::Deployment);
        }
        let ocid = ocid.to_owned();
        let path = format!("/{ocid}/{action}");
        let mut url = url;
        url.set_path(&path);
        let uri = url.as_str().parse().ok().ok_or(Refusal::Form)?;
        Ok(Endpoint { uri, ocid })
    }

    /// The realm that a host belongs to, None for a listed host, which may serve any.
    fn host_realm(&self, url: &Url) -> Result<Option<&'static str>, Refusal> {
        let host = url.host_str().ok_or(Refusal::Host)?;
        let listed = match url.port() {
            Some(port) => self.hosts.contains(&format!("{host}:{port}")),
            None => self.hosts.contains(host) || self.hosts.contains(&format!("{host}:443")),
        };
        if listed {
            return Ok(None);
        }
        if url.port().is_some() || !matches!(url.host(), Some(Host::Domain(_))) {
            return Err(Refusal::Host);
        }
        oracle_realm(host).map(Some).ok_or(Refusal::Host)
    }
}

/// Whether the parser kept every part as it was written. A host in capitals and an explicit `:443` are the only freedom:
/// an address that normalisation changes is one that two readers could understand in two ways.
fn is_plain(text: &str, url: &Url) -> bool {
    let Some((_scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map_or(String::new(), |port| format!(":{port}"));
    let authority = authority.to_ascii_lowercase();
    let same_authority = authority == format!("{host}{port}")
        || authority == format!("{host}:443") && port.is_empty();
    let international = host.split('.').any(|label| label.starts_with("xn--"));
    let nothing_else =
        url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    same_authority && !international && nothing_else && path == url.path()
}

/// The realm of one of Oracle's two host patterns.
///
/// ```text
/// modeldeployment.<region>.oci.customer-oci.com      realm oc1
/// md.datascience.<region>.oci.<domain of a realm>    that realm
/// ```
fn oracle_realm(host: &str) -> Option<&'static str> {
    if let Some(rest) = host.strip_prefix("modeldeployment.") {
        let region = rest.strip_suffix(".oci.customer-oci.com")?;
        return region::is_identifier(region).then_some("oc1");
    }
    let (region, domain) = host.strip_prefix("md.datascience.")?.split_once(".oci.")?;
    let realm = region::realm_of_domain(domain)?;
    region::is_identifier(region).then_some(realm)
}

/// The deployment and the action of a path; a path that ends after the deployment means `predict`.
fn split_path(path: &str) -> Result<(&str, &str), Refusal> {
    let path = path.strip_prefix('/').ok_or(Refusal::Path)?;
    let (ocid, action) = match path.split_once('/') {
        None | Some((_, "")) => (path.trim_end_matches('/'), "predict"),
        Some((ocid, action @ ("predict" | "predictWithResponseStream"))) => (ocid, action),
        Some(_) => return Err(Refusal::Path),
    };
    ocid_realm(ocid).map(|_| (ocid, action)).ok_or(Refusal::Path)
}

/// Whether a text is the OCID of a model deployment.
pub fn is_model_deployment(ocid: &str) -> bool {
    ocid_realm(ocid).is_some()
}

/// The realm in the OCID of a model deployment; None if the text is no such OCID.
///
/// ```text
/// ocid1.datasciencemodeldeployment.<realm>.<region or its short code>.<unique>
/// ```
fn ocid_realm(ocid: &str) -> Option<&str> {
    let parts: Vec<&str> = ocid.split('.').collect();
    let ["ocid1", "datasciencemodeldeployment", realm, region, unique] = parts.as_slice() else {
        return None;
    };
    let lower =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let realm_form = realm
        .strip_prefix("oc")
        .is_some_and(|number| !number.is_empty() && number.len() <= 3 && lower(number));
    let code = region.len() == 3 && lower(region);
    let unique_form = unique.len() >= 20 && lower(unique);
    (realm_form && (code || region::is_identifier(region)) && unique_form).then_some(realm)
}
