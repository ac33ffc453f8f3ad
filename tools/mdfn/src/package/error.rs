//! What keeps `mdfn package` from making an archive.

use std::io;
use std::path::PathBuf;

use super::build::BuildError;
use crate::archive::{self, Architecture, FileError, NotExecutable};

/// Why there is no archive. An existing file is unchanged.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("`--binary {path}`: {0}", path = .1.display())]
    File(FileError, PathBuf),
    #[error("`{path}` cannot be packed: {0}", path = .1.display())]
    NotExecutable(NotExecutable, PathBuf),
    #[error("the executables are for {0} and {0}; expected one for each of x86_64 and aarch64")]
    Same(Architecture),
    #[error("{0} executables were named; an archive has one, or two for two architectures")]
    Many(usize),
    #[error("`--arch {asked}` asks for {expected}; the executables are for {found}")]
    Arch { asked: &'static str, expected: String, found: String },
    #[error("the archive would be refused: {0}")]
    Refused(archive::Error),
    #[error("{path}: {0}", path = .1.display())]
    Found(archive::Error, PathBuf),
    #[error("`--output {path}` is not a ZIP archive, and is not replaced; name another file, or remove it", path = .0.display())]
    Occupied(PathBuf),
    #[error("`--output {path}` cannot be written: {0}", path = .1.display())]
    Unwritable(io::Error, PathBuf),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error("the archive cannot be packed: {0}")]
    Pack(io::Error),
}

impl Error {
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Build(error) => error.exit_code(),
            Self::File(..)
            | Self::NotExecutable(..)
            | Self::Same(_)
            | Self::Many(_)
            | Self::Arch { .. }
            | Self::Refused(_)
            | Self::Occupied(_)
            | Self::Found(archive::Error::Unreadable(_), _) => 2,
            Self::Unwritable(..) | Self::Pack(_) | Self::Found(..) => 1,
        }
    }
}
