//! What can go wrong with a call, whose fault it is, and what the caller is told.
//!
//! Source: docs/spec/oci-services.md#predict-statuses.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::endpoint::Refusal;
use fn_fdk::Rejection;
use oracle_cloud_client::signature::CredentialsError;
use oracle_cloud_client::{SendError, SignError, TransportError};

/// The content codings that IANA registers; nothing else that a caller writes there is repeated.
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
    #[error("the target is refused")]
    TargetRefused(#[from] Refusal),
    /// A body that names a target, and is not an envelope.
    #[error("the body has a member `ENDPOINT` and is not an envelope")]
    Envelope,
    /// A client's path on a base URL that is not open.
    #[error("the client's path ends in none of ALLOWED_PATHS")]
    PathNotAllowed,
    /// A call that came to its deadline, or that nobody can read, before its body was whole.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// A content type that is none.
    #[error("the content type is not `type/subtype` in visible ASCII")]
    ContentType,
    /// Codings of the body that are several, or not readable.
    #[error("the content encoding is repeated or not visible ASCII")]
    ContentEncoding,
    /// JSON in a coding that the service does not take.
    #[error("the JSON of a prediction has the content encoding `{0}`")]
    EncodingUnsupported(&'static str),
    /// The body is a text in another encoding than UTF-8, or has its mark.
    #[error("the body begins with {0}")]
    BodyNotUtf8(&'static str),
    /// Nothing to predict from.
    #[error("the body is empty")]
    BodyMissing,
    /// The body is not JSON. The parser's message holds a place, never a piece of the body.
    #[error("the body is not JSON: {0}")]
    BodyNotJson(serde_json::Error),
    /// A body that no signature would cover.
    #[error("a GET or DELETE has a body, which no signature covers")]
    BodyUnsigned,
    /// A method that the path does not take; those it takes, as `Allow` lists them.
    #[error("the method is not supported here; expected {0}")]
    MethodNotAllowed(&'static str),
    /// There is nothing to sign with.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
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
            SendError::Transport(TransportError::AddressDenied) => {
                Self::TargetRefused(Refusal::Address)
            }
            SendError::Transport(error) => Self::Unanswered(error),
            SendError::Address | SendError::Changed | _ => Self::Signing(SignError::Host),
        }
    }
}

impl Error {
    /// JSON in this coding, the last that was applied.
    pub(super) fn encoding(codings: &HeaderValue) -> Self {
        let last = codings.as_bytes().rsplit(|byte| *byte == b',').next().unwrap_or_default();
        let registered = |coding: &&str| last.trim_ascii().eq_ignore_ascii_case(coding.as_bytes());
        Self::EncodingUnsupported(CODINGS.into_iter().find(registered).unwrap_or("unregistered"))
    }

    /// The status for the caller.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Rejected(rejection) => rejection.status(),
            Self::TargetMissing
            | Self::TargetRepeated
            | Self::Envelope
            | Self::ContentType
            | Self::ContentEncoding
            | Self::BodyMissing
            | Self::BodyNotUtf8(_)
            | Self::BodyNotJson(_)
            | Self::BodyUnsigned => StatusCode::BAD_REQUEST,
            Self::PathNotAllowed => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::EncodingUnsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TargetRefused(_) => StatusCode::FORBIDDEN,
            Self::Credentials(_) | Self::Signing(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unanswered(
                TransportError::ReadTimeout
                | TransportError::AttemptTimeout
                | TransportError::ConnectTimeout(_),
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
            Self::Rejected(rejection) => rejection.code(),
            Self::TargetMissing => "MissingParameter",
            Self::TargetRepeated
            | Self::Envelope
            | Self::ContentType
            | Self::ContentEncoding
            | Self::BodyUnsigned => "InvalidParameter",
            Self::PathNotAllowed => "PathNotAllowed",
            Self::MethodNotAllowed(_) => "MethodNotAllowed",
            Self::EncodingUnsupported(_) => "UnsupportedMediaType",
            Self::TargetRefused(_) => "TargetNotAllowed",
            Self::BodyMissing | Self::BodyNotUtf8(_) | Self::BodyNotJson(_) => "CannotParseRequest",
            Self::Credentials(_) | Self::Signing(_) => "CredentialsUnavailable",
            Self::Unauthenticated => "CredentialsRefused",
            Self::StreamFailed => "DeploymentStreamFailed",
            Self::StatusUnusable(_) => "DeploymentAnswerInvalid",
            Self::Unanswered(error) => match error {
                TransportError::Unreachable(_)
                | TransportError::Unresolved(_)
                | TransportError::Untrusted(_)
                | TransportError::AddressDenied => "DeploymentUnreachable",
                TransportError::AnswerTooLarge(_) => "DeploymentAnswerTooLarge",
                TransportError::ReadTimeout
                | TransportError::AttemptTimeout
                | TransportError::ConnectTimeout(_) => "DeploymentTimedOut",
                TransportError::IncompleteResponse(_) | TransportError::RequestBody(_) | _ => {
                    "DeploymentAnswerInvalid"
                }
            },
        }
    }

    /// The sentence for the caller. It shows no rule, no host and nothing of our credentials.
    pub fn message(&self) -> String {
        match self {
            Self::Rejected(rejection) => rejection.message(),
            Self::TargetMissing => {
                "header `model_deployment` is missing; expected the URL of a model deployment"
                    .into()
            }
            Self::TargetRepeated => {
                "header `model_deployment` is given several times; expected one value".into()
            }
            Self::Envelope => "the body has a member `ENDPOINT` and is not an envelope; expected \
                               `ENDPOINT`, a URL or an alias, and `PAYLOAD`, JSON"
                .into(),
            Self::PathNotAllowed => "the path is not open at this function".into(),
            Self::ContentType => {
                "header `content-type` is not understood; expected `type/subtype`".into()
            }
            Self::ContentEncoding => {
                "header `content-encoding` is not understood; expected one value in ASCII".into()
            }
            Self::EncodingUnsupported(coding) => {
                format!("the content encoding `{coding}` is not supported; expected plain JSON")
            }
            Self::TargetRefused(_) => "this function may not call that target".into(),
            Self::BodyMissing => "the body is empty; expected JSON".into(),
            Self::BodyNotUtf8(encoding) => {
                format!("the body begins with {encoding}; expected JSON in UTF-8 without a mark")
            }
            Self::BodyNotJson(error) => format!("the body is not JSON: {error}"),
            Self::BodyUnsigned => "a GET or DELETE must not have a body".into(),
            Self::MethodNotAllowed(methods) => {
                format!("the method is not supported here; expected {methods}")
            }
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
                | TransportError::AddressDenied => "the model deployment could not be reached",
                TransportError::AnswerTooLarge(_) => {
                    "the model deployment's answer is larger than 6 MiB"
                }
                TransportError::ReadTimeout
                | TransportError::AttemptTimeout
                | TransportError::ConnectTimeout(_) => {
                    "the model deployment did not answer in time"
                }
                TransportError::IncompleteResponse(_) | TransportError::RequestBody(_) | _ => {
                    UNUSABLE
                }
            }
            .into(),
        }
    }

    /// What the caller has of it, in the shape of OCI's own errors: `{"code": ..., "message": ...}`; where clients
    /// of OpenAI's protocol call, with the member `error` beside them that those read.
    pub(super) fn response(&self, openai: bool) -> Response<Bytes> {
        let (status, code, message) = (self.status(), self.code(), self.message());
        let kind = if status.is_client_error() { "invalid_request_error" } else { "api_error" };
        let error = json!({ "message": message, "type": kind, "code": code });
        let body = if openai {
            json!({ "code": code, "message": message, "error": error })
        } else {
            json!({ "code": code, "message": message })
        };
        let mut response = json_response(status, &body);
        if let Self::MethodNotAllowed(methods) = self {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
        }
        response
    }
}

/// A response in JSON.
pub(super) fn json_response(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
