//! What can go wrong with a call, and whose fault it is.
//!
//! Source: docs/spec/oci-services.md#predict-statuses.

use http::{HeaderValue, StatusCode};

use super::endpoint::Refusal;
use super::front_error::FrontError;
use super::service_error::ServiceError;
use super::unanswered::Unanswered;
use crate::services::Refusal as ServiceRefusal;
use fn_fdk::Rejection;
use oracle_cloud_client::signature::CredentialsError;
use oracle_cloud_client::{SendError, SignError, TransportError};

/// The content codings that IANA registers. No other text that a caller writes there is repeated.
const CODINGS: [&str; 12] = [
    "aes128gcm",
    "br",
    "compress",
    "dcb",
    "dcz",
    "deflate",
    "exi",
    "gzip",
    "pack200-gzip",
    "x-compress",
    "x-gzip",
    "zstd",
];

/// A call without a prediction. `Display` and the sources are for the log; the caller reads
/// [`Error::message`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither a header nor a default names a target.
    #[error("there is no header `model_deployment` and no MODEL_DEPLOYMENT")]
    TargetMissing,
    /// A header names a target where the path does.
    #[error("there is a header `model_deployment`, and the path names the target")]
    TargetHeader,
    /// A path that does not name a target, where it should.
    #[error("the path does not begin with an alias of MODEL_DEPLOYMENTS")]
    AliasUnknown,
    /// Several headers name a target.
    #[error("there are several headers `model_deployment`")]
    TargetRepeated,
    /// The target must not be called.
    #[error("the target is refused")]
    TargetRefused(#[from] Refusal),
    /// A body that has `ENDPOINT` and is not an envelope.
    #[error("the body has a member `ENDPOINT` and is not an envelope")]
    Envelope,
    /// A client's path on a base URL that is not allowed.
    #[error("the client's path does not end in one of ALLOWED_PATHS")]
    PathNotAllowed,
    /// A call whose body did not arrive before the deadline, or could not be read.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// What the front refused or ended by itself.
    #[error(transparent)]
    Front(Box<FrontError>),
    /// An error of a call of another service.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// A content type that is not understood.
    #[error("the content type is not `type/subtype` in visible ASCII")]
    ContentType,
    /// Content encodings that are repeated or not understood.
    #[error("the content encoding is repeated or not visible ASCII")]
    ContentEncoding,
    /// JSON in a content encoding that the service does not accept.
    #[error("the JSON of a prediction has the content encoding `{0}`")]
    EncodingUnsupported(&'static str),
    /// A body in another encoding than UTF-8, or with a byte order mark.
    #[error("the body begins with {0}")]
    BodyNotUtf8(&'static str),
    /// A body that is empty.
    #[error("the body is empty")]
    BodyMissing,
    /// A body that is not JSON. The parser's message has a position, never a piece of the body.
    #[error("the body is not JSON: {0}")]
    BodyNotJson(serde_json::Error),
    /// A body that no signature would cover.
    #[error("a GET or DELETE has a body, which no signature covers")]
    BodyUnsigned,
    /// A method that the path does not have; the supported ones, as `Allow` lists them.
    #[error("the method is not supported here; expected {0}")]
    MethodNotAllowed(&'static str),
    /// No usable credentials.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The request could not be signed.
    #[error("the request could not be signed")]
    Signing(#[from] SignError),
    /// The deployment refuses our signature, also with the newest credentials.
    #[error(
        "the model deployment refused the signature twice; see the dynamic group, the policy and the clock"
    )]
    Unauthenticated,
    /// The model deployment could not be reached, or its answer did not arrive whole and in time.
    #[error("the model deployment did not answer")]
    Unanswered(#[source] TransportError),
    /// The deployment reported at the end of its stream that it is incomplete.
    #[error("the model deployment's stream failed before its end")]
    StreamFailed,
    /// A redirect, or a status that is not final. Following a redirect would send the signature to
    /// an unchecked address.
    #[error(
        "the model deployment answered with status {0}, which is neither followed nor passed on"
    )]
    StatusUnusable(StatusCode),
}

/// In a box: it is larger than all others, and the function never has one.
impl From<FrontError> for Error {
    fn from(error: FrontError) -> Self {
        Self::Front(error.into())
    }
}

impl From<ServiceRefusal> for Error {
    fn from(refusal: ServiceRefusal) -> Self {
        Self::Service(refusal.into())
    }
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Credentials(error) => Self::Credentials(error),
            SendError::Signing(error) => Self::Signing(error),
            SendError::Transport(TransportError::AddressDenied) => {
                Self::TargetRefused(Refusal::Address)
            }
            SendError::Transport(error) => Self::Unanswered(error),
            SendError::Address | SendError::Changed | _ => Self::Signing(SignError::Host),
        }
    }
}

