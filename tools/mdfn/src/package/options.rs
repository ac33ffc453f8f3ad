//! What the command takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::archive::Architecture;

const AFTER_HELP: &str = "\
An application of shape GENERIC_X86 or GENERIC_ARM takes an archive for its architecture; GENERIC_X86_ARM takes one for
both.

Without --binary it builds the package of the current folder, which may be any function: in release, statically linked,
at fixed addresses as Go links by default, and without a path of this machine. RUSTFLAGS counts; `rustflags` in a
configuration file of cargo does not. Arm is built on x86 with `aarch64-linux-gnu-gcc`, x86 on Arm with
`x86_64-linux-gnu-gcc`. The same sources, compiler and options give the same bytes in any folder.

Exit code: 0, 1 if it cannot be built or written or --check finds something, 2 for wrong usage or a file that cannot be
packed.

Examples:
  mdfn package
  mdfn package --binary target/x86/func --binary target/arm/func --output models.zip
  mdfn package --check function.zip";

/// Packs a function into an archive for OCI Functions, instead of an image
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct Options {
    /// Pack this static executable instead of building one; twice for two architectures
    #[arg(long, value_name = "FILE", conflicts_with = "Build")]
    pub(super) binary: Vec<PathBuf>,
    /// Architecture of the application; default: of the executables, or of this machine
    #[arg(long, value_enum, hide_possible_values = true, value_name = "x86|arm|both")]
    pub(super) arch: Option<Arch>,
    /// Archive to write; an existing one is replaced
    #[arg(long, short, value_name = "PATH", default_value = "function.zip")]
    pub(super) output: PathBuf,
    #[command(flatten)]
    pub(super) build: Build,
    /// Check whether OCI Functions should accept this archive, whoever made it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["binary", "arch", "output", "Build"])]
    pub(super) check: Option<PathBuf>,
}

/// How cargo builds it.
#[derive(Args, Debug)]
#[group(id = "Build", multiple = true)]
pub(super) struct Build {
    /// Link a position-independent executable, a static PIE
    #[arg(long, overrides_with = "no_pie")]
    pub(super) pie: bool,
    /// Link for fixed addresses, the default
    #[arg(long, overrides_with = "pie")]
    pub(super) no_pie: bool,
    /// Package, if the workspace has several
    #[arg(long, short, value_name = "NAME")]
    pub(super) package: Option<String>,
    /// Binary, if the package has several
    #[arg(long, value_name = "NAME")]
    pub(super) bin: Option<String>,
    /// Manifest of the package
    #[arg(long, value_name = "PATH")]
    pub(super) manifest_path: Option<PathBuf>,
    /// Fail if Cargo.lock is not up to date
    #[arg(long)]
    pub(super) locked: bool,
}

/// What an archive is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Arch {
    X86,
    Arm,
    Both,
}

impl Arch {
    pub(super) fn architectures(self) -> Vec<Architecture> {
        match self {
            Self::X86 => vec![Architecture::X86],
            Self::Arm => vec![Architecture::Arm],
            Self::Both => Architecture::ALL.to_vec(),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::X86 => "x86",
            Self::Arm => "arm",
            Self::Both => "both",
        }
    }
}
