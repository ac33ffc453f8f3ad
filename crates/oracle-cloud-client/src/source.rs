//! The source of a client's credentials: a principal of this crate, or any other.

use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use oracle_cloud_signature::{
    Credentials, CredentialsError, CredentialsErrorKind, CredentialsRequest, ProvideCredentials,
    SharedCredentials,
};
use tokio::time::{Instant, timeout_at};

use super::principal::Principal;

/// A source. A principal is called directly: it limits its own waiting, and records which
/// credentials services accepted.
#[derive(Debug)]
pub(super) enum Source {
    Principal(Box<Principal>),
    Shared(SharedCredentials),
}

impl Source {
    /// Returns credentials to sign with, before `until`; after a service refused `refused`, others
    /// if there are any. Boxed, so that only this crate compiles it.
    pub(super) fn credentials<'a>(
        &'a self,
        refused: Option<&'a Arc<Credentials>>,
        now: SystemTime,
        until: Instant,
    ) -> Pin<Box<dyn Future<Output = Result<Arc<Credentials>, CredentialsError>> + Send + 'a>> {
        Box::pin(async move {
            match (self, refused) {
                (Self::Principal(principal), None) => {
                    principal.credentials_until(now, until.into_std()).await
                }
                (Self::Principal(principal), Some(refused)) => {
                    principal.refresh_until(refused, now, until.into_std()).await
                }
                (Self::Shared(shared), refused) => {
                    let mut request = CredentialsRequest::at(now);
                    request.refused = refused.cloned();
                    let asked = timeout_at(until, shared.credentials(request)).await;
                    asked.unwrap_or_else(|_elapsed| Err(late()))
                }
            }
        })
    }

    /// Records that a service accepted what was signed with `used`.
    pub(super) fn accepted(&self, used: &Credentials) {
        if let Self::Principal(principal) = self {
            principal.accepted(used);
        }
    }

    /// Returns the region that the source knows.
    pub(super) async fn region(&self) -> Result<Option<String>, CredentialsError> {
        match self {
            Self::Principal(principal) => ProvideCredentials::region(&**principal).await,
            Self::Shared(shared) => shared.region().await,
        }
    }
}

fn late() -> CredentialsError {
    CredentialsError::new(
        CredentialsErrorKind::Unavailable,
        "no credentials were available in time",
    )
}
