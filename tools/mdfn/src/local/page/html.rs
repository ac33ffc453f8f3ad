//! What all pages have: the document around them, its one style, and the form of what somebody else
//! said.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("style.css");
/// The most that is shown of one text, in characters.
const MAX_CHARACTERS: usize = 300;

/// Text of anybody's, as it is shown: it reads from left to right, and has an end.
pub(super) fn shown(text: &str) -> String {
    let visible = |char| if is_hidden(char) { char::REPLACEMENT_CHARACTER } else { char };
    let mut shown: String = text.chars().take(MAX_CHARACTERS).map(visible).collect();
    if text.chars().nth(MAX_CHARACTERS).is_some() {
        shown.push('…');
    }
    shown
}

/// Returns what is invisible, or changes how others are seen: controls, and the marks that turn the
/// direction of writing.
fn is_hidden(char: char) -> bool {
    let marks = ['\u{61c}', '\u{feff}'];
    char.is_control()
        || marks.contains(&char)
        || ('\u{200b}'..='\u{200f}').contains(&char)
        || ('\u{2028}'..='\u{202e}').contains(&char)
        || ('\u{2060}'..='\u{206f}').contains(&char)
}

/// Returns a whole document.
pub(super) fn document(title: &str, head: &Markup, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                (head)
                title { (shown(title)) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    }
}

/// Returns a name and its value.
pub(super) fn definition(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// Returns a document with one message.
pub(super) fn message(text: &str) -> Markup {
    let body = html! {
        h1 { (shown(text)) }
        p { a href="/" { "All requests" } }
    };
    document("mdfn local", &Markup::default(), &body)
}

/// Returns what a page may do: use its own style, and nothing else.
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
    fn text_reads_from_left_to_right_and_has_an_end() {
        for (text, expected) in [
            ("a\u{202e}b\u{200b}c\nd\u{2066}", "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}"),
            ("größe", "größe"),
        ] {
            assert_eq!(shown(text), expected);
        }
        assert_eq!(shown(&"é".repeat(301)), "é".repeat(300) + "…");
        assert_eq!(shown(&"é".repeat(300)), "é".repeat(300));
    }

    #[test]
    fn text_stays_text_in_an_element_and_in_an_attribute() {
        let hostile = "<script>\"&";
        let page = html! { p title=(hostile) { (hostile) } }.into_string();
        let escaped = "&lt;script&gt;&quot;&amp;";
        assert_eq!(page, format!("<p title=\"{escaped}\">{escaped}</p>"));
    }
}
