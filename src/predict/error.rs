//! What can go wrong with a call, whose fault it is, and what the caller is told.

use http::StatusCode;
use serde_json::json;

use super::Refusal;
use crate::fdk::{InvalidStatus, Reply};
use crate::oci::{PrincipalError, SignError};

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
    /// Nothing to predict from.
    #[error("the body is empty")]
    BodyMissing,
    /// The body is not JSON. The parser's message holds a place, never a piece of the body.
    #[error("the body is not JSON: {0}")]
    BodyNotJson(serde_json::Error),
    /// There is nothing to sign with.
    #[error("no credentials: {0}")]
    Credentials(#[from] PrincipalError),
    /// The request could not be signed.
    #[error("not signed: {0}")]
    Signing(#[from] SignError),
    /// The deployment refuses what we sign, also with the newest credentials.
    #[error(
        "the model deployment refused the signature twice; see the dynamic group, the policy and the clock"
    )]
    Unauthenticated,
    /// No connection, or none that TLS trusts.
    #[error("the model deployment could not be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The connection ended before the answer did, or what came was not HTTP.
    #[error("the model deployment's answer broke off")]
    Broken(#[source] reqwest::Error),
    /// A redirect, which would carry the signature to an address that nobody checked, or no final status at all.
    #[error(
        "the model deployment answered with status {0}, which is neither followed nor passed on"
    )]
    StatusUnusable(StatusCode),
    /// More than a function may return.
    #[error("the model deployment's answer is larger than 6 MiB")]
    AnswerTooLarge,
    /// No answer in time.
    #[error("the model deployment did not answer in time")]
    Late,
}

impl Error {
    /// The error of a request that was sent or not, by how far it came.
    pub(super) fn unanswered(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_connect() && error.is_timeout() {
            Self::Late
        } else if error.is_connect() {
            Self::Unreachable(error)
        } else {
            Self::Broken(error)
        }
    }

    /// The status for the caller.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::TargetMissing
            | Self::TargetRepeated
            | Self::BodyMissing
            | Self::BodyNotJson(_) => StatusCode::BAD_REQUEST,
            Self::TargetRefused(_) => StatusCode::FORBIDDEN,
            Self::Credentials(_) | Self::Signing(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unauthenticated
            | Self::Unreachable(_)
            | Self::Broken(_)
            | Self::StatusUnusable(_)
            | Self::AnswerTooLarge => StatusCode::BAD_GATEWAY,
            Self::Late => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// The stable word for programs, in the form of OCI's own codes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TargetMissing => "MissingParameter",
            Self::TargetRepeated => "InvalidParameter",
            Self::TargetRefused(_) => "TargetNotAllowed",
            Self::BodyMissing | Self::BodyNotJson(_) => "CannotParseRequest",
            Self::Credentials(_) | Self::Signing(_) => "CredentialsUnavailable",
            Self::Unauthenticated => "CredentialsRefused",
            Self::Unreachable(_) => "DeploymentUnreachable",
            Self::Broken(_) | Self::StatusUnusable(_) => "DeploymentAnswerInvalid",
            Self::AnswerTooLarge => "DeploymentAnswerTooLarge",
            Self::Late => "DeploymentTimedOut",
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
            Self::TargetRefused(_) => "this function may not call that target".into(),
            Self::BodyMissing => "the body is empty; expected JSON".into(),
            Self::BodyNotJson(error) => format!("the body is not JSON: {error}"),
            Self::Credentials(_) | Self::Signing(_) => {
                "this function has no usable credentials at the moment".into()
            }
            Self::Unauthenticated => {
                "the model deployment refused this function's credentials".into()
            }
            Self::Unreachable(_) => "the model deployment could not be reached".into(),
            Self::Broken(_) | Self::StatusUnusable(_) => {
                "the model deployment gave no usable answer".into()
            }
            Self::AnswerTooLarge => "the model deployment's answer is larger than 6 MiB".into(),
            Self::Late => "the model deployment did not answer in time".into(),
        }
    }

    /// The reply, in the shape of OCI's own errors: `{"code": ..., "message": ...}`.
    pub(super) fn reply(&self) -> Result<Reply, InvalidStatus> {
        let body = json!({ "code": self.code(), "message": self.message() });
        Reply::json(body.to_string()).with_status(self.status())
    }
}
