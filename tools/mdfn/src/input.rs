//! What a command reads: a file, or standard input in its place.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Stdin};
use std::path::{Path, PathBuf};

use crate::terminal::complain;

/// The most that is read, in bytes: more than a function takes.
pub(crate) const MAX_INPUT_BYTES: u64 = 10 * 1024 * 1024;
/// The byte order mark that some editors and shells write before UTF-8. It is ignored.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A file that cannot be read or used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{what} cannot be read from {path}: {cause}", path = .path.display())]
    Unreadable { what: &'static str, path: PathBuf, cause: io::Error },
    #[error("{0} in {1} is larger than 10 MiB, the most that is read")]
    Large(&'static str, String),
    #[error("{0} in {1} is empty")]
    Empty(&'static str, String),
    #[error("{0} in {1} is not UTF-8; save the file as plain text")]
    NotText(&'static str, String),
    #[error("standard input (`-`) is named more than once; it can be read once, so name a file")]
    Twice,
}

impl Error {
    /// Returns whether there is no such file.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Unreadable { cause, .. } if cause.kind() == io::ErrorKind::NotFound)
    }
}

/// Returns all bytes of the file at `path` but a byte order mark, at most 10 MiB; `-` is standard
/// input.
pub(crate) fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, Error> {
    let bytes = if is_stdin(path) { limited(stdin()) } else { File::open(path).and_then(limited) };
    let bytes = bytes.map_err(|cause| Error::Unreadable { what, path: path.to_owned(), cause })?;
    let bytes = bytes.ok_or_else(|| Error::Large(what, path.display().to_string()))?;
    Ok(match bytes.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => rest.to_vec(),
        None => bytes,
    })
}

/// Returns the one word in the file at `path`, such as a token or a secret, without the white space
/// around it.
pub(crate) fn read_word(what: &'static str, path: &Path) -> Result<String, Error> {
    let bytes = read(what, path)?;
    let place = || path.display().to_string();
    let text = String::from_utf8(bytes).map_err(|_invalid| Error::NotText(what, place()))?;
    match text.trim_ascii() {
        "" => Err(Error::Empty(what, place())),
        word => Ok(word.to_owned()),
    }
}

/// Refuses what would read standard input twice.
pub(crate) fn check_stdin<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Result<(), Error> {
    let named = paths.into_iter().filter(|path| is_stdin(path)).count();
    if named > 1 { Err(Error::Twice) } else { Ok(()) }
}

/// Returns a `NAME=VALUE` of the command line.
pub(crate) fn assignment(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("expected `NAME=VALUE`")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(crate) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Standard input. On a terminal a message says that it is read.
pub(crate) fn stdin() -> Stdin {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        complain("mdfn: reading standard input; Ctrl-D ends it");
    }
    stdin
}

/// None if there is more than the limit.
fn limited(source: impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let mut source = source.take(MAX_INPUT_BYTES);
    source.read_to_end(&mut bytes)?;
    source.set_limit(1);
    let more = source.read(&mut [0])?;
    Ok((more == 0).then_some(bytes))
}
