//! A session token and its key, as values or as files that somebody replaces while we live.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use zeroize::Zeroizing;

use super::held::{Generation, PAUSE};
use super::renewable::{LOOK_AGAIN, LOOKS, Renewable, Supply};
use super::{Credentials, PrincipalError};
use crate::oci::{KeyError, PrivateKey, SessionToken};

/// Longer than any token or key, in bytes.
const LONGEST: u16 = u16::MAX;

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
    /// Reads the session at start, when nothing else waits for this thread. A token that has expired is no error yet: it may
    /// be replaced before the first call.
    pub(super) fn load(
        self,
        now: SystemTime,
        send_expired: bool,
    ) -> Result<Renewable<Self>, PrincipalError> {
        let mut look = 1;
        let generation = loop {
            let state = self.state();
            match self.read() {
                Err(PrincipalError::KeyTokenMismatch) if look < LOOKS => thread::sleep(LOOK_AGAIN),
                read => break Generation::new(read?, state, now),
            }
            look += 1;
        };
        if !generation.credentials.valid(now) {
            log::warn!("the session token in {} has expired", self.token.name());
        }
        Ok(Renewable::new(self, Some(generation), send_expired))
    }

    fn read(&self) -> Result<Credentials, PrincipalError> {
        let key = read_key(&self.key, self.passphrase.as_ref())?;
        let token = self.token.read()?;
        let token = std::str::from_utf8(&token).unwrap_or("not text");
        let token = SessionToken::parse(token)
            .map_err(|error| PrincipalError::Token(self.token.name(), error))?;
        Credentials::session(token, key)
    }
}

impl Supply for Sources {
    type State = Vec<Option<Stamp>>;

    /// A file costs little, and may be written twice within one tick of its time stamp.
    const PAUSES: [Duration; 2] = [PAUSE; 2];

    fn state(&self) -> Self::State {
        let sources = [Some(&self.token), Some(&self.key), self.passphrase.as_ref()];
        sources.into_iter().flatten().map(Source::stamp).collect()
    }

    async fn supply(
        &self,
        _now: SystemTime,
        _until: Instant,
    ) -> Result<Credentials, PrincipalError> {
        self.read()
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
                read_secret(path).map_err(|error| PrincipalError::File(setting, error))
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

/// Reads a file that is too small to fill the memory of the smallest container.
fn read_secret(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut file = File::open(path)?.take(LONGEST.into());
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST.into()));
    file.read_to_end(&mut bytes)?;
    if file.limit() == 0 { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// Tells one state of a file from another without reading it.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Stamp {
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
