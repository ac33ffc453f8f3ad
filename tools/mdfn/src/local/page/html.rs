//! What all pages have: the document around them, its one style, and the form of what somebody else said.

use std::fmt::{self, Display, Formatter, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("style.css");
/// The most that is shown of one text, in characters.
const LONGEST: usize = 300;

/// Text of anybody's, for the content or a quoted attribute of an element: it stays text, reads from left to right, and has an end.
pub(super) struct Text<'a>(pub(super) &'a str);

impl Display for Text<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for char in self.0.chars().take(LONGEST) {
            match char {
                '&' => out.write_str("&amp;")?,
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '"' => out.write_str("&quot;")?,
                '\'' => out.write_str("&#39;")?,
                _ if is_hidden(char) => out.write_char(char::REPLACEMENT_CHARACTER)?,
                _ => out.write_char(char)?,
            }
        }
        if self.0.chars().nth(LONGEST).is_some() { out.write_char('…') } else { Ok(()) }
    }
}

/// What is not seen, or changes how others are seen: controls, and the marks that turn the direction of writing.
fn is_hidden(char: char) -> bool {
    let marks = ['\u{61c}', '\u{feff}'];
    char.is_control()
        || marks.contains(&char)
        || ('\u{200b}'..='\u{200f}').contains(&char)
        || ('\u{2028}'..='\u{202e}').contains(&char)
        || ('\u{2060}'..='\u{206f}').contains(&char)
}

/// A whole document. `head` and `body` are HTML already.
pub(super) fn document(title: &str, head: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n{head}\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        Text(title)
    )
}

/// A name and its value, which is HTML already.
pub(super) fn definition(name: &str, value: &str) -> String {
    format!("<div><dt>{name}</dt><dd>{value}</dd></div>\n")
}

/// A document that says one thing.
pub(super) fn message(text: &str) -> String {
    document(
        "mdfn local",
        "",
        &format!("<h1>{}</h1>\n<p><a href=\"/\">All calls</a></p>\n", Text(text)),
    )
}

/// What a page may do: be styled by its own style, and nothing else.
pub(super) fn policy() -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_reads_from_left_to_right_and_has_an_end() {
        for (text, shown) in [
            ("<script>'\"&", "&lt;script&gt;&#39;&quot;&amp;"),
            ("a\u{202e}b\u{200b}c\nd\u{2066}", "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}"),
            ("größe", "größe"),
        ] {
            assert_eq!(Text(text).to_string(), shown);
        }
        let long = Text(&"é".repeat(301)).to_string();
        assert_eq!(long, "é".repeat(300) + "…");
        assert_eq!(Text(&"é".repeat(300)).to_string(), "é".repeat(300));
    }
}
