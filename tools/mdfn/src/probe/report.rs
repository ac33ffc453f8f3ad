//! The report: all outcomes, as JSON for a file and as text for a person.

use serde::Serialize;

use super::finding::Finding;
use super::ledger::Left;

#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) program: &'static str,
    pub(super) time: String,
    pub(super) region: Option<String>,
    pub(super) application: Option<String>,
    pub(super) shape: Option<String>,
    pub(super) questions: Vec<Finding>,
    /// Whether somebody ended it before its end.
    pub(super) stopped: bool,
    /// What was made and still exists.
    pub(super) left: Vec<Left>,
}

impl Report {
    /// For a person.
    pub(super) fn text(&self) -> String {
        let mut lines: Vec<String> = self.questions.iter().map(Finding::line).collect();
        if self.stopped {
            lines.push("It was stopped: not all was asked.".to_owned());
        }
        if self.left.is_empty() {
            lines.push("Nothing is left behind.".to_owned());
        }
        for left in &self.left {
            let id = left.id.as_deref().unwrap_or("no OCID is known");
            lines.push(format!("Left behind: {} ({id}): {}", left.name, left.why));
        }
        lines.join("\n")
    }
}
