//! How a function of some code turns out, where a test sets it.

use std::time::Duration;

use serde_json::Value;

/// How the service and the platform deal with it.
#[derive(Clone, Debug)]
pub struct Fate {
    /// The status and code that its create is refused with.
    pub refused: Option<(u16, &'static str)>,
    /// It is accepted, and then `FAILED`.
    pub fails: bool,
    /// The code of that failure.
    pub code: &'static str,
    /// What each call gets: 200, or the status and code of an error.
    pub calls: Result<(), (u16, &'static str)>,
    /// What the destination of a detached call gets; nothing without a destination.
    pub record: Option<Value>,
    /// How much longer the first call takes.
    pub cold_start: Duration,
}

impl Default for Fate {
    fn default() -> Self {
        Self {
            refused: None,
            fails: false,
            code: "EmulatedFailure",
            calls: Ok(()),
            record: None,
            cold_start: Duration::ZERO,
        }
    }
}
