//! `mdfn`: the developer's tool. One module of the library a command.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use devkit::{conformance, invoke, local, sign};
use tokio::runtime::Runtime;

/// Runs a function on this machine as Oracle Cloud would run it.
#[derive(Debug, Parser)]
#[command(name = "mdfn", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Conformance(conformance::Options),
    Invoke(invoke::Options),
    Local(local::Options),
    Sign(sign::Options),
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            // With stderr gone there is nobody left to tell.
            drop(writeln!(io::stderr(), "mdfn: the runtime does not start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(async {
        match command {
            Command::Conformance(options) => conformance::run(options, variable).await,
            Command::Invoke(options) => invoke::run(options, variable).await,
            Command::Local(options) => local::run(options, variable).await,
            Command::Sign(options) => sign::run(&options),
        }
    });
    // A read of standard input that nobody waits for any more must not keep the process.
    runtime.shutdown_background();
    code
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}
