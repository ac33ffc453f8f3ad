//! The words of a text and their offsets in characters.

/// One word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) offset: usize,
}

impl Word<'_> {
    pub(super) fn length(self) -> usize {
        self.text.chars().count()
    }
}

/// Splits a text at spaces, and removes signs around the words.
pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    let is_sign = |sign: char| !sign.is_alphanumeric() && sign != '+';
    let mut words = Vec::new();
    let mut offset = 0;
    for word in text.split(' ') {
        let start = word.trim_start_matches(is_sign);
        let before = word.chars().count() - start.chars().count();
        let core = start.trim_end_matches(is_sign);
        if !core.is_empty() {
            words.push(Word { text: core, offset: offset + before });
        }
        offset += word.chars().count() + 1;
    }
    words
}
