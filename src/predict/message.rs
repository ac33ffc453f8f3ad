//! What a caller reads of a call that failed.
//!
//! Source: docs/spec/oci-services.md#predict-statuses.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::error::Error;
use super::unanswered::Unanswered;

/// What a caller of a function reads of who answers.
pub(super) const FUNCTION: &str = "this function";
const UNUSABLE: &str = "the model deployment gave no usable answer";

impl Error {
    /// Returns the sentence for the caller. It shows no rule, no host and nothing of our
    /// credentials.
    pub fn message(&self) -> String {
        self.message_of(FUNCTION)
    }

    /// The same of another `program`, such as `this server`.
    pub(super) fn message_of(&self, program: &str) -> String {
        match self {
            Self::Rejected(rejection) => rejection.message(),
            Self::Front(error) => error.message.to_owned(),
            Self::Service(error) => error.message(program),
            Self::TargetMissing => {
                "header `model_deployment` is missing; expected the URL of a model deployment"
                    .into()
            }
            Self::TargetHeader => {
                "header `model_deployment` is not taken; expected an alias as the first part of \
                 the path"
                    .into()
            }
            Self::TargetRepeated => {
                "header `model_deployment` is given several times; expected one value".into()
            }
            Self::Envelope => "the body has a member `ENDPOINT` and is not an envelope; expected \
                               `ENDPOINT`, a URL or an alias, and `PAYLOAD`, JSON"
                .into(),
            Self::PathNotAllowed | Self::AliasUnknown => {
                format!("the path is not open at {program}")
            }
            Self::ContentType => {
                "header `content-type` is not understood; expected `type/subtype`".into()
            }
            Self::ContentEncoding => {
                "header `content-encoding` is not understood; expected one value in ASCII".into()
            }
            Self::EncodingUnsupported(coding) => {
                format!("the content encoding `{coding}` is not supported; expected plain JSON")
            }
            Self::TargetRefused(_) => format!("{program} may not call that target"),
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
                format!("{program} has no usable credentials at the moment")
            }
            Self::Unauthenticated => {
                format!("the model deployment refused {program}'s credentials")
            }
            Self::StreamFailed => "the model deployment's stream failed before its end".into(),
            Self::StatusUnusable(_) => UNUSABLE.into(),
            Self::Unanswered(error) => match Unanswered::from(error) {
                Unanswered::Unreachable => "the model deployment could not be reached",
                Unanswered::TimedOut => "the model deployment did not answer in time",
                Unanswered::TooLarge => "the model deployment's answer is larger than 6 MiB",
                Unanswered::Invalid => UNUSABLE,
            }
            .into(),
        }
    }

    /// Returns the caller's response, in the form of OCI's own errors: `{"code": ..., "message":
    /// ...}`. For clients of OpenAI's protocol it also has the member `error` that they read.
    pub fn response(&self, openai: bool, program: &str) -> Response<Bytes> {
        let mut response = json_response(self.status(), &self.body(openai, program));
        let allowed = |methods: String| Some((ALLOW, HeaderValue::try_from(methods).ok()?));
        let header = if let Self::MethodNotAllowed(methods) = self {
            allowed((*methods).to_owned())
        } else if let Self::Service(error) = self {
            error.allow().and_then(allowed)
        } else if let Self::Front(error) = self {
            error.header.clone().map(|(name, value)| (name, HeaderValue::from_static(value)))
        } else {
            None
        };
        response.headers_mut().extend(header);
        response
    }

    /// The body of it.
    pub(super) fn body(&self, openai: bool, program: &str) -> Value {
        let (status, code, message) = (self.status(), self.code(), self.message_of(program));
        let kind = if status.is_client_error() { "invalid_request_error" } else { "api_error" };
        let error = json!({ "message": message, "type": kind, "code": code });
        if openai {
            json!({ "code": code, "message": message, "error": error })
        } else {
            json!({ "code": code, "message": message })
        }
    }
}

/// Makes a response in JSON.
pub(super) fn json_response(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
