//! A user of the tenancy: an API key, and the configuration file that programs find it by.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::deployment::{Refusal, Request, Signed, Verified, refused, verify};
use crate::keys::Key;
use crate::principal::{Issuer, TENANCY};

/// The region of the emulated cloud.
pub const REGION: &str = "sa-saopaulo-1";
/// The header that names the user for whom a request acts.
const DELEGATION: &str = "opc-obo-token";
const USER: &str = "ocid1.user.oc1..aaaaaaaaemulatedemulatedemulatedemulatedemulated";

/// Somebody with an API key.
#[derive(Debug)]
pub struct User {
    key: Key,
    fingerprint: String,
}

impl User {
    /// Creates a new user with a key of its own.
    pub fn new() -> Arc<Self> {
        let key = Key::generate();
        let fingerprint = key.fingerprint();
        Arc::new(Self { key, fingerprint })
    }

    /// Writes a configuration file and a key into `folder`, and returns the file's path.
    pub fn write(&self, folder: &Path) -> io::Result<PathBuf> {
        let (config, key) = (folder.join("config"), folder.join("key.pem"));
        let fingerprint = &self.fingerprint;
        let profile = format!(
            "[DEFAULT]\nuser={USER}\ntenancy={TENANCY}\nfingerprint={fingerprint}\nkey_file={}\nregion={REGION}\n",
            key.display()
        );
        fs::write(key, self.key.pem())?;
        fs::write(&config, profile)?;
        Ok(config)
    }

    /// The key that the user signs with.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// What services know the key by.
    pub fn key_id(&self) -> String {
        format!("{TENANCY}/{USER}/{}", self.fingerprint)
    }

    /// Checks that this user signed a request.
    pub(crate) fn check(&self, signed: &Signed<'_>) -> Result<Verified, Refusal> {
        if signed.key_id != self.key_id() {
            return refused("no user has this key id");
        }
        signed.check(self.key.public())?;
        Ok(Verified { headers: signed.covered.to_owned(), resource: USER.to_owned() })
    }
}

/// Whose signatures a service takes.
#[derive(Clone)]
pub(crate) enum Trusted {
    /// Holders of tokens of this issuer.
    Tokens(Arc<Issuer>),
    /// This user.
    User(Arc<User>),
    /// Holders of tokens of this issuer, for the user who gave them this delegation token.
    Delegated(Arc<Issuer>, String),
}

impl fmt::Debug for Trusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tokens(_) => f.write_str("Tokens"),
            Self::User(_) => f.write_str("User"),
            Self::Delegated(_, token) => write!(f, "Delegated({} bytes)", token.len()),
        }
    }
}

impl Trusted {
    /// Checks that one of them signed the whole request, not long before or after `now`.
    pub(crate) fn verify(&self, request: &Request, now: SystemTime) -> Result<(), Refusal> {
        match self {
            Self::Tokens(issuer) => verify(request, issuer.public(), now).map(drop),
            Self::User(user) => {
                let signed = Signed::parse(request, &["(request-target)", "host"], now)?;
                user.check(&signed).map(drop)
            }
            Self::Delegated(issuer, token) => {
                let verified = verify(request, issuer.public(), now)?;
                let is_covered = verified.headers.split(' ').any(|name| name == DELEGATION);
                let sent: Vec<&[u8]> = request.values(DELEGATION).collect();
                if is_covered && sent == [token.as_bytes()] {
                    Ok(())
                } else {
                    refused("the delegation token is not there, not signed, or not this one")
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_debug_shows_has_no_delegation_token() {
        let trusted = Trusted::Delegated(Issuer::new(), "delegated-by-somebody".to_owned());
        let shown = format!("{trusted:?}");
        assert!(shown.starts_with("Delegated") && !shown.contains("by-somebody"), "{shown}");
    }
}
