//! Personal data in a text: e-mail addresses and telephone numbers.

use super::words::{Word, words};

/// The fewest digits of a telephone number.
const DIGITS: usize = 7;

/// Returns the personal data in a text, in order, each with its kind.
pub(super) fn find(text: &str) -> Vec<(&'static str, Word<'_>)> {
    words(text).into_iter().filter_map(|word| Some((kind(word.text)?, word))).collect()
}

fn kind(word: &str) -> Option<&'static str> {
    let is_address = word
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'));
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let is_number = digits >= DIGITS
        && word.chars().all(|sign| sign.is_ascii_digit() || matches!(sign, '+' | '-' | '.'));
    match (is_address, is_number) {
        (true, _) => Some("EMAIL"),
        (_, true) => Some("TELEPHONE_NUMBER"),
        _ => None,
    }
}
