//! Why a call is not let in: what its caller reads, and what the log says.

use http::StatusCode;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use model_deployment_fn::predict::FrontError;
use oracle_cloud_token::TokenFault;

/// After so many seconds a caller may ask again who came before there was any key.
const KEYS_RETRY_AFTER: &str = "5";

/// A call that is not let in. `Display` is for the log: it names the reason, and shows nothing of
/// what the caller sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAdmitted {
    /// The gateway's secret is not there.
    #[error("the gateway's secret is missing")]
    SecretMissing,
    /// The header with the gateway's secret is there several times.
    #[error("the gateway's secret is given several times")]
    SecretRepeated,
    /// It is not the gateway's secret.
    #[error("the gateway's secret is wrong")]
    SecretWrong,
    /// There is no token that may pass.
    #[error(transparent)]
    Token(#[from] TokenFault),
}

impl NotAdmitted {
    /// What the caller reads of it. It shows no rule and no claim.
    pub fn answer(self) -> FrontError {
        let answer = match self {
            Self::SecretMissing | Self::SecretRepeated | Self::SecretWrong => FrontError::new(
                StatusCode::FORBIDDEN,
                "CallerNotAllowed",
                "this server takes calls from its gateway only",
            ),
            Self::Token(fault) => token_answer(fault),
        };
        answer.with_reason(self.to_string())
    }
}

fn token_answer(fault: TokenFault) -> FrontError {
    let (code, message) = match fault.status() {
        StatusCode::BAD_REQUEST => (
            "InvalidParameter",
            "header `authorization` is given several times; expected one value",
        ),
        StatusCode::FORBIDDEN => ("InsufficientScope", "the access token does not allow this call"),
        StatusCode::SERVICE_UNAVAILABLE => (
            "KeysUnavailable",
            "this server cannot check access tokens at the moment; try again later",
        ),
        _ if fault == TokenFault::Missing => (
            "NotAuthenticated",
            "header `authorization` has no token; expected `Bearer` and an access token",
        ),
        _ => ("NotAuthenticated", "the access token is not valid here; get a new one"),
    };
    let answer = FrontError::new(fault.status(), code, message);
    match fault.challenge() {
        Some(challenge) => answer.with_header(WWW_AUTHENTICATE, challenge),
        None => answer.with_header(RETRY_AFTER, KEYS_RETRY_AFTER),
    }
}
