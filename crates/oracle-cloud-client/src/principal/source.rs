//! A secret that is given as a value, or as a file.
//!
//! Source: docs/spec/oci-request-signing.md#resource-principal-2-2.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, mem};

use oracle_cloud_signature::{KeyError, PrivateKey, SessionToken};
use zeroize::Zeroizing;

use super::error::PrincipalError;

/// More than any token or key has.
const MAX_SECRET_BYTES: u16 = u16::MAX;

/// The bytes of a secret; wiped when dropped.
pub(super) type Secret = Zeroizing<Vec<u8>>;

/// A secret, by the name of its setting.
pub(super) enum Source<T> {
    /// The secret that was read from a value.
    Value(&'static str, T),
    /// The file.
    File(&'static str, PathBuf),
}

impl<T: Clone> Source<T> {
    /// Creates a source. An absolute path is a file; anything else is a value, which `parse` reads.
    /// `~` is not expanded.
    pub(super) fn new<E>(
        setting: &'static str,
        value: Zeroizing<String>,
        parse: impl FnOnce(Zeroizing<String>) -> Result<T, E>,
    ) -> Result<Self, E> {
        match value.trim() {
            path if path.starts_with('/') => Ok(Self::File(setting, PathBuf::from(path))),
            _ => Ok(Self::Value(setting, parse(value)?)),
        }
    }

    /// Returns the setting's name.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Value(name, _) | Self::File(name, _) => name,
        }
    }

    pub(super) fn is_file(&self) -> bool {
        matches!(self, Self::File(..))
    }

    /// Returns the secret, which `parse` reads from the current content of its file.
    fn read(
        &self,
        parse: impl FnOnce(&'static str, Secret) -> Result<T, PrincipalError>,
    ) -> Result<T, PrincipalError> {
        match self {
            Self::Value(_, value) => Ok(value.clone()),
            Self::File(name, path) => parse(name, read_file(name, path)?),
        }
    }
}

/// Shows where a secret comes from, not the secret.
impl<T> fmt::Debug for Source<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(setting, _) => write!(f, "Value({setting})"),
            Self::File(setting, path) => {
                write!(f, "File({setting}, {})", shown(setting, path).display())
            }
        }
    }
}

/// A session token, or its file.
pub(super) type TokenSource = Source<SessionToken>;

impl TokenSource {
    pub(super) fn token(&self) -> Result<SessionToken, PrincipalError> {
        self.read(|name, text| {
            let text = std::str::from_utf8(&text).unwrap_or("not text");
            SessionToken::parse(text).map_err(|error| PrincipalError::Token(name, error))
        })
    }
}

/// A private key, or its file and passphrase.
#[derive(Debug)]
pub(super) struct KeySource {
    pub(super) key: Source<Arc<PrivateKey>>,
    pub(super) passphrase: Option<Source<Secret>>,
}

impl KeySource {
    /// Returns the key, decrypted if there is a passphrase.
    pub(super) fn read(&self) -> Result<Arc<PrivateKey>, PrincipalError> {
        self.key.read(|name, pem| {
            let passphrase = self.passphrase.as_ref();
            let passphrase = passphrase.map(|source| source.read(|_, secret| Ok(secret)));
            let passphrase = passphrase.transpose()?;
            let key = open(&pem, passphrase.as_ref().map(|secret| secret.as_slice()));
            key.map(Arc::new).map_err(|error| PrincipalError::Key(name, error))
        })
    }
}

/// Reads a private key. The passphrase is tried as it is and then, if that fails, without the line
/// end that an editor may have added.
pub(super) fn open(pem: &[u8], passphrase: Option<&[u8]>) -> Result<PrivateKey, KeyError> {
    let read = PrivateKey::from_pem(pem, passphrase);
    let line = passphrase.and_then(|bytes| bytes.strip_suffix(b"\n"));
    match (read, line) {
        (Err(KeyError::InvalidKeyOrWrongPassphrase), Some(line)) => {
            PrivateKey::from_pem(pem, Some(line.strip_suffix(b"\r").unwrap_or(line)))
        }
        (read, _) => read,
    }
}

/// Converts a text into its bytes, without a copy.
pub(super) fn bytes(mut text: Zeroizing<String>) -> Secret {
    Zeroizing::new(mem::take(&mut *text).into_bytes())
}

/// Reads a file, with a limit that fits the memory of the smallest container.
pub(super) fn read_file(setting: &'static str, path: &Path) -> Result<Secret, PrincipalError> {
    read_secret(path, MAX_SECRET_BYTES)
        .map_err(|error| PrincipalError::File(setting, shown(setting, path), error))
}

/// Returns the path of a setting's file. A passphrase that begins with `/` was not meant as a path.
fn shown(setting: &str, path: &Path) -> PathBuf {
    let secret = setting.to_ascii_lowercase().contains("pass");
    if secret { PathBuf::from("a path") } else { path.to_owned() }
}

/// Reads a file of fewer bytes than `limit`.
pub(super) fn read_secret(path: &Path, limit: impl Into<u32>) -> io::Result<Secret> {
    let limit = limit.into();
    let mut file = File::open(path)?.take(limit.into());
    // Allocated in full at once: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(limit).unwrap_or_default()));
    file.read_to_end(&mut bytes)?;
    if file.limit() == 0 { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}
