//! A trait for sources of credentials, which anybody can implement, and its error.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use super::credentials::Credentials;

/// What credentials are needed for.
///
/// ```
/// use std::time::SystemTime;
///
/// use oracle_cloud_signature::CredentialsRequest;
///
/// let request = CredentialsRequest::at(SystemTime::now());
/// assert!(request.refused.is_none());
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CredentialsRequest {
    /// The current time, by the services' clock.
    pub now: SystemTime,
    /// Credentials that a service refused: newer ones are wanted, if there are any.
    pub refused: Option<Arc<Credentials>>,
}

impl CredentialsRequest {
    /// Asks for credentials to sign with at this time.
    ///
    /// ```
    /// # use std::time::SystemTime;
    /// let now = SystemTime::now();
    /// assert_eq!(oracle_cloud_signature::CredentialsRequest::at(now).now, now);
    /// ```
    pub fn at(now: SystemTime) -> Self {
        Self { now, refused: None }
    }

    /// Asks for credentials in place of those that a service refused with 401.
    ///
    /// ```
    /// # use std::{sync::Arc, time::SystemTime};
    /// use oracle_cloud_signature::{Credentials, CredentialsRequest, KeyId, PrivateKey};
    ///
    /// let refused = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
    /// let request = CredentialsRequest::at(SystemTime::now()).refused(Arc::new(refused));
    /// assert!(request.refused.is_some());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn refused(self, refused: Arc<Credentials>) -> Self {
        Self { refused: Some(refused), ..self }
    }
}

/// No credentials: the kind of failure, and its cause as the source of the error.
///
/// ```
/// use oracle_cloud_signature::{CredentialsError, CredentialsErrorKind};
///
/// let error = CredentialsError::new(CredentialsErrorKind::Invalid, "there is no profile `TEST`");
/// assert_eq!(error.kind(), CredentialsErrorKind::Invalid);
/// ```
#[derive(Debug)]
pub struct CredentialsError {
    kind: CredentialsErrorKind,
    source: Box<dyn Error + Send + Sync>,
}

/// The kinds of failure that a program can react to.
///
/// ```
/// use oracle_cloud_signature::CredentialsErrorKind;
///
/// assert_ne!(CredentialsErrorKind::NotConfigured, CredentialsErrorKind::Invalid);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CredentialsErrorKind {
    /// There is no such source here. A chain tries the next one.
    NotConfigured,
    /// The source exists and is wrong. A chain stops, since another source would sign as somebody
    /// else.
    Invalid,
    /// The source did not answer, or not in time. It may answer later.
    Unavailable,
    /// The source answered with a refusal.
    Refused,
    /// The source's credentials have expired.
    Expired,
}

impl CredentialsError {
    /// Creates an error of this kind. `source` says what happened, without any secret.
    ///
    /// ```
    /// # use oracle_cloud_signature::{CredentialsError, CredentialsErrorKind};
    /// let cause = std::io::Error::other("the vault is sealed");
    /// let error = CredentialsError::new(CredentialsErrorKind::Unavailable, cause);
    /// ```
    pub fn new(
        kind: CredentialsErrorKind,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { kind, source: source.into() }
    }

    /// Returns the kind.
    ///
    /// ```
    /// # use oracle_cloud_signature::{CredentialsError, CredentialsErrorKind};
    /// let error = CredentialsError::new(CredentialsErrorKind::Expired, "the token has expired");
    /// assert_eq!(error.kind(), CredentialsErrorKind::Expired);
    /// ```
    pub fn kind(&self) -> CredentialsErrorKind {
        self.kind
    }

    /// Returns the cause alone, for messages that say themselves that there are no credentials.
    ///
    /// ```
    /// # use oracle_cloud_signature::{CredentialsError, CredentialsErrorKind};
    /// let error = CredentialsError::new(CredentialsErrorKind::Expired, "the token has expired");
    /// assert_eq!(error.into_source().to_string(), "the token has expired");
    /// ```
    pub fn into_source(self) -> Box<dyn Error + Send + Sync> {
        self.source
    }
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no credentials")
    }
}

impl Error for CredentialsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// A source of credentials. Implementations write `async fn`; the futures have to be [`Send`].
///
/// ```
/// use std::sync::Arc;
///
/// use oracle_cloud_signature::{
///     Credentials, CredentialsError, CredentialsRequest, ProvideCredentials,
/// };
///
/// #[derive(Debug)]
/// struct Double(Arc<Credentials>);
///
/// impl ProvideCredentials for Double {
///     async fn credentials(
///         &self,
///         _: CredentialsRequest,
///     ) -> Result<Arc<Credentials>, CredentialsError> {
///         Ok(self.0.clone())
///     }
/// }
/// ```
pub trait ProvideCredentials: fmt::Debug + Send + Sync {
    /// Returns credentials to sign with. This is called for every request, so a source keeps its
    /// credentials until shortly before they expire.
    ///
    /// # Errors
    /// [`CredentialsError`], whose kind says what can be done about it.
    fn credentials(
        &self,
        request: CredentialsRequest,
    ) -> impl Future<Output = Result<Arc<Credentials>, CredentialsError>> + Send;

    /// Returns the region that the source knows, such as `eu-frankfurt-1`; `None` if it knows none.
    ///
    /// # Errors
    /// [`CredentialsError`] if the region has to be fetched and cannot be.
    fn region(&self) -> impl Future<Output = Result<Option<String>, CredentialsError>> + Send {
        async { Ok(None) }
    }
}

/// Fixed credentials are a source.
impl ProvideCredentials for Arc<Credentials> {
    async fn credentials(
        &self,
        _: CredentialsRequest,
    ) -> Result<Arc<Credentials>, CredentialsError> {
        Ok(self.clone())
    }
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, CredentialsError>> + Send + 'a>>;

/// The trait in a form that `dyn` supports; private, so that it can change.
trait Erased: fmt::Debug + Send + Sync {
    fn credentials(&self, request: CredentialsRequest) -> BoxFuture<'_, Arc<Credentials>>;
    fn region(&self) -> BoxFuture<'_, Option<String>>;
}

impl<P: ProvideCredentials> Erased for P {
    fn credentials(&self, request: CredentialsRequest) -> BoxFuture<'_, Arc<Credentials>> {
        Box::pin(ProvideCredentials::credentials(self, request))
    }

    fn region(&self) -> BoxFuture<'_, Option<String>> {
        Box::pin(ProvideCredentials::region(self))
    }
}

/// Any source behind one type; cheap to clone.
///
/// ```
/// # use std::sync::Arc;
/// use oracle_cloud_signature::{Credentials, KeyId, PrivateKey, SharedCredentials};
///
/// let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
/// let shared = SharedCredentials::new(Arc::new(credentials));
/// let the_same = shared.clone();
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SharedCredentials(Arc<dyn Erased>);

impl SharedCredentials {
    /// Wraps a source.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use oracle_cloud_signature::{Credentials, KeyId, PrivateKey, SharedCredentials};
    /// # let credentials = Credentials::api_key(KeyId::new("a/b/c")?, PrivateKey::generate()?);
    /// let shared = SharedCredentials::new(Arc::new(credentials));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(source: impl ProvideCredentials + 'static) -> Self {
        Self(Arc::new(source))
    }
}

impl ProvideCredentials for SharedCredentials {
    fn credentials(
        &self,
        request: CredentialsRequest,
    ) -> impl Future<Output = Result<Arc<Credentials>, CredentialsError>> + Send {
        self.0.credentials(request)
    }

    fn region(&self) -> impl Future<Output = Result<Option<String>, CredentialsError>> + Send {
        self.0.region()
    }
}
