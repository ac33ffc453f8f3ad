//! Percent-encoding: everything that is not unreserved in RFC 3986 is written as bytes of UTF-8.

use std::fmt::Write;

/// Appends a text to `to`, encoded.
pub(super) fn encode(text: &str, to: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            to.push(char::from(byte));
        } else {
            write!(to, "%{byte:02X}").expect("a text takes everything");
        }
    }
}
