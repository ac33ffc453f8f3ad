//! Resource principals of version 2.2: a session token and its key in the environment, as values or
//! as files.
//!
//! Source: docs/spec/oci-request-signing.md#resource-principal-2-2.

use std::sync::Arc;

use oracle_cloud_signature::{Credentials, PrivateKey, SessionToken};
use zeroize::Zeroizing;

use super::error::PrincipalError;
use super::files::Sources;
use super::source::{KeySource, Secret, Source, TokenSource, bytes, open};
use crate::region;
use crate::variables::{Given, Variables};

pub(super) const VERSION: &str = "OCI_RESOURCE_PRINCIPAL_VERSION";
const RPST: &str = "OCI_RESOURCE_PRINCIPAL_RPST";
const PRIVATE_PEM: &str = "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM";
const PASSPHRASE: &str = "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM_PASSPHRASE";
const REGION: &str = "OCI_RESOURCE_PRINCIPAL_REGION";
/// The variables of resource principals.
pub(super) const NAMES: [&str; 5] = [VERSION, RPST, PRIVATE_PEM, PASSPHRASE, REGION];

/// The variables of resource principals, whether they are needed or not.
pub(super) struct Resource {
    version: Given<()>,
    token: Given<TokenSource>,
    key: Given<Source<Arc<PrivateKey>>>,
    passphrase: Given<Source<Secret>>,
    pub(super) region: Option<String>,
}

impl Resource {
    pub(super) fn from_vars(vars: &mut Variables<'_>) -> Self {
        let passphrase = vars.secret(PASSPHRASE, |secret| {
            Source::new(PASSPHRASE, secret, |secret| Ok::<_, PrincipalError>(bytes(secret)))
        });
        Self {
            version: vars.given(VERSION, version),
            token: vars.secret(RPST, |secret| {
                Source::new(RPST, secret, |secret| {
                    SessionToken::parse(&secret).map_err(|error| PrincipalError::Token(RPST, error))
                })
            }),
            key: vars.secret(PRIVATE_PEM, |secret| key(secret, &passphrase)),
            passphrase,
            region: region::from_vars(vars, REGION),
        }
    }

    /// Returns whether the environment has a resource principal, complete or not.
    pub(super) fn is_set(&self) -> bool {
        self.version.is_set() || self.token.is_set() || self.key.is_set()
    }

    /// Returns where the session is that the environment describes.
    pub(super) fn sources(self, vars: &mut Variables<'_>) -> Option<Sources> {
        let version = vars.needed(VERSION, "`2.2`", self.version);
        let token = "a session token, or the absolute path of a file with one";
        let token = vars.needed(RPST, token, self.token);
        let key = "a private key, or the absolute path of a file with one";
        let key = vars.needed(PRIVATE_PEM, key, self.key);
        let ((), token, key) = (version?, token?, key?);
        if let (Source::Value(_, token), Source::Value(_, key)) = (&token, &key)
            && let Err(error) = Credentials::session(token.clone(), key.clone())
        {
            vars.mistake(format_args!("{RPST} does not fit {PRIVATE_PEM}: {error}"));
        }
        // A key that was given as a value is decrypted already.
        let passphrase = self.passphrase.value().filter(|_| key.is_file());
        Some(Sources { token, key: KeySource { key, passphrase } })
    }
}

fn version(version: &str) -> Result<(), String> {
    match version {
        "2.2" => Ok(()),
        "1.1" | "2.1" | "2.1.1" | "2.1.2" | "3.0" => Err(format!(
            "{VERSION} names a version that is not supported; expected `2.2`, the version of OCI Functions"
        )),
        _ => Err(format!("{VERSION} is not a version of resource principals; expected `2.2`")),
    }
}

/// Returns the key, or its file. A passphrase of the other kind is a mistake in the configuration.
fn key(
    secret: Zeroizing<String>,
    passphrase: &Given<Source<Secret>>,
) -> Result<Source<Arc<PrivateKey>>, String> {
    let mixed = || {
        format!(
            "{PRIVATE_PEM} and its passphrase are not of one kind; expected both as paths or both as values"
        )
    };
    let given = match passphrase {
        Given::Value(given) => Some(given),
        Given::Absent | Given::Unreadable => None,
    };
    let source = Source::new(PRIVATE_PEM, secret, |pem| {
        let passphrase = match given {
            Some(Source::Value(_, passphrase)) => Some(passphrase.as_slice()),
            Some(Source::File(..)) => return Err(mixed()),
            None => None,
        };
        let key = open(pem.as_bytes(), passphrase);
        key.map(Arc::new).map_err(|error| PrincipalError::Key(PRIVATE_PEM, error).to_string())
    })?;
    match given {
        Some(given) if given.is_file() != source.is_file() => Err(mixed()),
        _ => Ok(source),
    }
}