impl Error {
    /// The error for JSON in these codings; it names the last one.
    pub(super) fn encoding(codings: &HeaderValue) -> Self {
        let last = codings.as_bytes().rsplit(|byte| *byte == b',').next().unwrap_or_default();
        let registered = |coding: &&str| last.trim_ascii().eq_ignore_ascii_case(coding.as_bytes());
        Self::EncodingUnsupported(CODINGS.into_iter().find(registered).unwrap_or("unregistered"))
    }

    /// Turns an error of a deployment into that of another service.
    pub(super) fn of_service(self) -> Self {
        let error = if let Self::Unanswered(error) = self {
            ServiceError::Unanswered(error)
        } else if let Self::StatusUnusable(status) = self {
            ServiceError::StatusUnusable(status)
        } else if matches!(self, Self::TargetRefused(Refusal::Address)) {
            ServiceError::Address
        } else if matches!(self, Self::Unauthenticated) {
            ServiceError::Unauthenticated
        } else if matches!(self, Self::StreamFailed) {
            ServiceError::StreamFailed
        } else {
            return self;
        };
        error.into()
    }

    /// Returns the status for the caller.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Rejected(rejection) => rejection.status(),
            Self::Front(error) => error.status,
            Self::Service(error) => error.status(),
            Self::TargetMissing
            | Self::TargetHeader
            | Self::TargetRepeated
            | Self::Envelope
            | Self::ContentType
            | Self::ContentEncoding
            | Self::BodyMissing
            | Self::BodyNotUtf8(_)
            | Self::BodyNotJson(_)
            | Self::BodyUnsigned => StatusCode::BAD_REQUEST,
            Self::PathNotAllowed | Self::AliasUnknown => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::EncodingUnsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TargetRefused(_) => StatusCode::FORBIDDEN,
            Self::Credentials(_) | Self::Signing(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unanswered(error) => Unanswered::from(error).status(),
            Self::Unauthenticated | Self::StreamFailed | Self::StatusUnusable(_) => {
                StatusCode::BAD_GATEWAY
            }
        }
    }

    /// Returns the stable error code for programs, in the form of OCI's own codes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.code(),
            Self::Front(error) => error.code,
            Self::Service(error) => error.code(),
            Self::TargetMissing => "MissingParameter",
            Self::TargetHeader
            | Self::TargetRepeated
            | Self::Envelope
            | Self::ContentType
            | Self::ContentEncoding
            | Self::BodyUnsigned => "InvalidParameter",
            Self::PathNotAllowed | Self::AliasUnknown => "PathNotAllowed",
            Self::MethodNotAllowed(_) => "MethodNotAllowed",
            Self::EncodingUnsupported(_) => "UnsupportedMediaType",
            Self::TargetRefused(_) => "TargetNotAllowed",
            Self::BodyMissing | Self::BodyNotUtf8(_) | Self::BodyNotJson(_) => "CannotParseRequest",
            Self::Credentials(_) | Self::Signing(_) => "CredentialsUnavailable",
            Self::Unauthenticated => "CredentialsRefused",
            Self::StreamFailed => "DeploymentStreamFailed",
            Self::StatusUnusable(_) => "DeploymentAnswerInvalid",
            Self::Unanswered(error) => match Unanswered::from(error) {
                Unanswered::Unreachable => "DeploymentUnreachable",
                Unanswered::TimedOut => "DeploymentTimedOut",
                Unanswered::TooLarge => "DeploymentAnswerTooLarge",
                Unanswered::Invalid => "DeploymentAnswerInvalid",
            },
        }
    }
}
