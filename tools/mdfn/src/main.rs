//! `mdfn`: the developer's tool. One module of the library a command.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mdfn::{
    deploy, doctor, gateway_spec, invoke, jwk, local, logs, new, package, policy, predict, probe,
    sign, token,
};
use tokio::runtime::Runtime;

const CONFORMANCE: &str = "Example:\n  mdfn conformance --only 1-16,41 -- python3 func.py";

/// Sets up, calls and diagnoses the function, and runs it without Oracle Cloud
#[derive(Debug, Parser)]
#[command(name = "mdfn", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(after_help = format!("{}\n\n{CONFORMANCE}", fn_conformance::AFTER_HELP))]
    Conformance(fn_conformance::Options),
    Deploy(Box<deploy::Options>),
    Doctor(doctor::Options),
    GatewaySpec(Box<gateway_spec::Options>),
    Invoke(invoke::Options),
    Jwk(jwk::Options),
    Local(local::Options),
    Logs(logs::Options),
    New(new::Options),
    Package(package::Options),
    Policy(policy::Options),
    Predict(predict::Options),
    Probe(Box<probe::Options>),
    Sign(sign::Options),
    Token(token::Options),
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            // With a closed stderr there is no place for the message.
            drop(writeln!(io::stderr(), "mdfn: the runtime does not start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(async {
        match command {
            Command::Conformance(options) => fn_conformance::run(options, "mdfn", variable).await,
            Command::Deploy(options) => deploy::run(*options, variable).await,
            Command::Doctor(options) => doctor::run(options, variable).await,
            Command::GatewaySpec(options) => gateway_spec::run(*options),
            Command::Invoke(options) => invoke::run(options, variable).await,
            Command::Jwk(options) => jwk::run(options, variable).await,
            Command::Local(options) => local::run(options, variable).await,
            Command::Logs(options) => logs::run(&options),
            Command::New(options) => new::run(&options),
            Command::Package(options) => package::run(&options, variable),
            Command::Policy(options) => policy::run(&options),
            Command::Predict(options) => predict::run(options, variable).await,
            Command::Probe(options) => probe::run(*options, variable).await,
            Command::Sign(options) => sign::run(&options),
            Command::Token(options) => token::run(options, variable).await,
        }
    });
    // An abandoned read of standard input must not keep the process alive.
    runtime.shutdown_background();
    code
}

/// Reads a variable. A value that is not UTF-8 is kept, so that parsing it fails later.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn variable(name: &str) -> Option<String> {
    env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}
