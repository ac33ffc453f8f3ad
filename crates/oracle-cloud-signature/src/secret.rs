//! Secrets: bytes, and headers that hold a token.
//!
//! Source: docs/spec/oci-request-signing.md#item-49.

use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroizing;

/// The bytes of a secret; wiped when dropped.
pub(crate) type Secret = Zeroizing<Vec<u8>>;

/// A header of these parts, in one place however often it is cloned, wiped with its last clone, and
/// hidden from `Debug`. None if a part cannot stand in a header.
///
/// ```
/// let value = oracle_cloud_signature::sensitive_header(["Bearer ", "token"]).unwrap();
/// assert_eq!(format!("{value:?}"), "Sensitive");
/// ```
///
/// Source: docs/spec/oci-request-signing.md#item-49.
pub fn header<const N: usize>(parts: [&str; N]) -> Option<HeaderValue> {
    // In one piece at once: a text that grows leaves a copy where it was smaller.
    let text = Zeroizing::new(parts.concat().into_bytes());
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(text)).ok()?;
    value.set_sensitive(true);
    Some(value)
}
