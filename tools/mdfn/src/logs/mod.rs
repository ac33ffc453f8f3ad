//! `mdfn logs`: a summary of the function's log.

mod call;
mod document;
mod line;
mod lines;
mod read;
mod report;
mod sample;
mod skipped;
mod source;
mod summary;
mod text;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::terminal::{complain, deliver};
use summary::Summary;

const AFTER_HELP: &str = "\
Reads, mixed and also compressed with gzip:
  lines of the function, `LOG_FORMAT` text or json, also with a time or a name before them (`function: call=...`)
  entries of OCI Logging with such a line in `data.message`: one per line, over many lines as the console shows them,
  or in an array; batches of Connector Hub
  output of `oci logging-search search-logs`, with or without a `--query`
Other lines are counted, with the reason and the number of the first one.

Exit code: 0, 1 if no line is about a call, the log cannot be read or the page not be written, 2 for wrong usage.

Example:
  mdfn logs function.log --html calls.html";

/// Summarises a log: calls, errors, latency percentiles, the slowest calls
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Options {
    /// File with the log; `-` for standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// How many of the slowest calls to show
    #[arg(long, default_value_t = 5, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(0..=1000))]
    slowest: u16,
    /// Also write a page for a browser, one file, with the calls on a timeline
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Reads the log to its end, prints the summary and writes the page; the exit code is for the
/// process.
pub fn run(options: &Options) -> ExitCode {
    let mut summary = Summary::new(options.slowest.into());
    let log = source::open(&options.file);
    let read = log.and_then(|log| read::read(log, |number, line| summary.add(number, line)));
    if let Err(error) = read {
        complain(&format!("logs: {} cannot be read: {error}", options.file.display()));
        return ExitCode::FAILURE;
    }
    if summary.calls == 0 {
        complain("logs: no line is about a call; `mdfn logs --help` lists the forms that are read");
        complain(text::skipped(&summary).trim_end());
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
