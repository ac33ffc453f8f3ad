//! What can go wrong with a call, whose fault it is, and what the caller is told.

use http::StatusCode;
use serde_json::json;

use super::Refusal;
use crate::fdk::{InvalidStatus, Reply};
use crate::oci::{PrincipalError, SendError, SignError, TransportError};

const UNUSABLE: &str = "the model deployment gave no usable answer";

/// A call without a prediction. `Display` and the sources are for the log; the caller reads [`Error::message`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither a header nor a default names a target.
    #[error("there is no header `model_deployment` and no MODEL_DEPLOYMENT")]
    TargetMissing,
    /// Several headers name a target.
    #[error("there are several headers `model_deployment`")]
    TargetRepeated,
    /// The target must not be called.
    #[error("the target is refused: {0}")]
    TargetRefused(#[from] Refusal),
    /// A URL at the gateway that no gateway lets pass.
    #[error("the caller's URL is longer than {0} bytes")]
    UrlTooLong(usize),
    /// A content type that no header can carry on.
    #[error("the content type is not visible ASCII")]
    ContentType,
    /// Nothing to predict from.
    #[error("the body is empty")]
    BodyMissing,
    /// The body is not JSON. The parser's message holds a place, never a piece of the body.
    #[error("the body is not JSON: {0}")]
    BodyNotJson(serde_json::Error),
    /// A body that no signature would cover.
    #[error("a GET or DELETE has a body, which no signature covers")]
    BodyUnsigned,
    /// A method that the path does not take; those it takes.
    #[error("the method is not {0}")]
    MethodNotAllowed(&'static str),
    /// There is nothing to sign with.
    #[error("no credentials")]
    Credentials(#[from] PrincipalError),
    /// The request could not be signed.
    #[error("not signed")]
    Signing(#[from] SignError),
    /// The deployment refuses what we sign, also with the newest credentials.
    #[error(
        "the model deployment refused the signature twice; see the dynamic group, the policy and the clock"
    )]
    Unauthenticated,
    /// The model deployment was not reached, or its answer did not come, whole and in time.
    #[error("the model deployment gave no answer")]
    Unanswered(#[source] TransportError),
    /// The deployment said at the end of its stream that it is not whole.
    #[error("the model deployment's stream failed before its end")]
    StreamFailed,
    /// A redirect, which would carry the signature to an address that nobody checked, or no final status at all.
    #[error(
        "the model deployment answered with status {0}, which is neither followed nor passed on"
    )]
    StatusUnusable(StatusCode),
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Credentials(error) => Self::Credentials(error),
            SendError::Signing(error) => Self::Signing(error),
            SendError::Address | SendError::Changed => Self::Signing(SignError::Host),
            SendError::Transport(TransportError::Forbidden) => {
                Self::TargetRefused(Refusal::Address)
            }
            SendError::Transport(error) => Self::Unanswered(error),
        }
    }
}

impl Error {
    /// The status for the caller.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::TargetMissing
            | Self::TargetRepeated
            | Self::UrlTooLong(_)
            | Self::ContentType
            | Self::BodyMissing
            | Self::BodyNotJson(_)
            | Self::BodyUnsigned => StatusCode::BAD_REQUEST,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::TargetRefused(_) => StatusCode::FORBIDDEN,
            Self::Credentials(_) | Self::Signing(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unanswered(
                TransportError::Silent | TransportError::Late | TransportError::ConnectLate(_),
            ) => StatusCode::GATEWAY_TIMEOUT,
            Self::Unauthenticated
            | Self::Unanswered(_)
            | Self::StreamFailed
            | Self::StatusUnusable(_) => StatusCode::BAD_GATEWAY,
        }
    }

    /// The stable word for programs, in the form of OCI's own codes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TargetMissing => "MissingParameter",
            Self::TargetRepeated | Self::UrlTooLong(_) | Self::ContentType | Self::BodyUnsigned => {
                "InvalidParameter"
            }
            Self::MethodNotAllowed(_) => "MethodNotAllowed",
            Self::TargetRefused(_) => "TargetNotAllowed",
            Self::BodyMissing | Self::BodyNotJson(_) => "CannotParseRequest",
            Self::Credentials(_) | Self::Signing(_) => "CredentialsUnavailable",
            Self::Unauthenticated => "CredentialsRefused",
            Self::StreamFailed => "DeploymentStreamFailed",
            Self::StatusUnusable(_) => "DeploymentAnswerInvalid",
            Self::Unanswered(error) => match error {
                TransportError::Unreachable(_)
                | TransportError::Unresolved(_)
                | TransportError::Untrusted(_)
                | TransportError::Forbidden => "DeploymentUnreachable",
                TransportError::Broken(_) => "DeploymentAnswerInvalid",
                TransportError::AnswerTooLarge(_) => "DeploymentAnswerTooLarge",
                TransportError::Silent | TransportError::Late | TransportError::ConnectLate(_) => {
                    "DeploymentTimedOut"
                }
            },
        }
    }

    /// The sentence for the caller. It shows no rule, no host and nothing of our credentials.
    pub fn message(&self) -> String {
        match self {
            Self::TargetMissing => {
                "header `model_deployment` is missing; expected the URL of a model deployment"
                    .into()
            }
            Self::TargetRepeated => {
                "header `model_deployment` is given several times; expected one value".into()
            }
            Self::ContentType => "the content type is not visible ASCII".into(),
            Self::UrlTooLong(limit) => format!("the URL is longer than {limit} bytes"),
            Self::TargetRefused(_) => "this function may not call that target".into(),
            Self::BodyMissing => "the body is empty; expected JSON".into(),
            Self::BodyNotJson(error) => format!("the body is not JSON: {error}"),
            Self::BodyUnsigned => "a GET or DELETE must not have a body".into(),
            Self::MethodNotAllowed(expected) => format!("the method is not {expected}"),
            Self::Credentials(_) | Self::Signing(_) => {
                "this function has no usable credentials at the moment".into()
            }
            Self::Unauthenticated => {
                "the model deployment refused this function's credentials".into()
            }
            Self::StreamFailed => "the model deployment's stream failed before its end".into(),
            Self::StatusUnusable(_) => UNUSABLE.into(),
            Self::Unanswered(error) => match error {
                TransportError::Unreachable(_)
                | TransportError::Unresolved(_)
                | TransportError::Untrusted(_)
                | TransportError::Forbidden => "the model deployment could not be reached",
                TransportError::Broken(_) => UNUSABLE,
                TransportError::AnswerTooLarge(_) => {
                    "the model deployment's answer is larger than 6 MiB"
                }
                TransportError::Silent | TransportError::Late | TransportError::ConnectLate(_) => {
                    "the model deployment did not answer in time"
                }
            }
            .into(),
        }
    }

    /// The reply, in the shape of OCI's own errors: `{"code": ..., "message": ...}`.
    pub(super) fn reply(&self) -> Result<Reply, InvalidStatus> {
        let body = json!({ "code": self.code(), "message": self.message() });
        Reply::json(body.to_string()).with_status(self.status())
    }
}
