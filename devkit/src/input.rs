//! What a command reads: a file, or standard input in its place.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{what} cannot be read from {}: {cause}", .path.display())]
pub(crate) struct Error {
    what: &'static str,
    path: PathBuf,
    cause: io::Error,
}

/// All bytes of the file at `path`; `-` is standard input.
pub(crate) fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, Error> {
    let read = if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    read.map_err(|cause| Error { what, path: path.to_owned(), cause })
}
