//! Calls one process of the function, or of the streaming server, for long, with faults and new tokens in between, and holds every
//! answer against the only one that is right. In the end memory and file descriptors must be what they were.
//!
//! `soak function FUNCTION CALLS [SEED]` and `soak server SERVER SECONDS [SEED]`; `.ci/soak` and `.ci/soak-server` build the
//! programs and run it. The same seed makes the same calls.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "it fails by panicking, prints a table, and most kinds of calls are alike in most things"
)]

mod exchange;
mod function;
mod measure;
mod principal;
mod secrets;
mod server;

use std::env;
use std::process::ExitCode;

const USAGE: &str =
    "expected `soak function FUNCTION CALLS [SEED]` or `soak server SERVER SECONDS [SEED]`";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (program, path, length, seed) = match *arguments.as_slice() {
        [program, path, length] => (program, path, length, "1"),
        [program, path, length, seed] => (program, path, length, seed),
        _ => {
            println!("{USAGE}");
            return ExitCode::from(64);
        }
    };
    let length: u64 = length.parse().expect("CALLS and SECONDS are numbers");
    let seed: u64 = seed.parse().expect("SEED is a number");
    let right = match program {
        "function" => function::soak(path, length, seed),
        "server" => server::soak(path, length, seed),
        _ => {
            println!("{USAGE}");
            return ExitCode::from(64);
        }
    };
    if right { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
