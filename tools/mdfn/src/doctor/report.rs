//! The lines of a report, and what they come to.

use std::process::ExitCode;

use crate::terminal::say;

/// Lines are printed as they come, and counted.
#[derive(Debug, Default)]
pub(super) struct Report {
    fine: u32,
    warnings: u32,
    failures: u32,
}

impl Report {
    pub(super) fn ok(&mut self, subject: &str, text: &str) {
        self.fine += 1;
        line("ok", subject, text);
    }

    pub(super) fn warn(&mut self, subject: &str, text: &str) {
        self.warnings += 1;
        line("warn", subject, text);
    }

    pub(super) fn fail(&mut self, subject: &str, text: &str) {
        self.failures += 1;
        line("FAIL", subject, text);
    }

    /// The last line, and the exit code: 1 if anything failed.
    pub(super) fn end(&self) -> ExitCode {
        say(&format!("{} ok, {} warn, {} FAIL", self.fine, self.warnings, self.failures));
        ExitCode::from(u8::from(self.failures > 0))
    }
}

/// Adds to the last line.
pub(super) fn detail(text: &str) {
    say(&format!("      {text}"));
}

fn line(verdict: &str, subject: &str, text: &str) {
    say(&format!("{verdict:4}  {subject}: {text}"));
}
