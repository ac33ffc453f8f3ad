//! The signals that stop a function.

use tokio::select;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::serve_error::ServeError;

/// SIGTERM and SIGINT, from the moment this is made.
#[derive(Debug)]
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn new() -> Result<Self, ServeError> {
        let terminate = signal(SignalKind::terminate()).map_err(ServeError::Runtime)?;
        let interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Runtime)?;
        Ok(Self { terminate, interrupt })
    }

    /// Ready once so many have come.
    pub(super) async fn count(mut self, count: usize) {
        for _ in 0..count {
            select! { _ = self.terminate.recv() => {}, _ = self.interrupt.recv() => {} }
        }
    }
}
