//! The report: all outcomes, as JSON for a file and as text for a person.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use tempfile::NamedTempFile;

use super::error::Error;
use super::finding::Finding;
use super::ledger::Left;

#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) program: &'static str,
    pub(super) time: String,
    pub(super) region: Option<String>,
    pub(super) application: Option<String>,
    pub(super) shape: Option<String>,
    pub(super) questions: Vec<Finding>,
    /// Whether somebody ended it before its end.
    pub(super) stopped: bool,
    /// What was made and is there still.
    pub(super) left: Vec<Left>,
}

impl Report {
    /// For a person.
    pub(super) fn text(&self) -> String {
        let mut lines: Vec<String> = self.questions.iter().map(Finding::line).collect();
        if self.stopped {
            lines.push("It was stopped: not all was asked.".to_owned());
        }
        if self.left.is_empty() {
            lines.push("Nothing is left behind.".to_owned());
        }
        for left in &self.left {
            let id = left.id.as_deref().unwrap_or("no OCID is known");
            lines.push(format!("Left behind: {} ({id}): {}", left.name, left.why));
        }
        lines.join("\n")
    }
}

/// The file of a report, which can be written: that is known before anything is made.
pub(super) struct Output {
    path: PathBuf,
    file: NamedTempFile,
}

impl Output {
    pub(super) fn new(path: &Path) -> Result<Self, Error> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let made = || {
            if path.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
        };
        let file = made().map_err(|cause| Error::Output(path.to_owned(), cause))?;
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
