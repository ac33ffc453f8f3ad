//! Why there is no answer: what the status, the code and the message of such a call go by.
//!
//! Source: docs/spec/oci-services.md#predict-statuses.

use http::StatusCode;

use oracle_cloud_client::TransportError;

/// Why there is no answer, as far as the caller learns it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unanswered {
    Unreachable,
    TimedOut,
    TooLarge,
    Invalid,
}

impl From<&TransportError> for Unanswered {
    fn from(error: &TransportError) -> Self {
        match error {
            TransportError::Unreachable(_)
            | TransportError::Unresolved(_)
            | TransportError::Untrusted(_)
            | TransportError::AddressDenied => Self::Unreachable,
            TransportError::ReadTimeout
            | TransportError::AttemptTimeout
            | TransportError::ConnectTimeout(_) => Self::TimedOut,
            TransportError::AnswerTooLarge(_) => Self::TooLarge,
            TransportError::IncompleteResponse(_) | TransportError::RequestBody(_) | _ => {
                Self::Invalid
            }
        }
    }
}

impl Unanswered {
    /// Returns the status for the caller.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            Self::Unreachable | Self::TooLarge | Self::Invalid => StatusCode::BAD_GATEWAY,
        }
    }
}
