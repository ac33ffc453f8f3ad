//! Counts the tokens of an answer that is passed on while it comes.

use crate::services::Tokens;

/// As much of the end of an answer is looked at: there the usage stands, or in the last events of a stream.
const TAIL_BYTES: usize = 4 * 1024;

/// The end of an answer that passes by in pieces.
#[derive(Default)]
pub(super) struct TokenCounter(Vec<u8>);

impl TokenCounter {
    /// The next piece of the answer.
    pub(super) fn push(&mut self, piece: &[u8]) {
        let skipped = piece.len().saturating_sub(TAIL_BYTES);
        let piece = piece.get(skipped..).unwrap_or_default();
        let Self(tail) = self;
        tail.drain(..tail.len().saturating_sub(TAIL_BYTES - piece.len()));
        tail.extend_from_slice(piece);
    }

    /// What was kept of it.
    pub(super) fn end(&self) -> &[u8] {
        &self.0
    }

    /// What the answer said so far of its tokens.
    pub(super) fn tokens(&self) -> Tokens {
        Tokens::of_end(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_an_answer_is_kept() {
        let end = br#","usage":{"prompt_tokens":3,"completion_tokens":5}}"#;
        for size in [1, 4095, 4096, 4097, 1_000_000] {
            let mut counter = TokenCounter::default();
            counter.push(&vec![b'x'; size]);
            counter.push(end);
            let used = Tokens { input: Some(3), output: Some(5) };
            assert_eq!(counter.tokens(), used, "after {size}");
            counter.push(&vec![b'x'; 5000]);
            assert_eq!(counter.tokens(), Tokens::default());
        }
    }

    #[test]
    fn it_does_not_matter_how_an_answer_is_cut() {
        let answer = "data: {\"usage\":{\"completion_tokens\":1}}\n\n\
                      data: {\"usage\":{\"completion_tokens\":2}}\n\n";
        for size in [1, 7, 100] {
            let mut counter = TokenCounter::default();
            answer.as_bytes().chunks(size).for_each(|piece| counter.push(piece));
            assert_eq!(counter.tokens(), Tokens { input: None, output: Some(2) });
        }
    }
}
