//! Builds the function's release binary, and finds out where it is.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::error::Error;
use crate::cargo::executable;
use crate::terminal::say;

/// The release binary of this workspace, newly built if it is not up to date.
pub(super) async fn release(cargo: Option<String>) -> Result<PathBuf, Error> {
    say("Building the function (release) ...");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if !workspace.join("Cargo.toml").exists() {
        return Err(Error::Build(
            "the clone that this tool was built from is gone; `--function FILE` runs a binary, `--image NAME` an image".to_owned(),
        ));
    }
    let mut command = Command::new(cargo.as_deref().unwrap_or("cargo"));
    command.args([
        "build",
        "--release",
        "--locked",
        "--package",
        "model-deployment-fn",
        "--bin",
        "func",
    ]);
    command.args(["--message-format", "json-render-diagnostics"]);
    command.current_dir(workspace).stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
    let output = command.output().await.map_err(|error| {
        let instead = "`--function FILE` runs a binary, `--image NAME` an image";
        Error::Build(format!("cargo does not start: {error}; {instead}"))
    })?;
    if !output.status.success() {
        return Err(Error::Build(format!("cargo build: {}", output.status)));
    }
    executable(&output.stdout).ok_or_else(|| Error::Build("cargo names no executable".to_owned()))
}
