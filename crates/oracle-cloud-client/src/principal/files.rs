//! A session token and its key, as values or as files that are replaced while the process runs.
//!
//! Source: docs/spec/oci-request-signing.md#files-again.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::thread;
use std::time::{Duration, SystemTime};

use oracle_cloud_signature::Credentials;
use tokio::time::Instant;

use super::error::PrincipalError;
use super::held::{Generation, PAUSE};
use super::renewable::{LOOK_AGAIN, LOOKS, Renewable, Supply};
use super::source::{KeySource, Source, TokenSource};

/// Where the parts of a session are.
#[derive(Debug)]
pub(super) struct Sources {
    /// The session token.
    pub(super) token: TokenSource,
    /// The private key that it was issued for.
    pub(super) key: KeySource,
}

impl Sources {
    /// Reads the session at start, when nothing else waits for this thread. An expired token is not
    /// an error yet: it may be replaced before the first call.
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
        Ok(Credentials::session(self.token.token()?, self.key.read()?)?)
    }
}

impl Supply for Sources {
    type State = Vec<Option<Stamp>>;

    /// Reading a file costs little, and a file may be written twice within one tick of its time
    /// stamp.
    const PAUSES: [Duration; 2] = [PAUSE; 2];

    fn state(&self) -> Self::State {
        let passphrase = self.key.passphrase.as_ref().and_then(Source::stamp);
        vec![self.token.stamp(), self.key.key.stamp(), passphrase]
    }

    async fn supply(
        &self,
        _now: SystemTime,
        _until: Instant,
    ) -> Result<Credentials, PrincipalError> {
        self.read()
    }
}

impl<T> Source<T> {
    fn stamp(&self) -> Option<Stamp> {
        match self {
            Self::Value(..) => None,
            Self::File(_, path) => fs::metadata(path).ok().as_ref().map(Stamp::from_metadata),
        }
    }
}

/// Identifies the state of a file without reading it.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn from_metadata(metadata: &Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}
