//! The only addresses that this function signs for.
//!
//! The function signs with its own rights for whatever address it is given. So the address is
//! compared part by part with the few forms that model deployments have, and everything else is
//! refused.
//! Source: docs/spec/oci-services.md#targets.

use std::collections::BTreeSet;
use std::net::IpAddr;

use http::Uri;
use url::{Host, Url, form_urlencoded};

use super::address::is_allowed;
use super::path::Paths;
use crate::ocid::Ocid;
use oracle_cloud_client::region::{self, Regions};

/// The longest address that is accepted, in bytes.
const MAX_URL_BYTES: usize = 2048;

/// The address of a model deployment that may be called. Only a checked address becomes one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoint {
    authority: String,
    ocid: String,
    action: Option<Action>,
    suffix: String,
    query: Option<String>,
}

/// The operations of a model deployment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Action {
    Predict,
    Stream,
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Self::Predict => "predict",
            Self::Stream => "predictWithResponseStream",
        }
    }

    fn of(name: &str) -> Option<Self> {
        [Self::Predict, Self::Stream].into_iter().find(|action| action.name() == name)
    }
}

impl Endpoint {
    /// Returns the address in the only form in which it is resolved, signed and sent.
    pub fn uri(&self) -> Uri {
        let query = self.query.iter().flat_map(|query| ["?", query.as_str()]).collect::<String>();
        let uri = format!("https://{}/{}{}{query}", self.authority, self.ocid, self.path());
        uri.parse().expect("every part was checked")
    }

    /// Returns the path within the deployment, such as `/predict` or `/predict/v1/models`.
    pub(super) fn path(&self) -> String {
        format!("/{}{}", self.action().name(), self.suffix)
    }

    /// Returns the deployment's OCID.
    pub fn ocid(&self) -> &str {
        &self.ocid
    }

    /// Returns the operation; predict, unless the address named another.
    pub(super) fn action(&self) -> Action {
        self.action.unwrap_or(Action::Predict)
    }

    /// Returns what follows the operation, such as `/v1/models`; empty for the model's own
    /// prediction.
    pub(super) fn suffix(&self) -> &str {
        &self.suffix
    }

    /// Returns whether it is a base URL: the client's path then names the operation.
    pub(super) fn is_base(&self) -> bool {
        self.action.is_none()
    }

    /// Completes a base URL with what the client's path means. A custom path may ask for a stream.
    pub(super) fn with_client_path(self, end: &str, wants_stream: impl FnOnce() -> bool) -> Self {
        let stream = !end.is_empty() && wants_stream();
        let action = Some(if stream { Action::Stream } else { Action::Predict });
        Self { action, suffix: end.to_owned(), ..self }
    }

    /// Adds the client's query to a custom path, without its token, unless the address has a query.
    pub(super) fn with_client_query(mut self, query: Option<&str>) -> Self {
        if !self.suffix.is_empty() && self.query.is_none() {
            self.query = query.map(without_token).filter(|query| !query.is_empty());
        }
        self
    }
}

/// Removes `access_token`, in which a client may carry its bearer token, from a query.
///
/// Source: docs/spec/oci-services.md#query-token.
fn without_token(query: &str) -> String {
    let names_token = |part: &&str| {
        let pair = form_urlencoded::parse(part.as_bytes()).next();
        pair.is_some_and(|(name, _)| name.eq_ignore_ascii_case("access_token"))
    };
    // Some servers also accept `;` between two parameters.
    let pieces = query.split('&').filter_map(|piece| {
        let parts: Vec<&str> = piece.split(';').filter(|part| !names_token(part)).collect();
        (!parts.is_empty()).then(|| parts.join(";"))
    });
    pieces.collect::<Vec<String>>().join("&")
}

/// Why an address is refused. This is for the log: the caller learns only that it was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The address is too long.
    #[error("it is longer than {MAX_URL_BYTES} bytes")]
    Length,
    /// The address has characters that are not visible ASCII.
    #[error("it has a character that is not visible ASCII")]
    Characters,
    /// The address is not a URL, or a parser reads it differently from what is written.
    #[error("it is not a URL in its plain form")]
    Form,
    /// The scheme is not `https`.
    #[error("its scheme is not https")]
    Scheme,
    /// The host matches no rule.
    #[error("its host is neither Oracle's for model deployments nor one of ALLOWED_HOSTS")]
    Host,
    /// The path is not a model deployment's.
    #[error(
        "its path is not `/<model deployment OCID>/predict` or `/predictWithResponseStream`, with the OCID whole"
    )]
    Path,
    /// The operator did not allow this custom path.
    #[error("its custom path is not one of ALLOWED_PATHS")]
    Suffix,
    /// The host's name resolves to addresses that no deployment has.
    #[error("its host has no address that may be called")]
    Address,
    /// The older header `route` is repeated, or names a path that is not allowed.
    #[error("its header `route` is repeated, or not one of ALLOWED_PATHS")]
    Route,
    /// The deployment's realm is not the host's.
    #[error("its deployment is of another realm than its host")]
    Realm,
    /// The deployment is not on the list.
    #[error("its deployment is not one of ALLOWED_DEPLOYMENTS")]
    Deployment,
}

