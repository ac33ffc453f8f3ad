//! What the header `service_target` says: an alias or a URL, and perhaps a path and a query.
//!
//! ```text
//! value = (alias / origin) [path ["?" query]]
//! ```
//!
//! Source: docs/spec/oci-services.md#service-target.

use super::plain::is_path;
use super::refusal::{MAX_TARGET_BYTES, Refusal};

/// The parts of a target, as they are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Target<'a> {
    pub(super) place: Place<'a>,
    /// In its plain form; None where it is left to the entry and the client.
    pub(super) path: Option<&'a str>,
    pub(super) query: Option<&'a str>,
}

/// Where a target is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place<'a> {
    Alias(&'a str),
    /// A host, and a port where one is written; of any letter case.
    Authority(&'a str),
}

impl<'a> Target<'a> {
    /// Reads a target.
    pub(super) fn parse(text: &'a str) -> Result<Self, Refusal> {
        if text.len() > MAX_TARGET_BYTES {
            return Err(Refusal::Length);
        }
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Refusal::Characters);
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                (Some(scheme), rest)
            }
            // What comes later is no scheme.
            _ => (None, text),
        };
        let (place, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (path, query) = match tail.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (tail, None),
        };
        let place = match scheme {
            Some(scheme) if scheme.eq_ignore_ascii_case("https") && !place.is_empty() => {
                Place::Authority(place)
            }
            None if is_alias(place) => Place::Alias(place),
            Some(_) | None => return Err(Refusal::Form),
        };
        let path = Some(path).filter(|path| !path.is_empty());
        let plain = match (path, query) {
            (Some(path), Some(query)) => is_path(path) && is_query(query),
            (Some(path), None) => is_path(path),
            (None, Some(_)) => false,
            (None, None) => true,
        };
        if plain { Ok(Self { place, path, query }) } else { Err(Refusal::Form) }
    }
}

/// Whether a text may be an alias.
pub(super) fn is_alias(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=32).contains(&text.len())
        && text.bytes().all(|byte| letter(byte) || byte == b'-')
        && text.bytes().next().is_some_and(letter)
}

/// Whether a text may be a query: visible ASCII without what ends one, and what no URL has.
pub(super) fn is_query(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"#<>".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_an_alias_or_a_url_with_a_path_and_a_query() {
        let target = |place, path, query| Ok(Target { place, path, query });
        for (text, expected) in [
            ("chat", target(Place::Alias("chat"), None, None)),
            ("chat/v1/models", target(Place::Alias("chat"), Some("/v1/models"), None)),
            ("c-4/a?b=c/d?e", target(Place::Alias("c-4"), Some("/a"), Some("b=c/d?e"))),
            ("https://h.example", target(Place::Authority("h.example"), None, None)),
            (
                "HTTPS://H.example:443/a/b",
                target(Place::Authority("H.example:443"), Some("/a/b"), None),
            ),
            ("https://h/a?b", target(Place::Authority("h"), Some("/a"), Some("b"))),
            ("a/b?c=https://x", target(Place::Alias("a"), Some("/b"), Some("c=https://x"))),
        ] {
            assert_eq!(Target::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_target_is_refused() {
        for text in [
            "Chat",
            "-chat",
            "ch_at",
            "chat.",
            ".",
            "/",
            "?",
            "//h/a",
            "https:",
            "https:/h/a",
            "https://",
            "https:///a",
            "http://h/a",
            "ftp://h/a",
            "chat/",
            "chat//a",
            "chat/a/",
            "chat/..",
            "chat/a;b",
            "chat/a?",
            "chat?a=b",
            "chat/a#b",
            "chat/a?b#c",
            "chat/a?b\"c",
            "chat/a?<",
            "chat/a?>",
            "chat/%2e%2e",
            "chat/%61",
            "https://h/",
            "https://h?a=b",
            "https://h/a/../b",
            "chat:443/a",
            "a@b/c",
            "1234567890123456789012345678901234567/a",
            "https:\\\\h\\a",
            "+https://h/a",
            "://h/a",
        ] {
            assert_eq!(Target::parse(text), Err(Refusal::Form), "{text}");
        }
        for text in ["", " ", "chat a", "chat\t", "ch\u{e4}t", "chat\0"] {
            assert_eq!(Target::parse(text), Err(Refusal::Characters), "{text}");
        }
        assert!(Target::parse(&format!("c/{}", "a".repeat(2046))).is_ok());
        assert_eq!(Target::parse(&format!("c/{}", "a".repeat(2047))), Err(Refusal::Length));
    }
}
