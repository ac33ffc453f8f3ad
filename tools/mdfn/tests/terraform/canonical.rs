//! The deployment specification that `mdfn gateway-spec` prints.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::NamedTempFile;

/// The secret of a server, in the run `a_server`.
const SECRET: &str = "drawn-once-and-kept";

/// The document for these arguments, with these keys on standard input where no others are named,
/// and these entries of services where one is.
pub(crate) fn canonical(arguments: &[&str], keys: &Value, services: &str) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdfn"));
    command.arg("gateway-spec").args(arguments);
    if !arguments.contains(&"--jwks-uri") {
        command.args(["--keys", "-"]);
    }
    let secret = NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), SECRET).unwrap();
    if arguments.contains(&"--server") {
        command.arg("--gateway-secret-file").arg(secret.path());
    }
    let entries = NamedTempFile::new().unwrap();
    std::fs::write(entries.path(), services).unwrap();
    if arguments.contains(&"--service") {
        command.arg("--allowed-services").arg(entries.path());
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(keys.to_string().as_bytes()).unwrap_or_default();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}
