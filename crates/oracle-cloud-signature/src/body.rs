//! The body of a request, for its signature.

use std::fmt;

/// The body of a request, for its signature.
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
    /// The bytes that will be sent. For POST, PUT and PATCH they are hashed in place, and the
    /// signature covers the hash.
    Bytes(&'a [u8]),
    /// The body is sent from elsewhere: the request already has `content-length` and
    /// `x-content-sha256`, and the signature covers them.
    Precomputed,
    /// The signature does not cover the body. A few operations accept that, such as uploads to
    /// Object Storage.
    Unsigned,
}

/// Shows no byte of the body.
impl fmt::Debug for SignableBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Precomputed => f.write_str("Precomputed"),
            Self::Unsigned => f.write_str("Unsigned"),
        }
    }
}
