//! The lines of a log, and the bytes of a document that goes over several of them.

use std::cell::Cell;
use std::io::{self, BufRead, Read};

/// More than any line or entry that a log keeps, in bytes; the rest of a longer line is a line of
/// its own.
const MAX_LINE_BYTES: u64 = 1024 * 1024;

/// One line at a time; nothing else of the log is kept.
#[derive(Debug)]
pub(super) struct Lines<'place, R> {
    source: R,
    line: Vec<u8>,
    at: usize,
    place: &'place Place,
}

/// The position of the reading, for those who follow its progress.
#[derive(Debug, Default)]
pub(super) struct Place {
    number: Cell<u64>,
    /// How many bytes a document may still have.
    left: Cell<u64>,
}

impl Place {
    /// Returns the number of the line, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number.get()
    }

    /// What comes now may be as long as any line.
    pub(super) fn begin_entry(&self) {
        self.left.set(MAX_LINE_BYTES);
    }
}

impl<'place, R: BufRead> Lines<'place, R> {
    pub(super) fn new(source: R, place: &'place Place) -> Self {
        Self { source, line: b"\n".to_vec(), at: 1, place }
    }

    /// Goes to the next line; false at the end.
    pub(super) fn advance(&mut self) -> io::Result<bool> {
        let number = self.place.number() + u64::from(self.line.ends_with(b"\n"));
        self.place.number.set(number);
        self.line.clear();
        self.at = 0;
        Ok(self.source.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut self.line)? > 0)
    }

    /// Returns the rest of the line that is not read yet.
    pub(super) fn rest(&self) -> &[u8] {
        self.line.get(self.at..).unwrap_or_default()
    }

    /// Counts blanks, and the commas between entries that somebody copied, as read.
    pub(super) fn skip_blanks(&mut self) {
        let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
        self.at += self.rest().iter().take_while(|byte| blank(byte)).count();
    }

    /// Returns how many bytes of the line have been read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Has the line be read again from there.
    pub(super) fn rewind(&mut self, at: usize) {
        self.at = at;
    }
}

/// The bytes from here on, over the ends of lines. An entry that is too long is the end of them.
impl<R: BufRead> Read for Lines<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.place.left.get();
        if left == 0 || (self.rest().is_empty() && !self.advance()?) {
            return Ok(0);
        }
        // The parser asks for one byte at a time, so that none behind a document is taken.
        let count = self.rest().read(buffer)?;
        self.at += count;
        self.place.left.set(left.saturating_sub(u64::try_from(count).unwrap_or(left)));
        Ok(count)
    }
}
