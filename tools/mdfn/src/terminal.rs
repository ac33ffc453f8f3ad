//! What a person, or a pipe, reads.

use std::io::{self, Write};
use std::process::ExitCode;

/// Prints one line on stdout. A closed stdout is not an error.
pub(crate) fn say(line: &str) {
    drop(writeln!(io::stdout(), "{line}"));
}

/// One line on stderr.
pub(crate) fn complain(line: &str) {
    drop(writeln!(io::stderr(), "{line}"));
}

/// Returns what a command was run for, on stdout, byte for byte. A reader that has enough of it is
/// no error; a full disk is one.
pub(crate) fn print(result: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(result).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Prints the result of `command` and a line end; the exit code is 1, with a word on stderr, where
/// that fails.
pub(crate) fn deliver(command: &str, result: &str) -> ExitCode {
    match print(format!("{result}\n").as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{command}: standard output cannot be written: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Returns a name that somebody else chose, for a terminal: at most 60 characters, `?` for each
/// that is not visible ASCII.
pub(crate) fn printable(name: &str) -> String {
    let visible = |char: char| if char == ' ' || char.is_ascii_graphic() { char } else { '?' };
    let mut shown: String = name.chars().take(60).map(visible).collect();
    if name.chars().nth(60).is_some() {
        shown.push_str("...");
    }
    shown
}
