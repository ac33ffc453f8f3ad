//! Why a request failed.

use std::error::Error as StdError;
use std::fmt;

use http::StatusCode;
use oracle_cloud_signature::{CredentialsError, SignError};

use super::message::SendError;
use super::service_error::ServiceError;
use super::transport::TransportError;

type Source = Box<dyn StdError + Send + Sync>;

/// A request that failed. No variant contains a type of an HTTP library, and no message repeats its
/// source.
///
/// ```
/// # use oracle_cloud_client::{Error, Service};
/// # async fn size(storage: Service) -> Result<Option<u64>, Error> {
/// match storage.head(["n", "ns", "b", "bucket", "o", "report"]).send().await {
///     Ok(answer) => Ok(answer.header("content-length").and_then(|length| length.parse().ok())),
///     Err(error) if error.is_not_found() => Ok(None),
///     Err(error) => Err(error),
/// }
/// # }
/// ```
///
/// Source: docs/spec/oci-request-signing.md#errors.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// There are no credentials to sign with.
    Credentials(CredentialsError),
    /// The request cannot be signed.
    Signing(SignError),
    /// The request cannot be built from what was given. Nothing was sent.
    Request(Box<dyn StdError + Send + Sync>),
    /// There is no answer, or only a part of one.
    Transport {
        /// Whether the service may have received the request, and may have carried it out.
        was_sent: bool,
        /// What happened: a [`TransportError`].
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The service answered with an error.
    Service(Box<ServiceError>),
    /// The answer does not have the expected form.
    Decode(Box<dyn StdError + Send + Sync>),
}

impl Error {
    pub(super) fn request(error: impl Into<Source>) -> Self {
        Self::Request(error.into())
    }

    pub(super) fn decode(error: impl Into<Source>) -> Self {
        Self::Decode(error.into())
    }

    /// Returns the service's error, if it answered with one.
    ///
    /// ```
    /// # fn log(error: oracle_cloud_client::Error) {
    /// if let Some(error) = error.as_service() {
    ///     println!("{} {:?} {:?}", error.status, error.code, error.opc_request_id);
    /// }
    /// # }
    /// ```
    pub fn as_service(&self) -> Option<&ServiceError> {
        match self {
            Self::Service(error) => Some(error),
            Self::Credentials(_)
            | Self::Signing(_)
            | Self::Request(_)
            | Self::Transport { .. }
            | Self::Decode(_) => None,
        }
    }

    /// Returns the status of the service's error.
    ///
    /// ```
    /// # fn is_busy(error: oracle_cloud_client::Error) -> bool {
    /// error.status() == Some(http::StatusCode::TOO_MANY_REQUESTS)
    /// # }
    /// ```
    pub fn status(&self) -> Option<StatusCode> {
        self.as_service().map(|error| error.status)
    }

    /// Returns the service's stable error code, such as `BucketAlreadyExists`.
    ///
    /// ```
    /// # fn exists(error: oracle_cloud_client::Error) -> bool {
    /// error.code() == Some("BucketAlreadyExists")
    /// # }
    /// ```
    pub fn code(&self) -> Option<&str> {
        self.as_service()?.code.as_deref()
    }

    /// Returns whether it is a 404, which Oracle Cloud also sends if a policy is missing.
    ///
    /// ```
    /// # fn is_missing(error: oracle_cloud_client::Error) -> bool {
    /// error.is_not_found()
    /// # }
    /// ```
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(StatusCode::NOT_FOUND)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Credentials(error) => return error.fmt(f),
            Self::Signing(_) => "the request cannot be signed",
            Self::Request(_) => "the request cannot be built",
            Self::Transport { .. } => "there was no answer",
            Self::Service(_) => "the service refused",
            Self::Decode(_) => "the answer is not as expected",
        })
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(match self {
            // Its message is the same as ours.
            Self::Credentials(error) => return error.source(),
            Self::Signing(error) => error,
            Self::Service(error) => &**error,
            Self::Request(error) | Self::Decode(error) => &**error,
            Self::Transport { source, .. } => &**source,
        })
    }
}

impl From<CredentialsError> for Error {
    fn from(error: CredentialsError) -> Self {
        Self::Credentials(error)
    }
}

impl From<SignError> for Error {
    fn from(error: SignError) -> Self {
        Self::Signing(error)
    }
}

impl From<ServiceError> for Error {
    fn from(error: ServiceError) -> Self {
        Self::Service(Box::new(error))
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        Self::Transport { was_sent: error.was_sent(), source: error.into() }
    }
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Credentials(error) => error.into(),
            SendError::Signing(error) => error.into(),
            SendError::Transport(error) => error.into(),
            SendError::Address | SendError::Changed => Self::request(error),
        }
    }
}
