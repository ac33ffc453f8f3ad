//! The likeness of two texts by their words.

use std::collections::BTreeSet;

/// Returns the share of the words of `query` that are in `text`, from 0 to 1.
pub(super) fn share_of_words(query: &str, text: &str) -> f64 {
    let (wanted, there) = (words(query), words(text));
    let common = wanted.intersection(&there).count();
    match (u32::try_from(common), u32::try_from(wanted.len())) {
        (Ok(common), Ok(all)) if all > 0 => f64::from(common) / f64::from(all),
        _ => 0.0,
    }
}

fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}
