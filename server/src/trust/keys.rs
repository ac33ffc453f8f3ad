//! `TOKEN_KEYS`: where the keys are that tokens are checked with, a file or the URL of an issuer.

use std::fmt;
use std::sync::Arc;

use http::Uri;
use http::uri::{Authority, Scheme};
use model_deployment_fn::predict::authority;
use oracle_cloud_client::region::Regions;
use oracle_cloud_client::{Client, HttpClient, Variables};
use oracle_cloud_token::{Issuer, KeySet, KeySource, is_identity_domain};

use crate::watched::{Content, FileError, Watched};

/// The variable.
pub(super) const NAME: &str = "TOKEN_KEYS";
const URL: &str = "the path of a JSON Web Key Set, or the `https` URL of one";
const KEY_SET: &str = "that is not a JSON Web Key Set with one to 32 keys for RS256 or ES256";

/// What was configured, checked.
pub(super) enum KeysAt {
    File(Watched<KeySet, 1>),
    Url { url: Uri, is_domain: bool },
}

/// Shows nothing of the keys, nor of a URL that may have a secret in it.
impl fmt::Debug for KeysAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.fmt(f),
            Self::Url { url, .. } => f.debug_tuple("Url").field(&url.host()).finish(),
        }
    }
}

impl KeysAt {
    /// Reads what names the place; None after a mistake. `regions` tell an identity domain from the
    /// host of somebody else.
    pub(super) fn read(vars: &mut Variables<'_>, regions: &Regions, place: &str) -> Option<Self> {
        if !place.contains("://") {
            return Watched::read(vars, [(NAME, place.into())], parse).map(Self::File);
        }
        let Some(url) = place.parse().ok().filter(is_https) else {
            vars.mistake(format_args!("{NAME} is not {URL}"));
            return None;
        };
        let is_domain = url.host().is_some_and(|host| is_identity_domain(host, regions));
        Some(Self::Url { url, is_domain })
    }

    /// The keys. An issuer is asked over `http`; nobody but an identity domain gets a signature of
    /// `client`.
    pub(super) fn open(self, http: HttpClient, client: &Client) -> Keys {
        match self {
            Self::File(file) => Keys::File(file),
            Self::Url { url, is_domain: true } => {
                Keys::Issuer(Issuer::guarded(url, http, client.clone()))
            }
            Self::Url { url, is_domain: false } => Keys::Issuer(Issuer::new(url, http)),
        }
    }
}

fn parse([content]: &[Content; 1]) -> Result<KeySet, FileError> {
    KeySet::parse(content).map_err(|_not_a_set| FileError::Unusable(NAME, KEY_SET))
}

fn is_https(url: &Uri) -> bool {
    let is_host = |host: &Authority| authority(host.as_str()).is_some();
    url.scheme() == Some(&Scheme::HTTPS) && url.authority().is_some_and(is_host)
}

/// The keys, which are looked for again when they may have changed.
#[derive(Debug)]
pub(super) enum Keys {
    File(Watched<KeySet, 1>),
    Issuer(Issuer),
}

impl KeySource for Keys {
    async fn current(&self) -> Option<Arc<KeySet>> {
        match self {
            Self::File(file) => Some(file.current()),
            Self::Issuer(issuer) => issuer.current().await,
        }
    }

    async fn newer_than(&self, known: &Arc<KeySet>) -> Option<Arc<KeySet>> {
        match self {
            Self::File(_) => None,
            Self::Issuer(issuer) => issuer.newer_than(known).await,
        }
    }
}
