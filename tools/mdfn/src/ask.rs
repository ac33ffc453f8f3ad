//! Asks the person at the terminal.

use std::io::{self, IsTerminal, Write};

/// Returns whether a person can be asked.
pub(crate) fn is_anybody_there() -> bool {
    io::stdin().is_terminal()
}

/// Returns whether the answer is yes; anything else, and the end of input, is no.
pub(crate) fn agrees(question: &str) -> bool {
    // Who cannot read the question cannot agree to it.
    let asked = write!(io::stderr(), "{question} [y/N] ").and_then(|()| io::stderr().flush());
    let mut answer = String::new();
    let read = asked.and_then(|()| io::stdin().read_line(&mut answer));
    read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}
