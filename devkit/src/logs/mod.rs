//! `mdfn logs`: what the function's log says, for a person.

mod line;
mod summary;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::terminal::{complain, deliver};
use summary::Summary;

/// More than any line that a log keeps, in bytes; the rest of a longer one is a line of its own.
const LONGEST: u64 = 1024 * 1024;

const AFTER_HELP: &str = "\
Takes the function's lines, `LOG_FORMAT` text or json, or entries of OCI Logging with such a line in `data.message`, one in a line.
What is not about a call is counted and otherwise left alone.

Exit code: 0, 1 if no line is about a call or the log cannot be read, 2 for wrong usage.

Example:
  mdfn logs function.log";

/// Shows calls, errors, where the time went and the slowest calls of a log
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Options {
    /// The log; `-` for standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// How many of the slowest calls are shown
    #[arg(long, default_value_t = 5, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(0..=1000))]
    slowest: u16,
}

/// Reads the log to its end and prints the summary; the exit code is for the process.
pub fn run(options: &Options) -> ExitCode {
    let mut summary = Summary::new(options.slowest.into());
    if let Err(error) = read(&options.file, |line| summary.add(line)) {
        complain(&format!("logs: {} cannot be read: {error}", options.file.display()));
        return ExitCode::FAILURE;
    }
    if summary.calls() == 0 {
        complain("logs: no line is about a call; expected lines with `status=` and `ms=`");
        return ExitCode::FAILURE;
    }
    deliver("logs", summary.page().trim_end())
}

/// Tells every line of the log, whatever its bytes; nothing of it is kept.
fn read(path: &Path, mut tell: impl FnMut(&str)) -> io::Result<()> {
    let source: Box<dyn Read> =
        if path == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
    let mut source = BufReader::new(source);
    let mut line = Vec::new();
    while source.by_ref().take(LONGEST).read_until(b'\n', &mut line)? > 0 {
        tell(&String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok(())
}
