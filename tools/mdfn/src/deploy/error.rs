//! Why nothing was deployed, or why the result is unknown.

use std::io;
use std::path::PathBuf;

use super::advice::{Doing, sentence};
use crate::access;
use crate::archive;
use crate::error_chain::chain;
use crate::input;

/// Why a command line did not lead to a function.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Input(#[from] input::Error),
    #[error("the archive {path} would not become a function: {1}", path = .0.display())]
    Archive(PathBuf, archive::Error),
    #[error("the archive has {0} bytes, and the call takes 25 MB; name a bucket with --bucket")]
    NoBucket(usize),
    #[error(
        "`--config {0}` names a variable that is not set; write it, or put it into --config-file"
    )]
    NoVariable(String),
    #[error("the setting {0} is given twice")]
    SettingTwice(String),
    #[error("the tag {0} is given twice")]
    TagTwice(String),
    #[error(
        "`--config-file` is not a JSON object in line {0}; expected {{\"NAME\": \"text\", ...}}"
    )]
    SettingsFile(usize),
    #[error("`--config-file`: {0} is not a text; expected \"...\" around its value")]
    SettingKind(String),
    #[error(
        "`--config-file`: `{0}` is not the name of a setting; expected letters, digits and `_`, and no digit first"
    )]
    SettingName(String),
    #[error("the settings have {0} bytes, names and values together; the service takes 4096")]
    SettingsLarge(usize),
    #[error(
        "the function would not start with these settings: {0} (`--any-function` deploys a function whose settings are not known here)"
    )]
    WouldNotStart(String),
    #[error(
        "the application is named and not its compartment; name that with --compartment, or the application by its OCID"
    )]
    NoCompartment,
    #[error(
        "there is no terminal to ask on; `--yes` skips the question, `--dry-run` shows the requests"
    )]
    NoTerminal,
    #[error(transparent)]
    Access(#[from] access::Error),
    #[error(
        "the compartment has {count} applications named {name}; expected one: name it by its OCID"
    )]
    Applications { name: String, count: usize },
    #[error(
        "the application {application} is of shape {shape}, and this archive is for {archive}; make the archive for {shape}, or name an \
         application of shape {archive}: the shape of an application cannot be changed"
    )]
    Shape { application: String, shape: String, archive: &'static str },
    #[error(
        "the function is made of {is}, and cannot be made of {wanted} instead: that is a new function with a new OCID, so the dynamic \
         group needs a new rule and the gateway a new target. Choose another name with --name, or delete this one first ({id})"
    )]
    OtherKind { id: String, is: String, wanted: &'static str },
    #[error("no runtime is active whose language is Go; active are: {0}. Name one with --runtime")]
    NoRuntime(String),
    #[error("several active runtimes are for Go: {0}. Name one with --runtime")]
    Runtimes(String),
    #[error("nothing was done")]
    Declined,
    #[error("{doing}: {why}. {advice}", why = chain(.source), advice = sentence(*.doing, .source))]
    Service { doing: Doing, source: oracle_cloud_client::Error },
    #[error(
        "the function {0}: the service names no etag, so somebody else's change could be lost; nothing was changed"
    )]
    NoEtag(String),
    #[error(
        "the function {id} is not ready after {seconds} s; the service said {state}. It continues without this command; look at it with `oci fn function get \
         --function-id {id}`, or run the same command again"
    )]
    NotReady { id: String, state: String, seconds: u64 },
    #[error(
        "the function {id}: the service says {state}{why}. Its page in the console has the work requests. Whether a function that failed \
         can be changed is not known: run the same command again, or delete it with `oci fn function delete --function-id {id}` before"
    )]
    Failed { id: String, state: String, why: String },
    #[error("standard output cannot be written: {0}")]
    Output(io::Error),
}

impl Error {
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Applications { .. }
            | Self::Shape { .. }
            | Self::OtherKind { .. }
            | Self::NoRuntime(_)
            | Self::Runtimes(_)
            | Self::Declined
            | Self::Failed { .. }
            | Self::Output(_) => 1,
            Self::Input(_)
            | Self::Archive(..)
            | Self::NoBucket(_)
            | Self::NoVariable(_)
            | Self::SettingTwice(_)
            | Self::TagTwice(_)
            | Self::SettingsFile(_)
            | Self::SettingKind(_)
            | Self::SettingName(_)
            | Self::SettingsLarge(_)
            | Self::WouldNotStart(_)
            | Self::NoCompartment
            | Self::NoTerminal
            | Self::Access(_) => 2,
            Self::Service { .. } | Self::NotReady { .. } | Self::NoEtag(_) => 3,
        }
    }
}
