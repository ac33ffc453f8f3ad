//! Runs a program of the toolchain.

use std::process::Command;

use super::error::BuildError;

/// Returns the output of a program, if it succeeds.
pub(super) fn run(command: &mut Command, name: &'static str) -> Result<Vec<u8>, BuildError> {
    let output = command.output().map_err(|error| BuildError::Start(name, error))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(BuildError::Failed(name, output.status))
    }
}
