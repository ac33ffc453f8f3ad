//! The code of the functions that are tried.

use std::fmt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::error::Error;
use super::options::Options;
use super::question::Question;
use crate::archive::{self, Kind};

/// The smallest memory that a function may have, in MB, and the longest that a call may take.
const MEMORY: u64 = 128;
const TIMEOUT: u64 = 60;

/// One function to try.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) kind: SubjectKind,
    code: Code,
    /// The stream for results of detached calls.
    stream: Option<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum SubjectKind {
    /// An archive whose executables are linked for fixed addresses.
    Fixed,
    /// An archive of static PIEs.
    Pie,
    Image,
    /// An archive whose function is called detached.
    Detached,
}

enum Code {
    Archive { bytes: Bytes, shape: &'static str },
    Image(String),
}

impl Subject {
    /// Returns those that the questions need, read and checked.
    pub(super) fn read(options: &Options, asked: &[Question]) -> Result<Vec<Self>, Error> {
        let mut subjects = Vec::new();
        let needs = |any: &[Question]| any.iter().any(|question| asked.contains(question));
        let of_archives = [Question::NotGo, Question::Pie, Question::ColdStart];
        if let Some(path) = options.archive.as_ref().filter(|_| needs(&of_archives)) {
            subjects.push(Self::archive(path, SubjectKind::Fixed)?);
        }
        // With the other archive present, the start of this one adds nothing.
        let of_pie = if options.archive.is_some() { &of_archives[..2] } else { &of_archives };
        if let Some(path) = options.archive_pie.as_ref().filter(|_| needs(of_pie)) {
            subjects.push(Self::archive(path, SubjectKind::Pie)?);
        }
        if let Some(image) = options.image.as_ref().filter(|_| needs(&[Question::ColdStart])) {
            let code = Code::Image(image.clone());
            subjects.push(Self { kind: SubjectKind::Image, code, stream: None });
        }
        let stream = options.stream.as_ref().filter(|_| needs(&[Question::Detached]));
        let archive = match (&options.archive, &options.archive_pie) {
            (Some(path), _) => Some((path, SubjectKind::Fixed)),
            (None, Some(path)) => Some((path, SubjectKind::Pie)),
            (None, None) => None,
        };
        if let (Some(stream), Some((path, kind))) = (stream, archive) {
            let (code, kind) = (Self::archive(path, kind)?.code, SubjectKind::Detached);
            subjects.push(Self { kind, code, stream: Some(stream.clone()) });
        }
        Ok(subjects)
    }

    fn archive(path: &Path, kind: SubjectKind) -> Result<Self, Error> {
        let opened = archive::open(path);
        let (bytes, archive) = opened.map_err(|why| Error::Archive(path.to_owned(), why))?;
        if !archive.is_direct() {
            return Err(Error::Large(path.to_owned(), bytes.len()));
        }
        let (wanted, option) = match kind {
            SubjectKind::Pie => (Kind::Pie, "--archive-pie"),
            SubjectKind::Fixed | SubjectKind::Image | SubjectKind::Detached => {
                (Kind::Fixed, "--archive")
            }
        };
        let is = archive.executables.iter().map(|packed| packed.executable.kind);
        if let Some(other) = is.into_iter().find(|kind| *kind != wanted) {
            let (is, expected) = (other.name(), wanted.name());
            return Err(Error::Kind { path: path.to_owned(), is, option, expected });
        }
        let shape = archive.layout.shape();
        Ok(Self { kind, code: Code::Archive { bytes: bytes.into(), shape }, stream: None })
    }

    /// Returns the shape that an application needs for it, where that is known.
    pub(super) fn shape(&self) -> Option<&'static str> {
        match &self.code {
            Code::Archive { shape, .. } => Some(shape),
            Code::Image(_) => None,
        }
    }

    /// Returns the body that makes it. An archive has a runtime.
    pub(super) fn body(&self, application: &str, name: &str, runtime: &str) -> Value {
        let source = match &self.code {
            Code::Archive { bytes, .. } => json!({
                "sourceType": "ARCHIVE",
                "archiveSourceDetails": {
                    "archiveSourceType": "DIRECT_ARCHIVE",
                    "archiveFile": STANDARD.encode(bytes),
                },
                "runtimeConfig": {
                    "runtimeConfigType": "FUNCTION_UPDATE",
                    "functionsRuntimeName": runtime,
                },
            }),
            Code::Image(image) => json!({ "sourceType": "CONTAINER_IMAGE", "image": image }),
        };
        let mut body = json!({
            "displayName": name,
            "applicationId": application,
            "memoryInMBs": MEMORY,
            "timeoutInSeconds": TIMEOUT,
            "freeformTags": { "made-by": "mdfn probe" },
            "sourceDetails": source,
        });
        if let (Some(stream), Some(members)) = (&self.stream, body.as_object_mut()) {
            let destination = json!({ "kind": "STREAM", "streamId": stream });
            members.insert("detachedModeTimeoutInSeconds".to_owned(), json!(TIMEOUT));
            members.insert("successDestination".to_owned(), destination.clone());
            members.insert("failureDestination".to_owned(), destination);
        }
        body
    }
}

impl SubjectKind {
    /// Returns a word for names and reports.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Fixed => "archive",
            Self::Pie => "archive-pie",
            Self::Image => "image",
            Self::Detached => "detached",
        }
    }

    /// Returns whether it is for a question about archives.
    pub(super) fn is_archive(self) -> bool {
        matches!(self, Self::Fixed | Self::Pie)
    }

    pub(super) fn needs_runtime(self) -> bool {
        self != Self::Image
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Archive { bytes, shape } => write!(f, "Archive({} bytes, {shape})", bytes.len()),
            Self::Image(image) => write!(f, "Image({image})"),
        }
    }
}
