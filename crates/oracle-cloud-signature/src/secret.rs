//! Secrets: bytes, and headers that contain a token.
//!
//! Source: docs/spec/oci-request-signing.md#item-49.

use base64::{Engine, decoded_len_estimate};
use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroizing;

/// The bytes of a secret; wiped when dropped.
pub(crate) type Secret = Zeroizing<Vec<u8>>;

/// Decodes base64. What was decoded of a text that is not base64 is wiped too.
pub(crate) fn decode(base64: &impl Engine, text: &[u8]) -> Option<Secret> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(decoded_len_estimate(text.len())));
    base64.decode_vec(text, &mut bytes).ok()?;
    Some(bytes)
}

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