/// The rule for which addresses may be called.
#[derive(Clone, Debug, Default)]
pub struct EndpointRule {
    hosts: BTreeSet<String>,
    deployments: Option<BTreeSet<String>>,
    paths: Paths,
    regions: Regions,
    service_hosts: BTreeSet<String>,
}

impl EndpointRule {
    /// Creates the rule for Oracle's own hosts and the listed `hosts` (each a `host` or
    /// `host:port`), with the custom `paths`. With a list of `deployments`, only those OCIDs may be
    /// called.
    pub fn new(
        hosts: BTreeSet<String>,
        deployments: Option<BTreeSet<String>>,
        paths: Paths,
    ) -> Self {
        Self { hosts, deployments, paths, ..Self::default() }
    }

    /// Adds the realms of these regions, which may be newer than this program.
    #[must_use]
    pub fn with_regions(self, regions: Regions) -> Self {
        Self { regions, ..self }
    }

    /// Adds hosts of other services, each a `host` or `host:port`. They may have a private address;
    /// no deployment is called there.
    #[must_use]
    pub fn with_service_hosts(self, service_hosts: BTreeSet<String>) -> Self {
        Self { service_hosts, ..self }
    }

    /// Returns the custom paths.
    pub(super) fn paths(&self) -> &Paths {
        &self.paths
    }

    /// Returns how many deployments may be called; None if every deployment of the regions may.
    pub(super) fn deployments(&self) -> Option<usize> {
        self.deployments.as_ref().map(BTreeSet::len)
    }

    /// Returns the hosts that the operator listed, each a `host` or `host:port`.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.hosts.iter().map(String::as_str)
    }

    /// Returns the hosts that the operator listed, of deployments and of other services.
    pub fn all_hosts(&self) -> impl Iterator<Item = &str> {
        self.hosts().chain(self.service_hosts.iter().map(String::as_str))
    }

    /// Returns whether the operator listed this host, with any port: such a host may have a private
    /// address.
    pub(super) fn lists(&self, name: &str) -> bool {
        self.all_hosts()
            .any(|host| host == name || host.rsplit_once(':').is_some_and(|(host, _)| host == name))
    }

    /// Returns whether the operator listed a host with this port. Without a port, 443 is meant.
    pub(crate) fn lists_authority(&self, host: &str, port: Option<u16>) -> bool {
        match port {
            Some(port) => self.hosts.contains(&format!("{host}:{port}")),
            None => self.hosts.contains(host) || self.hosts.contains(&format!("{host}:443")),
        }
    }

    /// Checks an address: a deployment's predict URL, or its base URL, which leaves the operation
    /// to the client.
    pub fn check(&self, text: &str) -> Result<Endpoint, Refusal> {
        if text.len() > MAX_URL_BYTES {
            return Err(Refusal::Length);
        }
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Refusal::Characters);
        }
        let (authority, rest) = split(text).ok_or(Refusal::Form)?;
        let url = Url::parse(text).ok().ok_or(Refusal::Form)?;
        if url.scheme() != "https" {
            return Err(Refusal::Scheme);
        }
        if !is_plain(authority, rest, &url) {
            return Err(Refusal::Form);
        }
        let domain = self.domain(&url)?;
        let endpoint = endpoint(&url)?;
        let realm = ocid_realm(&endpoint.ocid).ok_or(Refusal::Path)?;
        if domain.is_some_and(|domain| !self.regions.serves(domain, realm)) {
            return Err(Refusal::Realm);
        }
        let deployments = self.deployments.as_ref();
        if deployments.is_some_and(|deployments| !deployments.contains(&endpoint.ocid)) {
            return Err(Refusal::Deployment);
        }
        match (endpoint.suffix.as_str(), &endpoint.query) {
            ("", None) => Ok(endpoint),
            ("", Some(_)) => Err(Refusal::Form),
            (suffix, _) if self.paths.allow(suffix) => Ok(endpoint),
            _ => Err(Refusal::Suffix),
        }
    }

    /// Returns the domain of a host's realms; None for a listed host, which may serve any realm.
    fn domain<'a>(&self, url: &'a Url) -> Result<Option<&'a str>, Refusal> {
        let host = url.host_str().ok_or(Refusal::Host)?;
        let listed = self.lists_authority(host, url.port());
        let address = match url.host().ok_or(Refusal::Host)? {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
        };
        match (listed, address) {
            (true, None) => Ok(None),
            (true, Some(address)) if is_allowed(address, true) => Ok(None),
            (false, None) if url.port().is_none() => {
                oracle_domain(host).map(Some).ok_or(Refusal::Host)
            }
            _ => Err(Refusal::Host),
        }
    }
}

