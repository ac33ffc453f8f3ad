//! Secrets: bytes, and headers that contain a token.
//!
//! Source: docs/spec/oci-request-signing.md#item-49.

use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroizing;

/// The bytes of a secret; wiped when dropped.
pub(crate) type Secret = Zeroizing<Vec<u8>>;

/// Joins parts into a header value that `Debug` hides. Its clones share one copy in memory, which
/// is wiped with the last of them. Returns `None` if a header cannot have one of the parts.
///
/// ```
/// let value = oracle_cloud_signature::sensitive_header(["Bearer ", "token"]).unwrap();
/// assert_eq!(format!("{value:?}"), "Sensitive");
/// ```
///
/// Source: docs/spec/oci-request-signing.md#item-49.
pub fn header<const N: usize>(parts: [&str; N]) -> Option<HeaderValue> {
    // In one allocation: a text that grows leaves a copy of its beginning.
    let text = Zeroizing::new(parts.concat().into_bytes());
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(text)).ok()?;
    value.set_sensitive(true);
    Some(value)
}
