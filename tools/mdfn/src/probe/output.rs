//! The file of a report: the whole report, or the file as it was.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use tempfile::NamedTempFile;

use super::error::Error;
use super::report::Report;

/// The largest report that is looked at before it is replaced.
const MAX_REPORT_BYTES: u64 = 10 * 1024 * 1024;

/// A file beside the path, which takes its place once it is written.
pub(super) struct Output {
    path: PathBuf,
    file: NamedTempFile,
}

impl Output {
    /// Refuses a path where no report can be written, before anything is asked. A report may be
    /// replaced, and so may an empty file; any other file is kept. It creates no file: the program
    /// may be ended at the next question.
    pub(super) fn check(path: &Path) -> Result<(), Error> {
        let unwritable = |cause| Error::Unwritable(path.to_owned(), cause);
        let is_folder = path.as_os_str().as_bytes().ends_with(b"/");
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_file() => {
                if !is_replaceable(path).map_err(unwritable)? {
                    return Err(Error::Occupied(path.to_owned()));
                }
            }
            Ok(_) => return Err(Error::Occupied(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !is_folder => {}
            Err(error) => return Err(unwritable(error)),
        }
        Self::new(path).map(drop)
    }

    pub(super) fn new(path: &Path) -> Result<Self, Error> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")));
        let file = file.map_err(|cause| Error::Unwritable(path.to_owned(), cause))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Writes it whole, or not at all.
    pub(super) fn write(mut self, report: &Report) -> Result<(), Error> {
        let failed = |cause| Error::Output(self.path.clone(), cause);
        let written = serde_json::to_writer_pretty(&mut self.file, report).map_err(io::Error::from);
        written.and_then(|()| self.file.write_all(b"\n")).map_err(failed)?;
        self.file.persist(&self.path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

/// Returns whether a file is empty, or has a JSON object as a report is.
fn is_replaceable(path: &Path) -> io::Result<bool> {
    let mut text = Vec::new();
    File::open(path)?.take(MAX_REPORT_BYTES).read_to_end(&mut text)?;
    Ok(text.is_empty() || serde_json::from_slice::<Map<String, Value>>(&text).is_ok())
}
