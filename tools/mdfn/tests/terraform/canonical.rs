//! The deployment specification that `mdfn gateway-spec` prints.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

/// The document for these arguments, with these keys on standard input where no others are named.
pub(crate) fn canonical(arguments: &[&str], keys: &Value) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdfn"));
    command.arg("gateway-spec").args(arguments);
    if !arguments.contains(&"--jwks-uri") {
        command.args(["--keys", "-"]);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(keys.to_string().as_bytes()).unwrap_or_default();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}
