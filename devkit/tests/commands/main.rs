//! Do the commands that replace the hand work of a set-up give what the services take, and say what is wrong?
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod doctor;
mod gateway_spec;
mod jwk;
mod policy;
mod predict;
mod token;

use std::io::Write;
use std::process::{Command, Stdio};

/// What a command printed, and how it ended.
#[derive(Debug)]
struct Done {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Runs `mdfn` with nothing in its environment but `variables`.
fn mdfn_with(arguments: &[&str], variables: &[(&str, &str)], input: &str) -> Done {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdfn"));
    command.args(arguments).env_clear().envs(variables.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Wrong usage ends before standard input is read.
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap_or_default();
    let output = child.wait_with_output().unwrap();
    Done {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn mdfn(arguments: &[&str], input: &str) -> Done {
    mdfn_with(arguments, &[], input)
}
