//! Builds the release binary of the function or of the streaming server, and finds out where it is.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::error::Error;
use crate::cargo::executable;
use crate::terminal::say;

/// A binary of this workspace.
pub(super) struct Binary {
    what: &'static str,
    package: &'static str,
    name: &'static str,
    /// What does without a build.
    instead: &'static str,
}

pub(super) const FUNCTION: Binary = Binary {
    what: "function",
    package: "model-deployment-fn",
    name: "func",
    instead: "`--function FILE` runs a binary, `--image NAME` an image",
};
pub(super) const SERVER: Binary = Binary {
    what: "server",
    package: "model-deployment-server",
    name: "server",
    instead: "`--server-binary FILE` runs a binary",
};

/// The release binary of this workspace, newly built if it is not up to date.
pub(super) async fn release(binary: &Binary, cargo: Option<String>) -> Result<PathBuf, Error> {
    let Binary { what, package, name, instead } = binary;
    say(&format!("Building the {what} (release) ..."));
    let failed = |why: String| Error::Build(what, why);
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if !workspace.join("Cargo.toml").exists() {
        return Err(failed(format!("the clone that this tool was built from is gone; {instead}")));
    }
    let mut command = Command::new(cargo.as_deref().unwrap_or("cargo"));
    command.args(["build", "--release", "--locked", "--package", package, "--bin", name]);
    command.args(["--message-format", "json-render-diagnostics"]);
    command.current_dir(workspace).stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
    let output = command.output().await;
    let output =
        output.map_err(|error| failed(format!("cargo does not start: {error}; {instead}")))?;
    if !output.status.success() {
        return Err(failed(format!("cargo build: {}", output.status)));
    }
    executable(&output.stdout).ok_or_else(|| failed("cargo names no executable".to_owned()))
}
