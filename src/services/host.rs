//! The hosts of services: by a template and a region, or written out. Some are never called, whatever is configured.
//!
//! Source: docs/spec/oci-services.md#service-hosts.

use oracle_cloud_client::region::{self, HostForm, Regions};

use crate::predict::authority::authority;

/// What hosts begin with that are never called: identity, keys, policies, whole accounts, and what runs a customer's code.
const NEVER_FIRST: [&str; 18] = [
    "application.generativeai",
    "auth",
    "certificatesmanagement",
    "cloudguard-cp-api",
    "csaap-e",
    "delegate-access-control",
    "governance-rules.organizations",
    "identity",
    "kms",
    "managed-access",
    // Model deployments have a rule of their own.
    "md.datascience",
    "modeldeployment",
    "operator-access-control",
    "organizations",
    "pactl",
    "resourcemanager",
    "vaults",
    "zpr",
];
/// What may not stand behind the first label: whoever owns such a name may be any customer.
const NEVER_BEHIND: [&str; 7] = [
    "access-governance",
    "apigateway",
    "compat",
    "functions",
    "identity",
    "kms",
    "modeldeployment",
];
/// Identity domains: `idcs-` and their id.
const NEVER_PREFIX: &str = "idcs-";
/// What stands behind the name of one customer's instance: private endpoints, where traces are sent, databases. Such hosts are
/// written out.
const BEHIND_INSTANCE: [&str; 4] = ["adb", "analytics", "apm-agt", "private"];
/// What is behind the first label, or is it, in a host of Generative AI.
const GENERATIVE_AI: &str = "generativeai";

/// A host that may be called.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Host {
    /// The host as it is signed and sent; with a port only where one is written out that is not 443.
    pub(super) authority: String,
    /// The domain of its realm; None for a host that is written out, which may serve any.
    pub(super) domain: Option<String>,
}

/// Why a host may not be called.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Unusable {
    #[error(
        "`service` is not what a host begins with, in lower case, such as `inference.generativeai`"
    )]
    Service,
    #[error("`region` is not a region such as `us-chicago-1`, or a list of them")]
    Region,
    #[error("`form` is not `oci`, `plain`, `ocp`, `ocs` or `ds`")]
    Form,
    #[error(
        "`host` is not a DNS name or an IP address in lower case, with a port behind `:` if need be"
    )]
    Host,
    #[error("its host is one that is never called")]
    Never,
}

impl Host {
    /// The host of a service in a region; in the form that the service has, unless one is named.
    pub(super) fn of(
        service: &str,
        region: &str,
        form: Option<HostForm>,
        regions: &Regions,
    ) -> Result<Self, Unusable> {
        if !is_service(service) {
            return Err(Unusable::Service);
        }
        if !region::is_identifier(region) {
            return Err(Unusable::Region);
        }
        let host = regions.service_host(service, region, form).ok_or(Unusable::Service)?;
        let mut behind = service.split('.').skip(1);
        if is_never_called(&host) || behind.any(|label| BEHIND_INSTANCE.contains(&label)) {
            return Err(Unusable::Never);
        }
        Ok(Self { authority: host, domain: Some(regions.domain(region).to_owned()) })
    }

    /// A host that is written out.
    pub(super) fn literal(text: &str) -> Result<Self, Unusable> {
        let known = authority(text).filter(|known| known == text).ok_or(Unusable::Host)?;
        if is_never_called(name(&known)) {
            return Err(Unusable::Never);
        }
        let authority = known.strip_suffix(":443").unwrap_or(&known).to_owned();
        Ok(Self { authority, domain: None })
    }

    /// The host without its port.
    pub(super) fn name(&self) -> &str {
        name(&self.authority)
    }

    /// Whether it is written out: such a host may be private, and may serve whatever the operator says.
    pub(super) fn is_literal(&self) -> bool {
        self.domain.is_none()
    }

    /// Whether it is, or may be, one of Generative AI.
    pub(super) fn may_be_generative_ai(&self) -> bool {
        self.is_literal() || self.name().split('.').any(|label| label == GENERATIVE_AI)
    }
}

/// The form that a word stands for.
pub(super) fn form(word: &str) -> Result<HostForm, Unusable> {
    match word {
        "oci" => Ok(HostForm::Oci),
        "plain" => Ok(HostForm::Plain),
        "ocp" => Ok(HostForm::Ocp),
        "ocs" => Ok(HostForm::Ocs),
        "ds" => Ok(HostForm::DualStack),
        _ => Err(Unusable::Form),
    }
}

/// Whether a host is never called, whatever is configured.
pub(super) fn is_never_called(host: &str) -> bool {
    let begins = |first: &&str| {
        host.strip_prefix(*first).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let mut behind = host.split('.').skip(1);
    host.starts_with(NEVER_PREFIX)
        || NEVER_FIRST.iter().any(begins)
        || behind.any(|label| NEVER_BEHIND.contains(&label))
}

fn is_service(text: &str) -> bool {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    text.bytes().all(fits) && text.starts_with(|first: char| first.is_ascii_lowercase())
}

fn name(authority: &str) -> &str {
    let end = if authority.starts_with('[') {
        authority.find(']').map(|end| end + 1)
    } else {
        authority.find(':')
    };
    end.and_then(|end| authority.get(..end)).unwrap_or(authority)
}
