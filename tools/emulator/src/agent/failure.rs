//! Everything that can go wrong with a call, and the consequences for the caller and the container.

use hyper::StatusCode;

use super::body::BODY_LIMIT;

/// Why a call has no answer of the function.
///
/// Source: docs/spec/fn-container-contract.md#statuses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Failure {
    /// The function answered 502.
    Function,
    /// The function answered 504.
    FunctionTimedOut,
    /// The function answered anything but 200, 502 and 504.
    InvalidStatus,
    /// It closed the connection, ended, or spoke no HTTP.
    NoReply,
    HeadTooLarge,
    BodyTooLarge,
    /// The body ended before its length, or its chunks are broken.
    BodyCut,
    /// No whole reply at the deadline.
    TimedOut,
    /// The process ended, or what it made at the socket's name is not what it must be.
    Start,
    StartTimedOut,
    RequestTooLarge {
        length: usize,
    },
    /// More detached calls than are accepted have not ended.
    TooManyRequests,
}

impl Failure {
    /// Returns what becomes of a call whose body has this length, if that alone decides.
    pub(super) fn of_length(length: usize) -> Option<Self> {
        (length > BODY_LIMIT).then_some(Self::RequestTooLarge { length })
    }

    pub(super) fn from_error(error: &hyper::Error) -> Self {
        if error.is_parse_too_large() { Self::HeadTooLarge } else { Self::NoReply }
    }

    /// Returns what the caller gets, with [`Failure::message`] in the body.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Function
            | Self::InvalidStatus
            | Self::NoReply
            | Self::HeadTooLarge
            | Self::BodyTooLarge
            | Self::Start => StatusCode::BAD_GATEWAY,
            Self::FunctionTimedOut | Self::TimedOut | Self::StartTimedOut => {
                StatusCode::GATEWAY_TIMEOUT
            }
            Self::BodyCut => StatusCode::INTERNAL_SERVER_ERROR,
            Self::RequestTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    pub(super) fn message(self) -> String {
        let message = match self {
            Self::Function => "function failed",
            Self::FunctionTimedOut | Self::TimedOut => "Timed out",
            Self::InvalidStatus => "invalid function response",
            Self::NoReply => "error receiving function response",
            Self::HeadTooLarge => "function response header too large",
            Self::BodyTooLarge => "function response body too large",
            Self::BodyCut => "internal server error",
            Self::Start => {
                "Container failed to initialize, please ensure you are using the latest fdk and check the logs"
            }
            Self::StartTimedOut => {
                "Container initialization timed out, please ensure you are using the latest fdk and check the logs"
            }
            Self::TooManyRequests => "Too many requests",
            Self::RequestTooLarge { length } => {
                return format!(
                    "Content-Length too large for this server, {length} > max {BODY_LIMIT}"
                );
            }
        };
        message.into()
    }

    /// Returns whether the container takes the next call; otherwise it is killed.
    pub(super) fn keeps_container(self) -> bool {
        match self {
            Self::Function
            | Self::FunctionTimedOut
            | Self::BodyTooLarge
            | Self::BodyCut
            | Self::RequestTooLarge { .. }
            | Self::TooManyRequests => true,
            Self::InvalidStatus
            | Self::NoReply
            | Self::HeadTooLarge
            | Self::TimedOut
            | Self::Start
            | Self::StartTimedOut => false,
        }
    }
}
