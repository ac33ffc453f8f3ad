//! Who is let in: by tokens, by a certificate, by what the request chooses, or everybody.

use serde_json::Value;

use super::authentication;
use super::value::{flag, list, text, texts};
use crate::gateway_spec::findings::{Findings, Place};

/// Where the scopes of callers come from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Scopes {
    /// A token that the gateway checks.
    Token,
    /// A function of the operator's that decides who may call.
    Function,
    /// Callers have none.
    Nowhere,
}

impl Scopes {
    fn from_policies(policies: &[&Value]) -> Self {
        let custom = |policy: &&Value| text(policy, "type") == Some("CUSTOM_AUTHENTICATION");
        if policies.is_empty() {
            Self::Nowhere
        } else if policies.iter().all(custom) {
            Self::Function
        } else {
            Self::Token
        }
    }
}

/// What the routes must know of how callers are checked.
#[derive(Debug)]
pub(super) struct Callers {
    /// Whose scopes a route can ask for.
    pub(super) scopes: Scopes,
    /// Whether every caller must show a certificate.
    pub(super) have_certificates: bool,
    /// Whether there is a policy that forbids ANONYMOUS routes.
    pub(super) must_be_known: bool,
    /// Whether no more than one client may call.
    pub(super) is_one_client: bool,
}

impl Callers {
    /// Judges all policies that check callers.
    pub(super) fn judge(policies: &Value, findings: &mut Findings) -> Self {
        let fixed = policies.get("authentication");
        if let Some(policy) = fixed {
            authentication::judge(policy, &Place::Authentication, findings);
        }
        let servers = policies.get("dynamicAuthentication").map(|choice| servers(choice, findings));
        let by_certificate = policies.get("mutualTls").is_some_and(|tls| mutual(tls, findings));
        if fixed.is_none() && servers.is_none() && !by_certificate {
            findings.r#unsafe(
                &Place::Authentication,
                "there is no authentication; anybody may call; use TOKEN_AUTHENTICATION",
            );
        }
        let servers = servers.unwrap_or_default();
        let all: Vec<&Value> = fixed.into_iter().chain(servers).collect();
        let open = |policy: &&Value| flag(policy, "isAnonymousAccessAllowed");
        Self {
            scopes: Scopes::from_policies(&all),
            have_certificates: by_certificate,
            must_be_known: !all.is_empty() && !all.iter().any(open),
            is_one_client: !all.is_empty()
                && all.iter().all(|policy| authentication::is_one_client(policy)),
        }
    }
}

/// Returns the policies among which the request chooses.
fn servers<'a>(choice: &'a Value, findings: &mut Findings) -> Vec<&'a Value> {
    findings.note(
        &Place::Authentication,
        "`dynamicAuthentication`: the request chooses how its caller is checked, by what is not looked at; each way is judged",
    );
    let servers = list(choice, "authenticationServers");
    if servers.is_empty() {
        findings.refused(&Place::Authentication, "`authenticationServers` is empty");
    }
    let mut policies = Vec::new();
    for server in servers {
        let name = server.get("key").and_then(|key| text(key, "name")).unwrap_or_default();
        if let Some(policy) = server.get("authenticationServerDetail") {
            authentication::judge(policy, &Place::Server(name.to_owned()), findings);
            policies.push(policy);
        }
    }
    policies
}

/// Returns whether every caller must show a certificate.
fn mutual(tls: &Value, findings: &mut Findings) -> bool {
    let required = flag(tls, "isVerifiedCertificateRequired");
    let place = &Place::Authentication;
    if !required {
        findings.note(place, "`mutualTls` asks for no certificate");
    } else if texts(tls, "allowedSans").is_empty() {
        findings.note(
            place,
            "`mutualTls`: callers are checked by their certificates, which is not looked at; any that the gateway's authorities issued will do",
        );
    } else {
        findings.note(
            place,
            "`mutualTls`: callers are checked by their certificates, which is not looked at",
        );
    }
    required
}
