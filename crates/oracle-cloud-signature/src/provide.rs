//! Where credentials come from: a trait that anybody can implement, and why there are none.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use super::credentials::Credentials;

/// What credentials are wanted for.
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
    /// The time of day, as services tell it.
    pub now: SystemTime,
    /// Those that a service has refused: newer ones are wanted, if there are any.
    pub refused: Option<Arc<Credentials>>,
}

impl CredentialsRequest {
    /// Credentials to sign with at this time.
    ///
    /// ```
    /// # use std::time::SystemTime;
    /// let now = SystemTime::now();
    /// assert_eq!(oracle_cloud_signature::CredentialsRequest::at(now).now, now);
    /// ```
    pub fn at(now: SystemTime) -> Self {
        Self { now, refused: None }
    }

    /// Credentials instead of those that a service has refused with 401.
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

/// Credentials that cannot be had: of which kind the fault is, and what it was, as the source of
/// the error.
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

/// What a program can do about missing credentials.
///
/// ```
/// use oracle_cloud_signature::CredentialsErrorKind;
///
/// assert_ne!(CredentialsErrorKind::NotConfigured, CredentialsErrorKind::Invalid);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CredentialsErrorKind {
    /// There is no such source here: a chain goes on to the next one.
    NotConfigured,
    /// The source is there, and wrong: a chain stops, since another source would sign as somebody
    /// else.
    Invalid,
    /// The source did not answer, or not in time: later it may.
    Unavailable,
    /// The source answered, and gives nothing.
    Refused,
    /// What the source has is no longer accepted.
    Expired,
}

impl CredentialsError {
    /// An error of this kind; `source` says what happened, and no secret.
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

    /// The kind.
    ///
    /// ```
    /// # use oracle_cloud_signature::{CredentialsError, CredentialsErrorKind};
    /// let error = CredentialsError::new(CredentialsErrorKind::Expired, "the token has expired");
    /// assert_eq!(error.kind(), CredentialsErrorKind::Expired);
    /// ```
    pub fn kind(&self) -> CredentialsErrorKind {
        self.kind
    }

    /// What happened, by itself: for whoever says in his own words that there are no credentials.
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
    /// Credentials to sign with. It is asked for every request: a source keeps what it has until it
    /// nears its end.
    ///
    /// # Errors
    /// [`CredentialsError`], with what can be done about it as its kind.
    fn credentials(
        &self,
        request: CredentialsRequest,
    ) -> impl Future<Output = Result<Arc<Credentials>, CredentialsError>> + Send;

    /// The region that the source knows, such as `eu-frankfurt-1`; None where it knows none.
    ///
    /// # Errors
    /// [`CredentialsError`], where the region has to be asked for and is not told.
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

/// The trait in the form that a `dyn` can have; private, so that it can change.
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

/// Any source behind one type, cheap to clone.
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
    /// Puts a source behind this type.
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
