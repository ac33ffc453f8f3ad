//! The result of a run, for a person and for a program.

use std::ffi::OsString;

use serde_json::{Value, json};

use crate::harness::Subject;
use crate::item::Level;
use crate::runner::Checked;
use crate::verdict::Problem;

/// The outcomes of a run.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) command: Vec<OsString>,
    pub(super) subject: &'static str,
    pub(super) checked: Vec<Checked>,
}

/// Returns the name of the kind of program.
pub(super) fn subject_name(subject: &Subject) -> &'static str {
    match subject {
        Subject::Plain => "plain",
        Subject::Protocol => "protocol",
        Subject::Predictor(_) => "predictor",
    }
}

impl Report {
    /// Returns how many of a level passed, failed and were not checked.
    pub(super) fn counts(&self, level: Level) -> [usize; 3] {
        let mut counts = [0; 3];
        for checked in self.checked.iter().filter(|checked| checked.item.level == level) {
            let [passed, failed, not_checked] = &mut counts;
            match checked.verdict {
                Ok(_) => *passed += 1,
                Err(Problem::Failed { .. }) => *failed += 1,
                Err(Problem::NotChecked(_)) => *not_checked += 1,
            }
        }
        counts
    }

    /// Returns one line for each item, and a summary.
    pub(super) fn text(&self) -> String {
        let mut lines = vec![format!("{} ({})", self.program(), self.subject)];
        let mut section = "";
        for checked in &self.checked {
            if checked.section != section {
                section = checked.section;
                lines.push(format!("\n{section}"));
            }
            lines.push(line(checked));
        }
        lines.push(String::new());
        for level in [Level::Must, Level::Should] {
            let [passed, failed, not_checked] = self.counts(level);
            let counts = format!("{passed} passed, {failed} failed, {not_checked} not checked");
            lines.push(format!("{:6}  {counts}", level.name()));
        }
        lines.join("\n")
    }

    /// The same as one JSON object.
    pub(super) fn json(&self) -> Value {
        let [must, should] = [Level::Must, Level::Should].map(|level| self.counts(level));
        let mut both = must.iter().zip(should).map(|(must, should)| must + should);
        let mut sum = || both.next().unwrap_or_default();
        json!({
            "program": self.command.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>(),
            "subject": self.subject,
            "passed": sum(),
            "failed": sum(),
            "notChecked": sum(),
            "must": counted(must),
            "should": counted(should),
            "items": self.checked.iter().map(object).collect::<Vec<_>>(),
        })
    }

    fn program(&self) -> String {
        let words: Vec<_> = self.command.iter().map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }
}

fn counted([passed, failed, not_checked]: [usize; 3]) -> Value {
    json!({ "passed": passed, "failed": failed, "notChecked": not_checked })
}

fn line(checked: &Checked) -> String {
    let item = &checked.item;
    let (outcome, found) = match &checked.verdict {
        Ok(evidence) => ("passed", evidence.clone()),
        Err(Problem::Failed { expected, seen }) => {
            ("FAILED", format!("expected {expected}; saw {seen} ({})", item.rule()))
        }
        Err(Problem::NotChecked(reason)) => ("-", reason.clone()),
    };
    let (number, level, name) = (item.number, item.level.name(), item.name);
    let line = format!("{number:3}  {level:6}  {outcome:6}  {name}: {found}");
    // Evidence is what a program wrote: it stays in its line.
    line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

fn object(checked: &Checked) -> Value {
    let mut object = match &checked.verdict {
        Ok(evidence) => json!({ "outcome": "passed", "evidence": evidence }),
        Err(Problem::Failed { expected, seen }) => {
            json!({ "outcome": "failed", "expected": expected, "seen": seen })
        }
        Err(Problem::NotChecked(reason)) => json!({ "outcome": "not checked", "reason": reason }),
    };
    if let Some(object) = object.as_object_mut() {
        object.insert("number".into(), checked.item.number.into());
        object.insert("level".into(), checked.item.level.name().into());
        object.insert("section".into(), checked.section.into());
        object.insert("name".into(), checked.item.name.into());
        object.insert("rule".into(), checked.item.rule().into());
    }
    object
}
