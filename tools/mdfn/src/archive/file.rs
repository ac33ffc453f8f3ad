//! A file that may be large, read whole.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

/// Why it is not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("it is not a regular file")]
    NotRegular,
    #[error("it has {0} bytes; expected at most {1}")]
    Large(u64, u64),
}

/// Returns the bytes of a file, if there are no more than `limit`.
pub(crate) fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    // Before it is opened: a pipe would be waited for.
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(FileError::NotRegular);
    }
    if metadata.len() > limit {
        return Err(FileError::Large(metadata.len(), limit));
    }
    let mut bytes = Vec::new();
    // It may grow meanwhile.
    let size = fs::File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    match u64::try_from(size) {
        Ok(size) if size <= limit => Ok(bytes),
        _ => Err(FileError::Large(limit.saturating_add(1), limit)),
    }
}
