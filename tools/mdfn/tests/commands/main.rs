//! Do the commands that replace the hand work of a set-up give what the services take, and say what
//! is wrong?
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod conformance;
mod deploy;
mod doctor;
mod gateway_spec;
mod help;
mod invoke;
mod invoke_detached;
mod jwk;
mod local;
mod logs;
mod new;
mod package;
mod policy;
mod predict;
mod probe;
mod sign;
mod token;
mod validate;

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread::spawn;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// The longest that a command may take, a build that others wait for included.
const BOUND: Duration = Duration::from_secs(300);

/// What a command printed, and how it ended.
#[derive(Debug)]
struct Done {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Runs `mdfn` with nothing in its environment but `variables`.
fn mdfn_with(arguments: &[&str], variables: &[(&str, &str)], input: &str) -> Done {
    run(arguments, variables, input.as_bytes(), Stdio::piped())
}

fn mdfn(arguments: &[&str], input: &str) -> Done {
    mdfn_with(arguments, &[], input)
}

/// Runs `mdfn` with what cargo and tar are found by.
#[expect(clippy::disallowed_methods, reason = "cargo is run, in the environment of this test")]
fn mdfn_with_cargo(arguments: &[&str]) -> Done {
    let names = ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];
    let set = std::env::vars().filter(|(name, _)| names.contains(&name.as_str()));
    let set: Vec<(String, String)> = set.collect();
    let set: Vec<(&str, &str)> = set.iter().map(|(name, value)| (&**name, &**value)).collect();
    mdfn_with(arguments, &set, "")
}

/// Runs `mdfn` with a full disk for its result.
fn mdfn_full(arguments: &[&str], input: &str) -> Done {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    run(arguments, &[], input.as_bytes(), full.into())
}

fn run(arguments: &[&str], variables: &[(&str, &str)], input: &[u8], stdout: Stdio) -> Done {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdfn"));
    command.args(arguments).env_clear().envs(variables.iter().copied());
    command.stdin(Stdio::piped()).stdout(stdout).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Wrong usage ends before standard input is read.
    child.stdin.take().unwrap().write_all(input).unwrap_or_default();
    let process = Pid::from_child(&child);
    let (ended, end) = channel();
    spawn(move || ended.send(child.wait_with_output()));
    let Ok(output) = end.recv_timeout(BOUND) else {
        kill_process(process, Signal::KILL).unwrap();
        panic!("{arguments:?} does not end");
    };
    let output = output.unwrap();
    Done {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The URL of a server that gives everybody this answer.
fn answering(status: &str, body: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while stream.read_line(&mut line).unwrap() > 2 {
                let value = line.to_lowercase();
                let value = value.strip_prefix("content-length:").map(str::trim);
                length = value.map_or(length, |value| value.parse().unwrap());
                line.clear();
            }
            stream.read_exact(&mut vec![0; length]).unwrap();
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
        }
    });
    url
}
