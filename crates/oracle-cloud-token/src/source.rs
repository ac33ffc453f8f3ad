//! Where key sets come from.

use std::sync::Arc;

use crate::key_set::KeySet;

/// Where the keys are that tokens are checked with: an [`Issuer`](crate::Issuer), a set that you
/// have, or something of your own.
///
/// ```
/// use std::sync::{Arc, RwLock};
///
/// use oracle_cloud_token::{KeySet, KeySource};
///
/// /// A set that somebody else replaces.
/// struct Replaced(RwLock<Arc<KeySet>>);
///
/// impl KeySource for Replaced {
///     async fn current(&self) -> Option<Arc<KeySet>> {
///         Some(self.0.read().ok()?.clone())
///     }
/// }
/// ```
pub trait KeySource: Send + Sync {
    /// The key set; None if there never was one.
    fn current(&self) -> impl Future<Output = Option<Arc<KeySet>>> + Send;

    /// A newer set than one in which a token's key is not, if it may be asked for and there is one.
    fn newer_than(&self, _known: &Arc<KeySet>) -> impl Future<Output = Option<Arc<KeySet>>> + Send {
        async { None }
    }
}

impl KeySource for Arc<KeySet> {
    async fn current(&self) -> Option<Arc<KeySet>> {
        Some(self.clone())
    }
}
