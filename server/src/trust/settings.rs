//! What the operator says of callers: `GATEWAY_SECRET_FILE`, or `TOKEN_ISSUER`, `TOKEN_AUDIENCE`,
//! `TOKEN_SCOPE` and `TOKEN_KEYS`.

use http::uri::Authority;
use oracle_cloud_client::Variables;
use oracle_cloud_client::region::Regions;
use oracle_cloud_token::TokenRule;

use super::keys::{self, KeysAt};
use super::secret::{self, Secrets};

const TOKEN: [&str; 4] = ["TOKEN_ISSUER", "TOKEN_AUDIENCE", "TOKEN_SCOPE", keys::NAME];
const SCOPE: &str = "one scope, without blanks, such as `predict`";

/// What was configured of callers, checked.
#[derive(Debug)]
pub struct TrustSettings(pub(super) Callers<KeysAt>);

/// Who may call: clients whose tokens are checked with the keys `K`, among others.
#[derive(Debug)]
pub(super) enum Callers<K> {
    Anybody,
    Gateway(Secrets),
    Clients(TokenRule, K),
}

impl TrustSettings {
    /// Reads the variables and the files that they name; None after a mistake. `regions` tell an
    /// identity domain from the host of somebody else.
    pub fn from_vars(vars: &mut Variables<'_>, regions: &Regions) -> Option<Self> {
        let callers = match vars.text(secret::NAME) {
            Some(path) => gateway(vars, path),
            None => match vars.together(TOKEN) {
                [None, None, None, None] => Some(Callers::Anybody),
                texts => clients(vars, regions, texts),
            },
        };
        callers.map(Self)
    }

    /// Whether anybody may call, so that only this machine should be listened to.
    pub fn is_open(&self) -> bool {
        matches!(self.0, Callers::Anybody)
    }

    /// The host and port of the issuer, whom the operator's own roots may speak for.
    pub(super) fn issuer_authority(&self) -> Option<&str> {
        let Callers::Clients(_, KeysAt::Url { url, .. }) = &self.0 else { return None };
        url.authority().map(Authority::as_str)
    }
}

/// What the file says of the gateway.
fn gateway(vars: &mut Variables<'_>, path: String) -> Option<Callers<KeysAt>> {
    if let Some(given) = TOKEN.into_iter().find(|name| vars.text(name).is_some()) {
        let name = secret::NAME;
        vars.mistake(format_args!("{name} and {given} are both set; expected one of them"));
        return None;
    }
    Secrets::read(vars, path.into()).map(Callers::Gateway)
}

/// What all four variables say of tokens.
fn clients(
    vars: &mut Variables<'_>,
    regions: &Regions,
    [issuer, audience, scope, keys]: [Option<String>; 4],
) -> Option<Callers<KeysAt>> {
    let scope = scope.filter(|scope| {
        let fits = is_scope(scope);
        if !fits {
            vars.mistake(format_args!("TOKEN_SCOPE is not {SCOPE}"));
        }
        fits
    });
    let keys = KeysAt::read(vars, regions, &keys?);
    Some(Callers::Clients(TokenRule::new(&issuer?, &audience?, scope?), keys?))
}

/// Whether a text is one scope. Source: docs/spec/oci-services.md#bearer-tokens.
fn is_scope(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte))
}
