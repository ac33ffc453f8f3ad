//! The keys of sessions, made beside the calls: on a small machine it takes longer than a call
//! should wait.
//!
//! Source: docs/spec/oci-request-signing.md#session-key.

use oracle_cloud_signature::{KeyError, PrivateKey};
use tokio::sync::Mutex;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout_at};

use super::error::PrincipalError;

/// The next key, where it is being made.
#[derive(Debug, Default)]
pub(super) struct SessionKey(Mutex<Option<JoinHandle<Result<PrivateKey, KeyError>>>>);

impl SessionKey {
    /// A new key, if it is made before `until`; if not, it is there for the next renewal.
    pub(super) async fn next(&self, until: Instant) -> Result<PrivateKey, PrincipalError> {
        let mut next = self.0.lock().await;
        let making = next.get_or_insert_with(|| spawn_blocking(PrivateKey::generate));
        let made = timeout_at(until, making).await.ok().ok_or(PrincipalError::Late)?;
        *next = None;
        made.ok().and_then(Result::ok).ok_or(PrincipalError::Generate)
    }
}
