//! How the service misbehaves, when a test asks for it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::Method;

/// What it does with a request instead of its work.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It answers with this status and code, and with `retry-after`.
    Answers(u16, &'static str, Option<u32>),
    /// It reads this many bytes of the body, and closes the connection.
    BreaksOff(usize),
    /// It does its work, and closes the connection instead of an answer.
    LosesAnswer,
    /// It does its work, and its answer has no etag.
    HidesEtag,
    /// It waits so long, and does its work.
    IsSlow(Duration),
}

/// What is to go wrong, by method.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<VecDeque<(Method, Fault)>>);

impl Faults {
    pub(super) fn add(&self, method: Method, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back((method, fault));
    }

    /// Returns the first one for a request with this method.
    pub(super) fn take(&self, method: &Method) -> Option<Fault> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = faults.iter().position(|(of, _)| of == method)?;
        faults.remove(first).map(|(_, fault)| fault)
    }
}
