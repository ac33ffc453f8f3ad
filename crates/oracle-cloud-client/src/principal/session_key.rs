//! The keys of sessions, generated beside the calls: on a small machine it takes longer than a call
//! should wait.
//!
//! Source: docs/spec/oci-request-signing.md#session-key.

use oracle_cloud_signature::{KeyError, PrivateKey};
use tokio::sync::Mutex;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout_at};

use super::error::PrincipalError;

/// The next key, if it is being generated.
#[derive(Debug, Default)]
pub(super) struct SessionKey(Mutex<Option<JoinHandle<Result<PrivateKey, KeyError>>>>);

impl SessionKey {
    /// Returns a new key if it is generated before `until`. If not, it is ready for the next
    /// renewal.
    pub(super) async fn next(&self, until: Instant) -> Result<PrivateKey, PrincipalError> {
        let mut next = self.0.lock().await;
        let making = next.get_or_insert_with(|| spawn_blocking(PrivateKey::generate));
        let made = timeout_at(until, making).await.ok().ok_or(PrincipalError::Late)?;
        *next = None;
        made.ok().and_then(Result::ok).ok_or(PrincipalError::Generate)
    }
}
