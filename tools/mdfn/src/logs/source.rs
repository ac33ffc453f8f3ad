//! Where a log comes from: a file or standard input, compressed or not.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::input;

/// How a file of gzip begins.
const GZIP: &[u8] = b"\x1f\x8b";
/// How UTF-16 begins, which PowerShell writes.
const UTF_16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// Returns the text of the log at `path`, unpacked; `-` is standard input.
pub(super) fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let source: Box<dyn Read> =
        if input::is_stdin(path) { Box::new(input::stdin()) } else { Box::new(File::open(path)?) };
    let (head, source) = peek(source)?;
    if head.starts_with(GZIP) { text(MultiGzDecoder::new(source)) } else { text(source) }
}

/// The same without a byte order mark.
fn text(source: impl Read + 'static) -> io::Result<Box<dyn BufRead>> {
    let (head, mut source) = peek(source)?;
    if UTF_16.iter().any(|mark| head.starts_with(mark)) {
        let reason = "it is UTF-16; save it as UTF-8 (`iconv -f UTF-16 -t UTF-8`)";
        return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
    }
    if head.starts_with(input::BYTE_ORDER_MARK) {
        source.consume(input::BYTE_ORDER_MARK.len());
    }
    Ok(Box::new(source))
}

/// Returns the first three bytes, which are read again afterwards; fewer where there are no more.
fn peek(mut source: impl Read + 'static) -> io::Result<(Vec<u8>, impl BufRead + 'static)> {
    let mut head = Vec::new();
    source.by_ref().take(3).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(BufReader::new(source))))
}
