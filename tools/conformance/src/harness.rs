//! The program under test, and what is known of it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use emulator::agent::Program;

use crate::predictor::{Predictor, Stage};
use crate::verdict::Problem;

/// What the program can be asked to do.
#[derive(Debug)]
pub(super) enum Subject {
    /// Nothing: only what holds for every function can be checked.
    Plain,
    /// The conformance function's protocol.
    Protocol,
    /// It predicts: an emulated model deployment does what the protocol's function would do.
    Predictor(Box<Predictor>),
}

/// Shared by all items.
#[derive(Clone, Debug)]
pub(super) struct Harness(Arc<Parts>);

#[derive(Debug)]
pub(super) struct Parts {
    /// The executable and its arguments.
    pub(super) command: Vec<OsString>,
    /// Function configuration.
    pub(super) config: BTreeMap<String, String>,
    pub(super) subject: Subject,
    /// How long a start may take.
    pub(super) start_timeout: Duration,
    /// How long the first start took.
    pub(super) usual_start: Duration,
    /// How often item 9 starts the program.
    pub(super) restarts: u32,
    /// How many random requests item 67 sends.
    pub(super) fuzz: u32,
}

impl Harness {
    pub(super) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Returns the subject, if this was the last handle.
    pub(super) fn into_subject(self) -> Option<Subject> {
        Arc::into_inner(self.0).map(|parts| parts.subject)
    }

    pub(super) fn subject(&self) -> &Subject {
        &self.0.subject
    }

    pub(super) fn command(&self) -> &[OsString] {
        &self.0.command
    }

    pub(super) fn config(&self) -> &BTreeMap<String, String> {
        &self.0.config
    }

    pub(super) fn start_timeout(&self) -> Duration {
        self.0.start_timeout
    }

    /// Returns a limit that leaves a slow starter its time: as much again for every second that a
    /// start takes.
    pub(super) fn limit(&self, limit: Duration) -> Duration {
        let seconds = u32::try_from(self.0.usual_start.as_secs()).unwrap_or(u32::MAX);
        limit.saturating_mul(seconds.saturating_add(1))
    }

    pub(super) fn restarts(&self) -> u32 {
        self.0.restarts
    }

    pub(super) fn fuzz(&self) -> u32 {
        self.0.fuzz
    }

    pub(super) fn predictor(&self) -> Option<&Predictor> {
        match self.subject() {
            Subject::Predictor(predictor) => Some(predictor),
            Subject::Plain | Subject::Protocol => None,
        }
    }

    /// Returns "not checked" for a program that does not speak the protocol.
    pub(super) fn needs_protocol(&self, what: &str) -> Result<(), Problem> {
        match self.subject() {
            Subject::Plain => Err(Problem::not_checked(format!(
                "{what} needs a function that speaks the conformance protocol"
            ))),
            Subject::Protocol | Subject::Predictor(_) => Ok(()),
        }
    }

    /// Returns the same program for the emulated agent, with the deployment that it needs.
    pub(super) async fn program(&self) -> Result<(Program, Option<Stage>), Problem> {
        let mut command = self.command().iter();
        let mut program =
            Program::new(command.next().cloned().unwrap_or_default()).arguments(command);
        program = program.start_timeout(self.start_timeout());
        for (name, value) in self.config() {
            program = program.config(name, value);
        }
        let stage = match self.predictor() {
            Some(predictor) => Some(predictor.stage().await?),
            None => None,
        };
        for (name, value) in stage.iter().flat_map(Stage::variables) {
            program = program.config(name, value);
        }
        Ok((program, stage))
    }
}
