//! Checks whether a program follows the container contract, item by item of its checklist.
//!
//! The harness talks to the program as the platform does, with a socket and its own HTTP code, and
//! starts it again for every item. What a function does inside a call can be checked if it speaks
//! the protocol of `docs/conformance.md`: without the header `Conformance` it answers with the body
//! of the call, and with it does what the header says in JSON. A program that does not speak it is
//! checked for everything that holds for every function.
//!
//! Source: docs/spec/fn-container-contract.md#checklist.

mod ask;
mod call;
mod capture;
mod context;
mod harness;
mod instance;
mod item;
mod items;
mod launch;
mod predictor;
mod report;
mod runner;
mod selection;
mod subject;
mod verdict;
mod wire;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, value_parser};
use emulator::agent::{Setting, parse_config};
use emulator::signals::interruption;
use tokio::select;

use self::harness::{Harness, Parts};
use self::item::Level;
use self::report::Report;
use self::selection::Selection;
use self::subject::Kind;

/// The end of every help; the caller adds an example.
pub const AFTER_HELP: &str = "\
The function sees only what --config passes of your environment. A function that speaks the conformance protocol
(docs/conformance.md) is asked for behaviours. Any other is checked for what holds for every function.

MUST: the platform fails calls without it. SHOULD: a convention, or robustness beyond what the platform does.

Exit code: 0 if every MUST that could be checked holds, 1 if one does not, 2 for wrong usage, 3 if the function does
not start.";

/// Checks a function against the 104 items of the container contract
#[derive(Debug, Args)]
pub struct Options {
    /// Check only these items: numbers and ranges, such as 17,20-25
    #[arg(long, value_name = "ITEMS", default_value = "1-104")]
    only: Selection,
    /// Kind of function; default: found out by a call
    #[arg(long = "as", value_name = "KIND", value_enum, default_value_t = Kind::Auto)]
    kind: Kind,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
    /// Function configuration; without a value, the value in your environment (repeatable)
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = parse_config)]
    config: Vec<Setting>,
    /// How many items to check in parallel
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u8).range(1..=16))]
    jobs: u8,
    /// Timeout of the start; on the platform it is 5
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = value_parser!(u64).range(1..=300))]
    start_timeout: u64,
    /// How often item 9 starts the function
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = value_parser!(u32).range(1..=10_000))]
    restarts: u32,
    /// How many requests item 67 sends
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = value_parser!(u32).range(1..=1_000_000))]
    requests: u32,
    /// Catches a program that was given without `--`
    #[arg(hide = true, value_name = "PROGRAM", value_parser = without_dashes)]
    stray: Option<Infallible>,
    /// Program and its arguments
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    command: Vec<OsString>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("`--config {0}` names a variable that is not set; write `--config {0}=VALUE`")]
    NoVariable(String),
    #[error("the function does not start: {0}")]
    Start(String),
    #[error("interrupted")]
    Interrupted,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Runs the command. `program` is the name in its messages; `variable` reads the caller's
/// environment.
///
/// The exit code is 0 if no MUST failed, 1 if one did, 2 for wrong usage, 3 if the function does
/// not start.
pub async fn run(
    options: Options,
    program: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> ExitCode {
    let json = options.json;
    let reported = check(options, variable).await;
    let printed = reported.and_then(|report| {
        let text = if json { report.json().to_string() } else { report.text() };
        writeln!(io::stdout(), "{text}")?;
        Ok(report)
    });
    match printed {
        Ok(report) => {
            let [_, failed, _] = report.counts(Level::Must);
            ExitCode::from(u8::from(failed > 0))
        }
        Err(error) => {
            // With a closed stderr there is no place for the message.
            drop(writeln!(io::stderr(), "{program}: {error}"));
            ExitCode::from(match error {
                Error::NoVariable(_) => 2,
                Error::Start(_) => 3,
                Error::Interrupted => 130,
                Error::Io(_) => 1,
            })
        }
    }
}

async fn check(
    options: Options,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Report, Error> {
    let mut config = BTreeMap::new();
    for Setting { name, value } in options.config {
        let value = value.or_else(|| variable(&name)).ok_or(Error::NoVariable(name.clone()))?;
        config.insert(name, value);
    }
    let parts = |subject, usual_start| Parts {
        command: options.command.clone(),
        config: config.clone(),
        subject,
        start_timeout: Duration::from_secs(options.start_timeout),
        usual_start,
        restarts: options.restarts,
        fuzz: options.requests,
    };
    let (subject, usual_start) = select! {
        subject = subject::find(options.kind, parts) => subject.map_err(Error::Start)?,
        interrupted = interruption() => return Err(interrupted.err().map_or(Error::Interrupted, Error::Io)),
    };
    let name = report::subject_name(&subject);
    let harness = Harness::new(parts(subject, usual_start));
    let items = items::all().into_iter().filter(|(_, item)| options.only.has(item.number));
    // Without signals it can only be ended by force.
    let stop = async { drop(interruption().await) };
    let checked = runner::run(&harness, items.collect(), usize::from(options.jobs), stop).await;
    let checked = checked.ok_or(Error::Interrupted)?;
    Ok(Report { command: options.command, subject: name, checked })
}

/// Refuses a program whose options would be taken for ours.
fn without_dashes(_text: &str) -> Result<Infallible, &'static str> {
    Err("write `--` before the program: `-- PROGRAM ARGUMENTS`")
}
