//! The signals that stop a function.

use tokio::select;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::serve_error::ServeError;

/// SIGTERM and SIGINT, from the moment this is created.
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

    /// Waits for the first signal. The future that it returns waits for the second.
    pub(super) async fn stop(mut self) -> impl Future<Output = ()> {
        self.next().await;
        async move { self.next().await }
    }

    async fn next(&mut self) {
        select! { _ = self.terminate.recv() => {}, _ = self.interrupt.recv() => {} }
    }
}
