//! `mdfn package`: an archive that OCI Functions makes a function of, without an image, a container
//! engine or a registry.

mod build;
mod error;
mod options;
mod output;
mod summary;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::archive::{self, Architecture, Executable, Layout, MAX_UNPACKED_BYTES, open, read_file};
use crate::terminal::{complain, deliver};

use error::Error;
pub use options::Options;

/// Carries the command out; `variable` reads the environment.
pub fn run(options: &Options, variable: fn(&str) -> Option<String>) -> ExitCode {
    let done = match &options.check {
        Some(path) => check(path),
        None => make(options, variable),
    };
    match done {
        Ok(text) => deliver("mdfn package", text.trim_end()),
        Err(error) => {
            complain(&format!("mdfn package: {error}"));
            ExitCode::from(error.exit_code())
        }
    }
}

/// Checks an existing archive.
fn check(path: &Path) -> Result<String, Error> {
    let (_bytes, archive) = open(path).map_err(|error| Error::Found(error, path.to_owned()))?;
    Ok(summary::summary(path, &archive))
}

fn make(options: &Options, variable: fn(&str) -> Option<String>) -> Result<String, Error> {
    output::check(&options.output)?;
    let files = if options.binary.is_empty() {
        let asked = options.arch.map(options::Arch::architectures);
        build::executables(&options.build, asked.as_deref(), variable)?
    } else {
        given(options)?
    };
    let layout = layout(options, &files)?;
    let executables: Vec<_> =
        files.iter().map(|(executable, bytes)| (executable.architecture, &bytes[..])).collect();
    let bytes = archive::write(layout, &executables).map_err(Error::Pack)?;
    // Checked as at its deployment.
    let archive = archive::read(&bytes).map_err(Error::Refused)?;
    output::write(&options.output, &bytes)?;
    let summary = summary::summary(&options.output, &archive);
    Ok(summary + &summary::next(&options.output, &archive))
}

/// An executable, and its bytes.
type File = (Executable, Vec<u8>);

/// Returns the executables that were named.
fn given(options: &Options) -> Result<Vec<File>, Error> {
    if options.binary.len() > Architecture::ALL.len() {
        return Err(Error::Many(options.binary.len()));
    }
    let read = |path: &PathBuf| {
        let bytes = read_file(path, MAX_UNPACKED_BYTES);
        let bytes = bytes.map_err(|error| Error::File(error, path.clone()))?;
        let executable = Executable::parse(&bytes);
        let executable = executable.map_err(|error| Error::NotExecutable(error, path.clone()))?;
        Ok((executable, bytes))
    };
    options.binary.iter().map(read).collect()
}

/// Returns the layout for these executables, if it is the one that was asked for.
fn layout(options: &Options, files: &[File]) -> Result<Layout, Error> {
    let mut found: Vec<_> = files.iter().map(|(executable, _)| executable.architecture).collect();
    found.sort_unstable();
    if let Some(asked) = options.arch.filter(|asked| asked.architectures() != found) {
        let names = |architectures: &[Architecture]| {
            let names: Vec<_> = architectures.iter().map(ToString::to_string).collect();
            names.join(" and ")
        };
        return Err(Error::Arch {
            asked: asked.name(),
            expected: names(&asked.architectures()),
            found: names(&found),
        });
    }
    match found[..] {
        [one] => Ok(Layout::One(one)),
        [one, other] if one == other => Err(Error::Same(one)),
        _ => Ok(Layout::Both),
    }
}
