//! Who a client signs as: a principal of this crate, or any other source of credentials.

use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use oracle_cloud_signature::{
    Credentials, CredentialsError, CredentialsErrorKind, CredentialsRequest, ProvideCredentials,
    SharedCredentials,
};
use tokio::time::{Instant, timeout_at};

use super::principal::Principal;

/// A source. A principal is asked directly: it bounds its own waiting, and learns what services
/// accepted.
#[derive(Debug)]
pub(super) enum Source {
    Principal(Box<Principal>),
    Shared(SharedCredentials),
}

impl Source {
    /// What to sign with, before `until`; after a service refused `refused`, others if there are
    /// any. Boxed, so that it is compiled here alone, and not again in every crate that waits for it.
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

    /// A service carried out what was signed with `used`.
    pub(super) fn accepted(&self, used: &Credentials) {
        if let Self::Principal(principal) = self {
            principal.accepted(used);
        }
    }

    /// The region that the source knows.
    pub(super) async fn region(&self) -> Result<Option<String>, CredentialsError> {
        match self {
            Self::Principal(principal) => ProvideCredentials::region(&**principal).await,
            Self::Shared(shared) => shared.region().await,
        }
    }
}

fn late() -> CredentialsError {
    CredentialsError::new(CredentialsErrorKind::Unavailable, "no credentials came in time")
}
