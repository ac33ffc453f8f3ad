//! What can go wrong with a call of another service than a model deployment.
//!
//! Source: docs/spec/oci-services.md#services.

use http::{Method, StatusCode};

use super::unanswered::Unanswered;
use crate::services::{Refusal, RefusalKind};
use oracle_cloud_client::TransportError;

/// A call of a service without an answer of the service. `Display` and the sources are for the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// Headers name several targets, of one kind or of both.
    #[error("there are several headers `service_target` and `model_deployment`")]
    TargetRepeated,
    /// The call may not be made, or not so.
    #[error("the call of the service is refused")]
    Refused(#[from] Refusal),
    /// A name that leads into a network where the service is not.
    #[error("the service's host has no address that may be called")]
    Address,
    /// A body that the operation does not take.
    #[error("the content type is not one that this operation takes")]
    MediaType,
    /// JSON in a coding, so that it cannot be read.
    #[error("the JSON for the service has a content encoding")]
    Encoding,
    /// The service refuses what we sign, also with the newest credentials.
    #[error(
        "the service refused the signature twice; see the dynamic group, the policy and the clock"
    )]
    Unauthenticated,
    /// The service was not reached, or its answer did not come, whole and in time.
    #[error("the service gave no answer")]
    Unanswered(#[source] TransportError),
    /// A stream that does not come to its end.
    #[error("the service's stream ended before its end")]
    StreamFailed,
    /// A redirect, which would carry the signature to an address that nobody checked, or no final status at all.
    #[error("the service answered with status {0}, which is neither followed nor passed on")]
    StatusUnusable(StatusCode),
}

impl ServiceError {
    /// The status for the caller.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::TargetRepeated => StatusCode::BAD_REQUEST,
            Self::Refused(refusal) => match refusal.kind() {
                RefusalKind::Target | RefusalKind::Parameter => StatusCode::FORBIDDEN,
                RefusalKind::Method => StatusCode::METHOD_NOT_ALLOWED,
                RefusalKind::Invalid | RefusalKind::Missing => StatusCode::BAD_REQUEST,
            },
            Self::Address => StatusCode::FORBIDDEN,
            Self::MediaType | Self::Encoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unanswered(error) => Unanswered::from(error).status(),
            Self::Unauthenticated | Self::StreamFailed | Self::StatusUnusable(_) => {
                StatusCode::BAD_GATEWAY
            }
        }
    }

    /// The stable word for programs, in the form of OCI's own codes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TargetRepeated => "InvalidParameter",
            Self::Refused(refusal) => match refusal.kind() {
                RefusalKind::Target => "TargetNotAllowed",
                RefusalKind::Method => "MethodNotAllowed",
                RefusalKind::Parameter => "ParameterNotAllowed",
                RefusalKind::Invalid => "InvalidParameter",
                RefusalKind::Missing => "MissingParameter",
            },
            Self::Address => "TargetNotAllowed",
            Self::MediaType | Self::Encoding => "UnsupportedMediaType",
            Self::Unauthenticated => "CredentialsRefused",
            Self::StreamFailed => "ServiceStreamFailed",
            Self::StatusUnusable(_) => "ServiceAnswerInvalid",
            Self::Unanswered(error) => match Unanswered::from(error) {
                Unanswered::Unreachable => "ServiceUnreachable",
                Unanswered::TimedOut => "ServiceTimedOut",
                Unanswered::TooLarge => "ServiceAnswerTooLarge",
                Unanswered::Invalid => "ServiceAnswerInvalid",
            },
        }
    }

    /// The sentence for the caller of this `program`. It shows no rule and no host.
    pub(super) fn message(&self, program: &str) -> String {
        match self {
            Self::TargetRepeated => {
                "headers `service_target` and `model_deployment` name several targets; expected one"
                    .into()
            }
            Self::Refused(refusal) => match refusal.kind() {
                RefusalKind::Target => format!("{program} may not call that target"),
                RefusalKind::Method => {
                    format!(
                        "the method is not supported here; expected {}",
                        self.allow().unwrap_or_default()
                    )
                }
                RefusalKind::Parameter | RefusalKind::Invalid | RefusalKind::Missing => {
                    refusal.to_string()
                }
            },
            Self::Address => format!("{program} may not call that target"),
            Self::MediaType => "the content type is not supported here; expected JSON".into(),
            Self::Encoding => "the content encoding is not supported; expected plain JSON".into(),
            Self::Unauthenticated => format!("the service refused {program}'s credentials"),
            Self::StreamFailed => "the service's stream ended before its end".into(),
            Self::StatusUnusable(_) => "the service gave no usable answer".into(),
            Self::Unanswered(error) => match Unanswered::from(error) {
                Unanswered::Unreachable => "the service could not be reached",
                Unanswered::TimedOut => "the service did not answer in time",
                Unanswered::TooLarge => "the service's answer is larger than 6 MiB",
                Unanswered::Invalid => "the service gave no usable answer",
            }
            .into(),
        }
    }

    /// The methods that the operation takes, as `Allow` lists them.
    pub(super) fn allow(&self) -> Option<String> {
        let Self::Refused(Refusal::Method(methods)) = self else {
            return None;
        };
        Some(methods.iter().map(Method::as_str).collect::<Vec<&str>>().join(", "))
    }
}
