//! The report of `mdfn invoke` on a call.

use std::io::{self, Write};

use emulator::agent::{Answer, StartError};

use super::options::Options;
use crate::terminal;

/// The first status that is an error.
pub(super) const FIRST_ERROR: u16 = 400;

/// Prints the body, and beside it the requested details and what went wrong; `said` is the last
/// line of the function's log.
pub(super) fn print(options: &Options, answer: &Answer, said: &str) -> io::Result<()> {
    let mut stderr = io::stderr();
    if options.verbose {
        writeln!(stderr, "< {}", answer.status)?;
        for (name, value) in &answer.headers {
            writeln!(stderr, "< {name}: {}", String::from_utf8_lossy(value))?;
        }
    }
    if answer.status >= FIRST_ERROR {
        writeln!(stderr, "mdfn: {}{said}", explanation(answer, options.detached))?;
    }
    terminal::print(&answer.body)
}

/// Returns which side reported the failure, the function or the platform.
fn explanation(answer: &Answer, detached: bool) -> String {
    let status = answer.status;
    let fate = if answer.container_kept { "continues" } else { "was killed" };
    match &answer.wire {
        Some(wire) if wire.status == 200 => format!("the function answered {status}"),
        Some(wire) if detached => format!(
            "the function replied {} on its socket, the detached call failed with {status}, and the container {fate}",
            wire.status
        ),
        Some(wire) => format!(
            "the function replied {} on its socket, callers get {status} without its body, and the container {fate}",
            wire.status
        ),
        None if detached => format!(
            "the function gave no whole reply, the detached call failed with {status}, and the container {fate}"
        ),
        None => format!(
            "the function gave no whole reply, callers get {status}, and the container {fate}"
        ),
    }
}

/// Neither nothing, nor what the client of docker adds to the reason of every failure.
pub(super) fn says_something(line: &str) -> bool {
    let pointers = ["Run 'docker run --help'", "See 'docker run --help'"];
    !line.trim().is_empty() && !pointers.iter().any(|pointer| line.starts_with(pointer))
}

/// Returns advice if a function did not start.
pub(super) fn advice(cause: &StartError, options: &Options) -> &'static str {
    if matches!(cause, StartError::TimedOut(_)) {
        "; `--start-timeout` gives it longer"
    } else if matches!(cause, StartError::Program { .. }) && options.image.is_some() {
        "; an image needs docker, or podman with `--engine podman`"
    } else {
        ""
    }
}
