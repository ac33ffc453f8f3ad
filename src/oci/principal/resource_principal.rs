//! Resource principals of version 2.2: a session token and its key in the environment, as values or as files.
//!
//! The platform replaces the files while the function lives. They are looked at within a call, never in the background:
//! a frozen container runs nothing. Source: OCI request signing, resource principals, version 2.2.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use zeroize::Zeroizing;

use super::{Credentials, PrincipalError};
use crate::oci::{KeyError, PrivateKey, SessionToken, Vars, region};

const VERSION: &str = "OCI_RESOURCE_PRINCIPAL_VERSION";
const RPST: &str = "OCI_RESOURCE_PRINCIPAL_RPST";
const PRIVATE_PEM: &str = "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM";
const PASSPHRASE: &str = "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM_PASSPHRASE";
const REGION: &str = "OCI_RESOURCE_PRINCIPAL_REGION";

/// A token with less than this left is replaced if a newer one is there.
const FRESH: Duration = Duration::from_secs(300);

/// A resource principal and the generation of its credentials that is in use.
#[derive(Debug)]
pub struct ResourcePrincipal {
    sources: Sources,
    region: Option<String>,
    current: Mutex<Generation>,
}

/// Credentials, and the state of the files they were read from.
#[derive(Debug)]
struct Generation {
    credentials: Arc<Credentials>,
    stamps: Vec<Option<Stamp>>,
}

impl ResourcePrincipal {
    pub(super) fn from_vars(var: Vars<'_>, now: SystemTime) -> Result<Self, PrincipalError> {
        let var = |name| var(name).filter(|value| !value.is_empty());
        match var(VERSION).as_deref() {
            Some("2.2") => {}
            Some(_) => return Err(PrincipalError::Version),
            None => return Err(PrincipalError::Missing(VERSION, "`2.2`")),
        }
        let missing = |name, what| PrincipalError::Missing(name, what);
        let token = var(RPST)
            .ok_or(missing(RPST, "a session token, or the absolute path of a file with one"))?;
        let key = var(PRIVATE_PEM).ok_or(missing(
            PRIVATE_PEM,
            "a private key, or the absolute path of a file with one",
        ))?;
        let sources = Sources {
            token: Source::new(RPST, token),
            key: Source::new(PRIVATE_PEM, key),
            passphrase: var(PASSPHRASE).map(|passphrase| Source::new(PASSPHRASE, passphrase)),
        };
        if sources
            .passphrase
            .as_ref()
            .is_some_and(|passphrase| passphrase.is_file() != sources.key.is_file())
        {
            return Err(PrincipalError::MixedPathAndValue(PRIVATE_PEM));
        }
        let generation = sources.load()?;
        if !generation.credentials.valid(now) {
            log::warn!("the session token in {RPST} has expired");
        }
        let region = var(REGION).map(|name| region::identifier(&name));
        Ok(Self { sources, region, current: Mutex::new(generation) })
    }

    pub(super) fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    pub(super) fn credentials(&self, now: SystemTime) -> Result<Arc<Credentials>, PrincipalError> {
        let mut current = self.current();
        let fresh = current.credentials.expires().is_none_or(|expires| expires > now + FRESH);
        if !fresh || current.stamps != self.sources.stamps() {
            self.reload(&mut current, now)?;
        }
        if current.credentials.valid(now) {
            Ok(current.credentials.clone())
        } else {
            Err(PrincipalError::TokenExpired)
        }
    }

    pub(super) fn refresh(
        &self,
        refused: &Arc<Credentials>,
        now: SystemTime,
    ) -> Result<Arc<Credentials>, PrincipalError> {
        let mut current = self.current();
        // Another call may have been refused too, and have read the files already.
        if Arc::ptr_eq(&current.credentials, refused) {
            self.reload(&mut current, now)?;
        }
        Ok(current.credentials.clone())
    }

    /// Takes the generation that the files hold now. One that is only half written leaves the old one in use.
    fn reload(&self, current: &mut Generation, now: SystemTime) -> Result<(), PrincipalError> {
        match self.sources.load() {
            Ok(generation) => *current = generation,
            Err(error) if current.credentials.valid(now) => {
                log::warn!("the credentials were not renewed: {error}");
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// A panic elsewhere leaves a whole generation behind: it is replaced in one assignment.
    fn current(&self) -> MutexGuard<'_, Generation> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Sources {
    token: Source,
    key: Source,
    passphrase: Option<Source>,
}

impl Sources {
    fn load(&self) -> Result<Generation, PrincipalError> {
        // The stamps come first: a file that is replaced while it is read differs from its stamp and is read again.
        let stamps = self.stamps();
        let key = self.load_key()?;
        let token = self.token.read()?;
        let token = std::str::from_utf8(&token).unwrap_or("not text");
        let token =
            SessionToken::parse(token).map_err(|error| PrincipalError::Token(RPST, error))?;
        Ok(Generation { credentials: Arc::new(Credentials::session(token, key)?), stamps })
    }

    fn load_key(&self) -> Result<PrivateKey, PrincipalError> {
        let pem = self.key.read()?;
        let passphrase = self.passphrase.as_ref().map(Source::read).transpose()?;
        let passphrase = passphrase.as_ref().map(|bytes| bytes.as_slice());
        let mut key = PrivateKey::from_pem(&pem, passphrase);
        // An editor may have ended the passphrase file with a newline; a value is taken as it is.
        let line = passphrase.and_then(|bytes| bytes.strip_suffix(b"\n"));
        if let (Err(KeyError::InvalidKeyOrWrongPassphrase), Some(line), true) =
            (&key, line, self.key.is_file())
        {
            key = PrivateKey::from_pem(&pem, Some(line.strip_suffix(b"\r").unwrap_or(line)));
        }
        key.map_err(|error| PrincipalError::Key(PRIVATE_PEM, error))
    }

    fn stamps(&self) -> Vec<Option<Stamp>> {
        let sources = [Some(&self.token), Some(&self.key), self.passphrase.as_ref()];
        sources.into_iter().flatten().map(Source::stamp).collect()
    }
}

/// What a variable holds, or the file that it names.
enum Source {
    Value(&'static str, Zeroizing<String>),
    File(&'static str, PathBuf),
}

impl Source {
    /// An absolute path is a file, anything else a value; `~` means nothing here.
    fn new(variable: &'static str, value: String) -> Self {
        if value.starts_with('/') {
            Self::File(variable, PathBuf::from(value))
        } else {
            Self::Value(variable, Zeroizing::new(value))
        }
    }

    fn is_file(&self) -> bool {
        matches!(self, Self::File(..))
    }

    fn read(&self) -> Result<Zeroizing<Vec<u8>>, PrincipalError> {
        match self {
            Self::Value(_, value) => Ok(Zeroizing::new(value.as_bytes().to_vec())),
            Self::File(variable, path) => {
                let bytes =
                    fs::read(path).map_err(|error| PrincipalError::File(variable, error))?;
                Ok(Zeroizing::new(bytes))
            }
        }
    }

    fn stamp(&self) -> Option<Stamp> {
        match self {
            Self::Value(..) => None,
            Self::File(_, path) => fs::metadata(path).ok().as_ref().map(Stamp::of),
        }
    }
}

/// Shows where a secret comes from, not what it is.
impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Value(variable, _) => write!(f, "Value({variable})"),
            Self::File(variable, path) => write!(f, "File({variable}, {})", path.display()),
        }
    }
}

/// Tells one state of a file from another without reading it.
#[derive(Debug, Eq, PartialEq)]
struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}
