//! Why a token does not pass.

use http::StatusCode;

/// Why a request does not pass. `Display` is for your log: it names the reason, and shows nothing of
/// the token.
///
/// ```
/// use oracle_cloud_token::TokenFault;
///
/// assert_eq!(TokenFault::Expired.to_string(), "the token has expired");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFault {
    /// There is no `Authorization: Bearer`.
    #[error("there is no bearer token")]
    Missing,
    /// There are several headers `Authorization`.
    #[error("the header `authorization` is given several times")]
    Repeated,
    /// It has more than 8 KiB.
    #[error("the token has more than 8 KiB")]
    TooLarge,
    /// It is not a JSON Web Token of three parts, or one of its claims is of another type.
    #[error("the token is not understood")]
    Malformed,
    /// It is of another type than `JWT` and `at+jwt`.
    #[error("the token's `typ` is another than `JWT` and `at+jwt`")]
    Type,
    /// It is signed by another algorithm than RS256 and ES256, or not signed.
    #[error("the token's `alg` is another than `RS256` and `ES256`")]
    Algorithm,
    /// No key of the set has its name and its algorithm.
    #[error("no key of the set has the token's `kid` and `alg`")]
    UnknownKey,
    /// The signature is not that of any key with its name.
    #[error("the token's signature is wrong")]
    Signature,
    /// A claim that must be there is not, or is of another type.
    #[error("the token lacks `exp`, `iss` or `aud`, or has one of another type")]
    Claim,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// It is of another issuer.
    #[error("the token is of another issuer")]
    Issuer,
    /// It is for another audience.
    #[error("the token is for another audience")]
    Audience,
    /// It is valid and lacks the scope.
    #[error("the token lacks the scope")]
    Scope,
    /// No key set could be had so far.
    #[error("there is no key set to check tokens with")]
    KeysUnavailable,
}

impl TokenFault {
    /// The status for the caller.
    ///
    /// ```
    /// use oracle_cloud_token::TokenFault;
    ///
    /// assert_eq!(TokenFault::Expired.status(), 401);
    /// assert_eq!(TokenFault::Scope.status(), 403);
    /// assert_eq!(TokenFault::KeysUnavailable.status(), 503);
    /// ```
    ///
    /// Source: docs/spec/oci-services.md#bearer-tokens.
    pub fn status(self) -> StatusCode {
        if self == Self::Repeated {
            StatusCode::BAD_REQUEST
        } else if self == Self::Scope {
            StatusCode::FORBIDDEN
        } else if self == Self::KeysUnavailable {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::UNAUTHORIZED
        }
    }

    /// The header `WWW-Authenticate` for the caller; none where it is not the caller's fault.
    ///
    /// ```
    /// use oracle_cloud_token::TokenFault;
    ///
    /// assert_eq!(TokenFault::Expired.challenge(), Some("Bearer error=\"invalid_token\""));
    /// assert_eq!(TokenFault::KeysUnavailable.challenge(), None);
    /// ```
    ///
    /// Source: docs/spec/oci-services.md#bearer-tokens.
    pub fn challenge(self) -> Option<&'static str> {
        match self.status() {
            StatusCode::SERVICE_UNAVAILABLE => None,
            StatusCode::BAD_REQUEST => Some("Bearer error=\"invalid_request\""),
            StatusCode::FORBIDDEN => Some("Bearer error=\"insufficient_scope\""),
            _ if self == Self::Missing => Some("Bearer"),
            _ => Some("Bearer error=\"invalid_token\""),
        }
    }
}
