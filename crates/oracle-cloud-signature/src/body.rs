//! A body, as far as its signature is concerned.

use std::fmt;

/// The body of a request, as far as its signature is concerned.
///
/// ```
/// use oracle_cloud_signature::SignableBody;
///
/// let body = SignableBody::Bytes(b"{}");
/// assert_eq!(format!("{body:?}"), "Bytes(2)");
/// ```
///
/// Source: docs/spec/oci-request-signing.md#body-headers.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum SignableBody<'a> {
    /// The bytes that will be sent; for POST, PUT and PATCH they are hashed in place and covered.
    Bytes(&'a [u8]),
    /// Sent from elsewhere: the request already has `content-length` and `x-content-sha256`, and
    /// they are covered.
    Precomputed,
    /// Not covered. A few operations accept that, Object Storage uploads among them.
    Unsigned,
}

/// Shows no byte of it.
impl fmt::Debug for SignableBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Precomputed => f.write_str("Precomputed"),
            Self::Unsigned => f.write_str("Unsigned"),
        }
    }
}
