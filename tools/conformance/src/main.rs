//! `fn-conformance`: the command line of the library.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use fn_conformance::{AFTER_HELP, Options, run};
use tokio::runtime::Runtime;

const NAME: &str = "fn-conformance";
const EXAMPLE: &str = "Example:\n  fn-conformance --only 1-16,41 -- python3 func.py";

#[derive(Debug, Parser)]
#[command(name = NAME, version, after_help = format!("{AFTER_HELP}\n\n{EXAMPLE}"))]
struct Cli {
    #[command(flatten)]
    options: Options,
}

fn main() -> ExitCode {
    let Cli { options } = Cli::parse();
    match Runtime::new() {
        Ok(runtime) => runtime.block_on(run(options, NAME, variable)),
        Err(error) => {
            // With a closed stderr there is no place for the message.
            drop(writeln!(io::stderr(), "{NAME}: the runtime does not start: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Reads a variable. A value that is not UTF-8 is kept, so that parsing it fails later.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn variable(name: &str) -> Option<String> {
    env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}
