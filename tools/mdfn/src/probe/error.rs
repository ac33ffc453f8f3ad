//! Why nothing was asked, or why there is no report.

use std::io;
use std::path::PathBuf;

use crate::access;
use crate::archive;
use crate::client;
use crate::error_chain::chain;
use crate::input;

#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Access(#[from] access::Error),
    #[error(transparent)]
    Client(#[from] client::Error),
    #[error(transparent)]
    Input(#[from] input::Error),
    #[error("the archive {path} would not become a function: {1}", path = .0.display())]
    Archive(PathBuf, archive::Error),
    #[error("the archive {path} has {1} bytes; a call accepts 25 MB, and more is not tried here", path = .0.display())]
    Large(PathBuf, usize),
    #[error("the executable of {path} is {is}; `{option}` takes {expected}", path = .path.display())]
    Kind { path: PathBuf, is: &'static str, option: &'static str, expected: &'static str },
    #[error(
        "the application is named and not its compartment; name that with --compartment, or the application by its OCID"
    )]
    NoCompartment,
    #[error("there is nothing to ask: {0}")]
    NothingToAsk(String),
    #[error(
        "there is no terminal to ask on; `--yes` skips the question, `--dry-run` shows the requests"
    )]
    NoTerminal,
    #[error("`--output {path}` is neither empty nor a report, and is not replaced; name another file, or remove it", path = .0.display())]
    Occupied(PathBuf),
    #[error("the report cannot be written to {path}, and nothing was asked: {1}", path = .0.display())]
    Unwritable(PathBuf, io::Error),
    #[error("the report cannot be written to {path}: {1}", path = .0.display())]
    Output(PathBuf, io::Error),
    #[error("standard output cannot be written: {0}")]
    Stdout(io::Error),
    #[error("Ctrl-C cannot be waited for, and nothing was begun: {0}")]
    Signals(io::Error),
    #[error(
        "the compartment has {count} applications named {name}; expected one: name it by its OCID"
    )]
    Applications { name: String, count: usize },
    #[error(
        "the application {application} is of shape {shape}, and an archive is for {archive}; name an application of that shape"
    )]
    Shape { application: String, shape: String, archive: &'static str },
    #[error("the variables about regions are not understood: {0}")]
    Regions(String),
    #[error("nothing was done")]
    Declined,
    #[error("the application cannot be read: {why}. Nothing was made", why = chain(.0))]
    Application(oracle_cloud_client::Error),
}

impl Error {
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Output(..)
            | Self::Stdout(_)
            | Self::Applications { .. }
            | Self::Shape { .. }
            | Self::Declined => 1,
            Self::Access(_)
            | Self::Client(_)
            | Self::Input(_)
            | Self::Archive(..)
            | Self::Large(..)
            | Self::Kind { .. }
            | Self::NoCompartment
            | Self::NothingToAsk(_)
            | Self::Regions(_)
            | Self::NoTerminal
            | Self::Occupied(_)
            | Self::Unwritable(..)
            | Self::Signals(_) => 2,
            Self::Application(_) => 3,
        }
    }
}
