//! Resource principals of version 2.2: a session token and its key in the environment, as values or as files.
//!
//! Source: OCI request signing, resource principals, version 2.2.

use super::PrincipalError;
use super::files::{Source, Sources};
use crate::oci::Vars;

pub(super) const VERSION: &str = "OCI_RESOURCE_PRINCIPAL_VERSION";
pub(super) const RPST: &str = "OCI_RESOURCE_PRINCIPAL_RPST";
pub(super) const PRIVATE_PEM: &str = "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM";
const PASSPHRASE: &str = "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM_PASSPHRASE";
pub(super) const REGION: &str = "OCI_RESOURCE_PRINCIPAL_REGION";

/// Where the session is that the environment describes.
pub(super) fn sources(var: Vars<'_>) -> Result<Sources, PrincipalError> {
    let var = |name| var(name).filter(|value| !value.is_empty());
    match var(VERSION).as_deref() {
        Some("2.2") => {}
        Some("1.1" | "2.1" | "2.1.1" | "2.1.2" | "3.0") => {
            return Err(PrincipalError::VersionUnsupported);
        }
        Some(_) => return Err(PrincipalError::Version),
        None => return Err(PrincipalError::Missing(VERSION, "`2.2`")),
    }
    let missing = |name, what| PrincipalError::Missing(name, what);
    let token = "a session token, or the absolute path of a file with one";
    let key = "a private key, or the absolute path of a file with one";
    let token = var(RPST).ok_or(missing(RPST, token))?;
    let key = var(PRIVATE_PEM).ok_or(missing(PRIVATE_PEM, key))?;
    let sources = Sources {
        token: Source::new(RPST, token),
        key: Source::new(PRIVATE_PEM, key),
        passphrase: var(PASSPHRASE).map(|passphrase| Source::new(PASSPHRASE, passphrase)),
    };
    let passphrase = sources.passphrase.as_ref();
    if passphrase.is_some_and(|passphrase| passphrase.is_file() != sources.key.is_file()) {
        return Err(PrincipalError::MixedPathAndValue(PRIVATE_PEM));
    }
    Ok(sources)
}
