//! `mdfn logs`: what the function's log says, for a person.

mod call;
mod line;
mod report;
mod sample;
mod summary;
mod text;

use std::fs::{self, File};
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

Exit code: 0, 1 if no line is about a call, the log cannot be read or the page not be written, 2 for wrong usage.

Example:
  mdfn logs function.log --html calls.html";

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
    /// Writes a page for a browser as well, with every call on a timeline; it is one file that needs no other
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Reads the log to its end, prints the summary and writes the page; the exit code is for the process.
pub fn run(options: &Options) -> ExitCode {
    let mut summary = Summary::new(options.slowest.into());
    if let Err(error) = read(&options.file, |line| summary.add(line)) {
        complain(&format!("logs: {} cannot be read: {error}", options.file.display()));
        return ExitCode::FAILURE;
    }
    if summary.calls == 0 {
        complain("logs: no line is about a call; expected lines with `status=` and `ms=`");
        return ExitCode::FAILURE;
    }
    summary.sort();
    let delivered = deliver("logs", text::page(&summary).trim_end());
    let Some(page) = &options.html else { return delivered };
    match write(page, &options.file, &summary) {
        Ok(()) => delivered,
        Err(error) => {
            complain(&format!("logs: {} cannot be written: {error}", page.display()));
            ExitCode::FAILURE
        }
    }
}

/// Writes the page for a browser, but not over the log.
fn write(page: &Path, log: &Path, summary: &Summary) -> io::Result<()> {
    let stdin = Path::new("/dev/stdin");
    let read = if log == Path::new("-") { stdin } else { log };
    if fs::canonicalize(page).is_ok_and(|page| fs::canonicalize(read).is_ok_and(|log| log == page))
    {
        return Err(io::Error::other("it is the log"));
    }
    let name = log.file_name().filter(|name| *name != "-");
    let name = name.map_or("standard input".into(), |name| name.to_string_lossy());
    fs::write(page, report::html(summary, &name))
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
