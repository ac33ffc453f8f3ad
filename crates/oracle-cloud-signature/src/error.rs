//! Why a request could not be signed.

use http::HeaderName;

/// A request that cannot be signed, and so must not be sent.
///
/// ```
/// use oracle_cloud_signature::{KeyId, SignError};
///
/// assert_eq!(KeyId::new("two words").unwrap_err(), SignError::KeyId);
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The key id has a character that would end its quotation marks, or none at all.
    #[error(
        "the key id is empty or has a character that a header cannot have; expected visible ASCII without `\"`"
    )]
    KeyId,
    /// The text is not a URL.
    #[error("the URL cannot be parsed; expected `https://host/path`")]
    Url,
    /// The URL has no host, or has a user and password before it.
    #[error("the URL has no plain host; expected `https://host/path`")]
    Host,
    /// The path or query is not visible ASCII: it would be sent in another form.
    #[error("the URL has a path or query that is not visible ASCII")]
    Target,
    /// A header describes the body's framing wrongly: it would be signed and not sent, or would
    /// move the end of the request.
    #[error("header `{0}` does not fit the body; expected none, or the body's length")]
    Framing(HeaderName),
    /// The request lacks a header that shall be signed.
    #[error("header `{0}` shall be signed, but the request does not have it")]
    Missing(HeaderName),
    /// A header that shall be signed has several values: the service could not know which one is
    /// meant.
    #[error("header `{0}` shall be signed, but has several values")]
    Repeated(HeaderName),
    /// A header that shall be signed is not visible ASCII.
    #[error("header `{0}` shall be signed, but has a character that is not printable ASCII")]
    NotAscii(HeaderName),
    /// The request has a header `x-date`, which services read in place of the signed `date`.
    #[error("header `x-date` is there and not signed; expected none, or that it is signed")]
    OtherDate,
    /// The time cannot be written as an HTTP date.
    #[error("the time is before 1970 or after 9999")]
    Time,
    /// The private-key operation failed: there is not enough memory or entropy.
    #[error("the private key could not sign")]
    Key,
}
