//! Patterns of paths: literal segments, `{}` for one of any name, and `{*}` at the end for one or more.
//!
//! Source: docs/spec/oci-services.md#service-paths.

use super::plain::{is_literal_segment, is_rest, is_value, segments};

/// Stands for one segment.
const ONE: &str = "{}";
/// Stands for one segment or more, at the end.
const REST: &str = "{*}";
/// How many literal segments are in front of `{*}`, so that it does not open a whole host.
const MIN_LITERALS_BEFORE_REST: usize = 2;

/// A pattern, as it is written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Pattern(String);

impl Pattern {
    /// Reads a pattern: absolute, and its first segment literal, so that none opens everything.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let inner = text.strip_suffix(REST).and_then(|text| text.strip_suffix('/'));
        let literals = |text| segments(text).filter(|segment| is_literal_segment(segment)).count();
        let fits = |segment: &str| segment == ONE || is_literal_segment(segment);
        let open = inner.unwrap_or(text);
        let first = text.starts_with('/') && segments(text).next().is_some_and(is_literal_segment);
        let rest = inner.is_none_or(|inner| literals(inner) >= MIN_LITERALS_BEFORE_REST);
        (first && rest && segments(open).all(fits)).then(|| Self(text.to_owned()))
    }

    /// The pattern as it is written.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for a path.
    pub(super) fn fits(&self, path: &str) -> bool {
        let (mut wanted, mut given) = (segments(&self.0), segments(path));
        loop {
            match (wanted.next(), given.next()) {
                (Some(REST), Some(first)) => return is_rest(first) && given.all(is_rest),
                (Some(wanted), Some(given)) if stands_for(wanted, given) => {}
                (wanted, given) => {
                    return path.starts_with('/') && wanted.is_none() && given.is_none();
                }
            }
        }
    }

    /// Whether a path is a proper beginning of it, by whole segments.
    pub(super) fn goes_on_after(&self, base: &str) -> bool {
        let mut wanted = segments(&self.0);
        let begins = segments(base)
            .all(|given| wanted.next().is_some_and(|wanted| stands_for(wanted, given)));
        begins && wanted.next().is_some()
    }

    /// Whether it stands for one path alone.
    pub(super) fn is_literal(&self) -> bool {
        !self.has_rest() && segments(&self.0).all(|segment| segment != ONE)
    }

    /// Whether it ends in `{*}`.
    pub(super) fn has_rest(&self) -> bool {
        self.0.ends_with(REST)
    }
}

/// Whether one segment of a pattern, which is not `{*}`, stands for one of a path.
fn stands_for(wanted: &str, given: &str) -> bool {
    if wanted == ONE { is_value(given) } else { wanted == given }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    #[test]
    fn a_pattern_begins_with_a_literal_and_opens_no_host() {
        for text in ["/a", "/a/{}", "/a/{}/b/{}", "/a/b/{*}", "/a/{}/b/{*}", "/n/ns.x/b/c-d/o/{*}"]
        {
            assert!(Pattern::parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "a",
            "/",
            "//",
            "/{}",
            "/{*}",
            "/{}/a",
            "/a/{*}",
            "/a/{}/{*}",
            "/a/b/{*}/c",
            "/a/b/{*}x",
            "/a/b{*}",
            "/a{}",
            "/a/{}b",
            "/a/{x}",
            "/a/**",
            "/a/*",
            "/a/",
            "/a//b",
            "/a/..",
            "/a/.",
            "/a/%20",
            "/a/b%2F{}",
            "/a?b",
            "/a b",
            "{*}",
            "/a/b//{*}",
            "/a/{*}/{*}",
            "/a/b/{ }",
        ] {
            assert_eq!(Pattern::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_placeholder_is_one_segment_and_the_rest_is_more() {
        let table = [
            ("/a", "/a", true),
            ("/a", "/a/b", false),
            ("/a", "/A", false),
            ("/a", "a", false),
            ("/a/b", "/a", false),
            ("/a/{}", "/a/x", true),
            ("/a/{}", "/a/x%20y", true),
            ("/a/{}", "/a/x%2Fy", false),
            ("/a/{}", "/a/", false),
            ("/a/{}", "/a", false),
            ("/a/{}", "/a/x/y", false),
            ("/a/{}", "/a/{}", false),
            ("/a/{}", "/a/..", false),
            ("/a/{}/c", "/a/x/c", true),
            ("/a/{}/c", "/a/x/d", false),
            ("/a/b/{*}", "/a/b/c", true),
            ("/a/b/{*}", "/a/b/c/d%2Fe/f", true),
            ("/a/b/{*}", "/a/b", false),
            ("/a/b/{*}", "/a/b/", false),
            ("/a/b/{*}", "/a/b/c/", false),
            ("/a/b/{*}", "/a/b/c//d", false),
            ("/a/b/{*}", "/a/b/c/../d", false),
            ("/a/b/{*}", "/a/b/{*}", false),
            ("/a/b/{*}", "", false),
        ];
        for (text, path, fits) in table {
            assert_eq!(pattern(text).fits(path), fits, "{text}: {path}");
        }
    }

    #[test]
    fn a_base_is_a_beginning_by_whole_segments() {
        let table = [
            ("/a/b/{}", "", true),
            ("/a/b/{}", "/a", true),
            ("/a/b/{}", "/a/b", true),
            ("/a/b/{}", "/a/b/c", false),
            ("/a/b/{}", "/a/", false),
            ("/a/{}/c", "/a/x", true),
            ("/a/{}/c", "/a/..", false),
            ("/a/bc", "/a/b", false),
            ("/a/b/{*}", "/a/b", true),
            ("/a/b/{*}", "/a/b/c", false),
            ("/a/b/{*}", "/x", false),
        ];
        for (text, base, begins) in table {
            assert_eq!(pattern(text).goes_on_after(base), begins, "{text}: {base}");
        }
        assert!(pattern("/a/b").is_literal() && !pattern("/a/{}").is_literal());
        assert!(pattern("/a/b/{*}").has_rest() && !pattern("/a/b/{*}").is_literal());
    }
}
