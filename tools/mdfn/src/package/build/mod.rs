//! Builds the executables with cargo.

mod error;
mod flags;
mod process;
mod target;
mod toolchain;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::archive::{Architecture, Executable};
use crate::cargo::executable;
use crate::terminal::complain;

use super::options::Build;
use process::run;
use target::Target;
use toolchain::Toolchain;

pub(super) use error::BuildError;

/// Returns the executables for these architectures, or for this machine's.
pub(super) fn executables(
    options: &Build,
    asked: Option<&[Architecture]>,
    variable: fn(&str) -> Option<String>,
) -> Result<Vec<(Executable, Vec<u8>)>, BuildError> {
    let cargo = variable("CARGO").unwrap_or_else(|| "cargo".to_owned());
    let target = Target::find(&cargo, options)?;
    let host = toolchain::host(variable)?;
    // Everything that is missing is reported before minutes of work.
    let toolchains = match asked {
        Some(asked) => asked.to_vec(),
        None => vec![host.architecture],
    };
    let toolchains = toolchains.into_iter().map(|wanted| Toolchain::find(wanted, &host, variable));
    let toolchains: Vec<Toolchain> = toolchains.collect::<Result<_, _>>()?;
    let build = |toolchain: &Toolchain| build(&cargo, options, &target, toolchain, variable);
    toolchains.iter().map(build).collect()
}

fn build(
    cargo: &str,
    options: &Build,
    target: &Target,
    toolchain: &Toolchain,
    variable: fn(&str) -> Option<String>,
) -> Result<(Executable, Vec<u8>), BuildError> {
    let command = |name: &str| {
        let mut command = Command::new(cargo);
        command
            .arg(name)
            .arg("--manifest-path")
            .arg(&target.manifest)
            .args(["--target", &toolchain.triple]);
        command.args(options.locked.then_some("--locked"));
        command.stdin(Stdio::null()).stderr(Stdio::inherit());
        command
    };
    complain(&format!("Building {} for {} (release) ...", target.binary, toolchain.architecture));
    // The compiler gets the folders of the sources, so they must exist.
    run(command("fetch").arg("--quiet"), "cargo fetch")?;
    let mut build = command("build");
    build.args(["--release", "--package", &target.package, "--bin", &target.binary]);
    build.args(["--message-format", "json-render-diagnostics"]);
    build.env("CARGO_ENCODED_RUSTFLAGS", flags::encoded(options.pie, &target.workspace, variable));
    build.envs(toolchain.linker.iter().map(|(name, value)| (name, value)));
    let messages = run(&mut build, "cargo build")?;
    let path = executable(&messages).ok_or(BuildError::NoExecutable)?;
    packed(&path)
}

/// Returns the built executable, if it is what it should be.
fn packed(path: &Path) -> Result<(Executable, Vec<u8>), BuildError> {
    let bytes = fs::read(path).map_err(|error| BuildError::Start("the executable", error))?;
    let executable = Executable::parse(&bytes);
    Ok((executable.map_err(|error| BuildError::Linked(path.to_owned(), error))?, bytes))
}
