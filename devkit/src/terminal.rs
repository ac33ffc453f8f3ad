//! What a person, or a pipe, reads.

use std::io::{self, Write};

/// One line on stdout. With nobody there to read it, the program goes on.
pub(crate) fn say(line: &str) {
    drop(writeln!(io::stdout(), "{line}"));
}

/// One line on stderr.
pub(crate) fn complain(line: &str) {
    drop(writeln!(io::stderr(), "{line}"));
}
