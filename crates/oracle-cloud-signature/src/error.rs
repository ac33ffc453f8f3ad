//! Why a request was not signed.

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
    /// A key id that would break out of its quotation marks.
    #[error(
        "the key id is empty or has a character that cannot stand in a header; expected visible ASCII without `\"`"
    )]
    KeyId,
    /// A text that is not a URL.
    #[error("the URL cannot be parsed; expected `https://host/path`")]
    Url,
    /// The URL has no host, or a user and password before it.
    #[error("the URL has no plain host; expected `https://host/path`")]
    Host,
    /// A path or query that is not visible ASCII: on the wire it would be another one.
    #[error("the URL has a path or query that is not visible ASCII")]
    Target,
    /// A header that frames the body otherwise than it is: it is signed and not sent, or moves the
    /// end of the request.
    #[error("header `{0}` does not fit the body; expected none, or the body's length")]
    Framing(HeaderName),
    /// A covered header that the request does not have.
    #[error("header `{0}` is to be signed and the request does not have it")]
    Missing(HeaderName),
    /// A covered header with more than one value: the service would not know which was meant.
    #[error("header `{0}` is to be signed and has several values")]
    Repeated(HeaderName),
    /// A covered header that is not visible ASCII.
    #[error("header `{0}` is to be signed and has a character that is not printable ASCII")]
    NotAscii(HeaderName),
    /// A time that cannot be written as an HTTP date.
    #[error("the time is before 1970 or after 9999")]
    Time,
    /// The private-key operation failed; there is no memory or no entropy.
    #[error("the private key could not sign")]
    Key,
}