/// Splits an address into its authority and the rest, as they are written. None for an authority
/// that no deployment has: the parser would decode an encoded name, and may then fail.
fn split(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let plain = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    let fits = plain && !authority.is_empty() && authority.bytes().all(fits);
    fits.then_some((authority, rest))
}

/// Returns whether the parser kept every part as it was written. Only capitals in the host and an
/// explicit `:443` may differ: an address that normalisation changes could be understood in two
/// ways.
fn is_plain(authority: &str, rest: &str, url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map_or(String::new(), |port| format!(":{port}"));
    let authority = authority.to_ascii_lowercase();
    let same_authority = authority == format!("{host}{port}")
        || authority == format!("{host}:443") && port.is_empty();
    let international = host.split('.').any(|label| label.starts_with("xn--"));
    let nothing_else =
        url.fragment().is_none() && url.username().is_empty() && url.query() != Some("");
    let query = url.query().map_or(String::new(), |query| format!("?{query}"));
    same_authority && !international && nothing_else && rest == format!("{}{query}", url.path())
}

/// Returns the domain of the realms that one of Oracle's two host patterns belongs to.
///
/// ```text
/// modeldeployment.<region>.oci.customer-oci.com      oraclecloud.com, realm oc1
/// md.datascience.<region>.oci.<domain of a realm>    that domain
/// ```
fn oracle_domain(host: &str) -> Option<&str> {
    let (region, domain) = match host.strip_prefix("modeldeployment.") {
        Some(rest) => (rest.strip_suffix(".oci.customer-oci.com")?, "oraclecloud.com"),
        None => host.strip_prefix("md.datascience.")?.split_once(".oci.")?,
    };
    region::is_identifier(region).then_some(domain)
}

/// Splits a plain address into its parts. Its deployment, custom path and query are not checked
/// yet.
fn endpoint(url: &Url) -> Result<Endpoint, Refusal> {
    let path = url.path().strip_prefix('/').ok_or(Refusal::Path)?;
    let (ocid, rest) = path.split_once('/').unwrap_or((path, ""));
    let (name, suffix) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let action = Action::of(name);
    if action.is_none() && !rest.is_empty() {
        return Err(Refusal::Path);
    }
    let port = url.port().map_or(String::new(), |port| format!(":{port}"));
    Ok(Endpoint {
        authority: format!("{}{port}", url.host_str().ok_or(Refusal::Host)?),
        ocid: ocid.to_owned(),
        action,
        suffix: suffix.to_owned(),
        query: url.query().map(str::to_owned),
    })
}

/// Returns whether a text is the OCID of a model deployment.
pub fn is_model_deployment(ocid: &str) -> bool {
    ocid_realm(ocid).is_some()
}

/// Returns the realm in the OCID of a model deployment; None if the text is not such an OCID.
///
/// ```text
/// ocid1.datasciencemodeldeployment.<realm>.<region or its short code>.<unique>
/// ```
fn ocid_realm(ocid: &str) -> Option<&str> {
    let Ocid { kind: "datasciencemodeldeployment", realm, region, unique } = Ocid::parse(ocid)?
    else {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_loses_its_token_and_nothing_else() {
        for (query, kept) in [
            ("a=1&b=%2F&&flag&", "a=1&b=%2F&&flag&"),
            ("access_token=t", ""),
            ("a=1&access_token=t", "a=1"),
            ("access_token=t&a=1", "a=1"),
            ("a=1&access_token=t&b=2&access_token", "a=1&b=2"),
            ("access%5Ftoken=t&a", "a"),
            ("%61ccess_token=t&a", "a"),
            ("ACCESS_TOKEN=t&a", "a"),
            ("a=1;access_token=t;b=2&c", "a=1;b=2&c"),
            ("access_tokens=t&xaccess_token=t", "access_tokens=t&xaccess_token=t"),
            ("a=access_token", "a=access_token"),
        ] {
            assert_eq!(without_token(query), kept, "{query}");
        }
    }
}
