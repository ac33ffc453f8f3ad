//! Can anybody write a source of credentials, and put any of them behind one type?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::error::Error;
use std::sync::Arc;
use std::time::SystemTime;

use oracle_cloud_signature::{
    Credentials, CredentialsError, CredentialsErrorKind, CredentialsRequest, KeyId, PrivateKey,
    ProvideCredentials, SharedCredentials,
};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn credentials(id: &str) -> Arc<Credentials> {
    let key = PrivateKey::generate().unwrap();
    Arc::new(Credentials::api_key(KeyId::new(id).unwrap(), key))
}

/// Gives the second after the first was refused, and then nothing.
#[derive(Debug)]
struct Two(Arc<Credentials>, Arc<Credentials>);

impl ProvideCredentials for Two {
    async fn credentials(
        &self,
        request: CredentialsRequest,
    ) -> Result<Arc<Credentials>, CredentialsError> {
        match request.refused {
            None => Ok(self.0.clone()),
            Some(refused) if Arc::ptr_eq(&refused, &self.0) => Ok(self.1.clone()),
            Some(_) => Err(CredentialsError::new(CredentialsErrorKind::Refused, "none is left")),
        }
    }

    async fn region(&self) -> Result<Option<String>, CredentialsError> {
        Ok(Some("eu-frankfurt-1".to_owned()))
    }
}

#[tokio::test]
async fn a_source_behind_the_shared_type_is_asked_as_it_would_be_itself() {
    let (first, second) = (credentials("a/b/1"), credentials("a/b/2"));
    let shared = SharedCredentials::new(Two(first.clone(), second.clone()));
    let shared = SharedCredentials::new(shared);
    let request = CredentialsRequest::at(NOW);
    assert!(Arc::ptr_eq(&shared.credentials(request.clone()).await.unwrap(), &first));
    let newer = shared.credentials(request.clone().refused(first)).await.unwrap();
    assert!(Arc::ptr_eq(&newer, &second));
    let error = shared.credentials(request.refused(second)).await.unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::Refused);
    assert_eq!(
        (error.to_string(), error.source().unwrap().to_string()),
        ("no credentials".to_owned(), "none is left".to_owned())
    );
    assert_eq!(shared.region().await.unwrap().as_deref(), Some("eu-frankfurt-1"));
}

#[tokio::test]
async fn fixed_credentials_are_a_source_without_a_region_in_any_task() {
    let fixed = credentials("a/b/c");
    let shared = SharedCredentials::new(fixed.clone());
    let asked = tokio::spawn(async move {
        let region = shared.region().await.unwrap();
        (shared.credentials(CredentialsRequest::at(NOW)).await.unwrap(), region)
    });
    let (got, region) = asked.await.unwrap();
    assert!(Arc::ptr_eq(&got, &fixed) && region.is_none());
}
