//! A session token and its key, as values or as files that somebody replaces while we live.
//!
//! They are looked at within a call, never in the background: a frozen container runs nothing.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use zeroize::Zeroizing;

use super::{Credentials, PrincipalError};
use crate::oci::{KeyError, PrivateKey, SessionToken};

/// A token with less than this left is replaced if a newer one is there.
const FRESH: Duration = Duration::from_secs(300);

/// A session, and the generation of its credentials that is in use.
#[derive(Debug)]
pub(super) struct Session {
    sources: Sources,
    current: Mutex<Generation>,
}

/// Credentials, and the state of the files they were read from.
#[derive(Debug)]
struct Generation {
    credentials: Arc<Credentials>,
    stamps: Vec<Option<Stamp>>,
}

impl Session {
    /// Loads a session. A token that has expired is no error yet: it may be replaced before the first call.
    pub(super) fn load(sources: Sources, now: SystemTime) -> Result<Self, PrincipalError> {
        let generation = sources.load()?;
        if !generation.credentials.valid(now) {
            log::warn!("the session token in {} has expired", sources.token.name());
        }
        Ok(Self { sources, current: Mutex::new(generation) })
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

/// Where the parts of a session are.
#[derive(Debug)]
pub(super) struct Sources {
    /// The session token.
    pub(super) token: Source,
    /// The private key that it was issued for.
    pub(super) key: Source,
    /// What the key is encrypted with.
    pub(super) passphrase: Option<Source>,
}

impl Sources {
    fn load(&self) -> Result<Generation, PrincipalError> {
        // The stamps come first: a file that is replaced while it is read differs from its stamp and is read again.
        let stamps = self.stamps();
        let key = read_key(&self.key, self.passphrase.as_ref())?;
        let token = self.token.read()?;
        let token = std::str::from_utf8(&token).unwrap_or("not text");
        let token = SessionToken::parse(token)
            .map_err(|error| PrincipalError::Token(self.token.name(), error))?;
        Ok(Generation { credentials: Arc::new(Credentials::session(token, key)?), stamps })
    }

    fn stamps(&self) -> Vec<Option<Stamp>> {
        let sources = [Some(&self.token), Some(&self.key), self.passphrase.as_ref()];
        sources.into_iter().flatten().map(Source::stamp).collect()
    }
}

/// Reads a private key, and decrypts it where there is a passphrase.
pub(super) fn read_key(
    key: &Source,
    passphrase: Option<&Source>,
) -> Result<PrivateKey, PrincipalError> {
    let pem = key.read()?;
    let secret = passphrase.map(Source::read).transpose()?;
    let secret = secret.as_ref().map(|bytes| bytes.as_slice());
    let mut read = PrivateKey::from_pem(&pem, secret);
    // An editor may have ended the passphrase file with a newline; a value is taken as it is.
    let line = secret.and_then(|bytes| bytes.strip_suffix(b"\n"));
    let in_file = passphrase.is_some_and(Source::is_file);
    if let (Err(KeyError::InvalidKeyOrWrongPassphrase), Some(line), true) = (&read, line, in_file) {
        read = PrivateKey::from_pem(&pem, Some(line.strip_suffix(b"\r").unwrap_or(line)));
    }
    read.map_err(|error| PrincipalError::Key(key.name(), error))
}

/// A setting that holds a secret, or names the file that does.
pub(super) enum Source {
    /// The secret itself.
    Value(&'static str, Zeroizing<String>),
    /// Its file.
    File(&'static str, PathBuf),
}

impl Source {
    /// An absolute path is a file, anything else a value; `~` means nothing here.
    pub(super) fn new(setting: &'static str, value: String) -> Self {
        if value.starts_with('/') {
            Self::File(setting, PathBuf::from(value))
        } else {
            Self::Value(setting, Zeroizing::new(value))
        }
    }

    /// A file, wherever it is.
    pub(super) fn file(setting: &'static str, path: PathBuf) -> Self {
        Self::File(setting, path)
    }

    /// The secret itself, whatever it looks like.
    pub(super) fn value(setting: &'static str, value: String) -> Self {
        Self::Value(setting, Zeroizing::new(value))
    }

    /// The setting's name.
    fn name(&self) -> &'static str {
        match self {
            Self::Value(name, _) | Self::File(name, _) => name,
        }
    }

    pub(super) fn is_file(&self) -> bool {
        matches!(self, Self::File(..))
    }

    pub(super) fn read(&self) -> Result<Zeroizing<Vec<u8>>, PrincipalError> {
        match self {
            Self::Value(_, value) => Ok(Zeroizing::new(value.as_bytes().to_vec())),
            Self::File(setting, path) => {
                let bytes = fs::read(path).map_err(|error| PrincipalError::File(setting, error))?;
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
            Self::Value(setting, _) => write!(f, "Value({setting})"),
            Self::File(setting, path) => write!(f, "File({setting}, {})", path.display()),
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
