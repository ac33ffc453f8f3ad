//! Which characters a path may have: nothing that two readers could understand in two ways.
//!
//! Source: docs/spec/oci-services.md#service-paths.

/// A slash inside of a segment, as a path has it.
const SLASH: &str = "%2F";

/// A path as the most lenient service reads it: an encoded slash as a plain one, and without letter case.
pub(super) fn lenient(path: &str) -> String {
    path.replace(SLASH, "/").to_ascii_lowercase()
}

/// The segments of a path, which begins with a slash.
pub(super) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').skip(1)
}

/// Whether a path is written out: letters, digits and `-._~:` in every segment, and none that is only dots.
pub(super) fn is_literal(path: &str) -> bool {
    path.starts_with('/') && segments(path).all(is_literal_segment)
}

/// The same of one segment.
pub(super) fn is_literal_segment(segment: &str) -> bool {
    segment.bytes().all(is_unreserved) && is_named(segment.as_bytes())
}

/// Whether a segment may stand where a pattern has `{}`: it may also have `%XX`, in capitals, of what has no other form.
pub(super) fn is_value(segment: &str) -> bool {
    // What is not UTF-8 may be read as a dot or a slash that is written in too many bytes.
    decoded(segment).is_some_and(|bytes| is_named(&bytes) && str::from_utf8(&bytes).is_ok())
}

/// Whether a segment may stand where a pattern has `{*}`: an encoded slash parts it as a plain one does.
pub(super) fn is_rest(segment: &str) -> bool {
    segment.split(SLASH).all(is_value)
}

/// Whether a whole path is one that any pattern could open.
pub(super) fn is_path(path: &str) -> bool {
    path.starts_with('/') && segments(path).all(is_rest)
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte)
}

/// Whether there is more than dots, which climb.
fn is_named(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| *byte != b'.')
}

/// What a segment stands for; None for a character, or an encoded one, that none may have.
fn decoded(segment: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut decoded) = (segment.bytes(), Vec::with_capacity(segment.len()));
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'%' => {
                let byte = digit(bytes.next()?)? << 4 | digit(bytes.next()?)?;
                let other = is_unreserved(byte) || byte.is_ascii_control() || b"%/".contains(&byte);
                (!other).then_some(byte)?
            }
            byte => is_unreserved(byte).then_some(byte)?,
        };
        decoded.push(byte);
    }
    Some(decoded)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_plain_or_encoded_where_it_has_no_other_form() {
        for value in
            ["a", "a-b_c.d~e:f", "...a", "a%20b", "%2B", "%C3%A9", "%3B", "%3F%23", "a%5Cb"]
        {
            assert!(is_value(value) && is_rest(value), "{value}");
        }
        for value in ["a%2Fb", "a%2F%C3%A9%2Fb"] {
            assert!(!is_value(value) && is_rest(value), "{value}");
        }
    }

    #[test]
    fn what_two_readers_could_understand_in_two_ways_is_no_value() {
        let others = [
            "",
            ".",
            "..",
            "...",
            "%2E",
            "%2E%2E",
            "%2e",
            ".%2E",
            "%252E",
            "%25",
            "%",
            "%2",
            "%2G",
            "%zz",
            "%2f",
            "%c3%a9",
            "%61",
            "%5F",
            "%3A",
            "%7E",
            "%00",
            "%0A",
            "%0D",
            "%1F",
            "%7F",
            "%09",
            "a;b",
            "a b",
            "a\\b",
            "a?b",
            "a#b",
            "a+b",
            "a=b",
            "a@b",
            "a&b",
            "a,b",
            "a'b",
            "(a)",
            "a*",
            "{}",
            "{*}",
            "a|b",
            "é",
            "%C0%AE",
            "%C0%AF",
            "%FF",
            "%C3",
            "%E9",
            "%ED%A0%80",
            "%F8%80%80%80%AF",
            "%2F",
            "a%2F",
            "%2Fa",
            "a%2F%2Fb",
            "a%2F..%2Fb",
            "a%2F.",
            "..%2Fa",
            "a%252Fb",
            "a\u{0}b",
            "a\nb",
            "%u002e",
            "a%2Fb%",
        ];
        for value in others {
            assert!(!is_value(value) && !is_rest(value), "{value}");
        }
    }

    #[test]
    fn a_literal_path_has_nothing_encoded() {
        for path in ["/a", "/a/b.c-d_e~f:g", "/20231130/actions/v1", "/n/x/b/y.z"] {
            assert!(is_literal(path) && is_path(path), "{path}");
        }
        for path in
            ["", "a", "/", "//", "/a/", "/a//b", "/a/..", "/a/%20", "/{}", "/a/{}", "/a b", "/a?b"]
        {
            assert!(!is_literal(path), "{path}");
        }
        for path in ["", "a", "/", "//", "/a/", "/a//b", "/a/..", "/{}", "/a b", "/a?b", "/a;b/c"] {
            assert!(!is_path(path), "{path}");
        }
    }
}
