//! What keeps an executable from being built.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use crate::archive::{Architecture, NotExecutable};

/// Why there is no executable.
#[derive(Debug, thiserror::Error)]
pub(in crate::package) enum BuildError {
    #[error("{0} does not start: {1}; `--binary FILE` packs an executable that is built already")]
    Start(&'static str, io::Error),
    #[error("{0} failed: {1}")]
    Failed(&'static str, ExitStatus),
    #[error("{0} cannot be understood: {1}")]
    Misunderstood(&'static str, String),
    #[error("cargo names no executable")]
    NoExecutable,
    #[error("no package {0} is in the workspace; expected one of {1}")]
    NoPackage(String, String),
    #[error(
        "the folder's manifest is of a workspace, and has no package; choose one with `--package`: {0}"
    )]
    WhichPackage(String),
    #[error("package `{0}` has no binary")]
    NoBinary(String),
    #[error("package `{0}` has no binary `{1}`; expected one of {2}")]
    WrongBinary(String, String, String),
    #[error("package `{0}` has several binaries; choose one with `--bin`: {1}")]
    WhichBinary(String, String),
    #[error(
        "this machine is `{0}`; an executable is built on Linux of x86_64 or aarch64, and `--binary FILE` packs one from anywhere"
    )]
    Host(String),
    #[error("an executable for {architecture} cannot be built here; install {missing}", missing = missing.join(" and "))]
    Missing { architecture: Architecture, missing: Vec<String> },
    #[error("what was built cannot be packed: {path}: {1}", path = .0.display())]
    Linked(PathBuf, NotExecutable),
}

impl BuildError {
    /// 2 where another command line would help.
    pub(in crate::package) fn exit_code(&self) -> u8 {
        match self {
            Self::NoPackage(..)
            | Self::WhichPackage(_)
            | Self::NoBinary(_)
            | Self::WrongBinary(..)
            | Self::WhichBinary(..) => 2,
            Self::Start(..)
            | Self::Failed(..)
            | Self::Misunderstood(..)
            | Self::NoExecutable
            | Self::Host(_)
            | Self::Missing { .. }
            | Self::Linked(..) => 1,
        }
    }
}
