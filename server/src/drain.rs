//! The end of the process: step by step, so that no stream is cut before its time.

use std::io;
use std::time::Duration;

use model_deployment_fn::predict::FrontError;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::refused::STOPPING;

/// How long new connections are taken after the order to end: balancers look at `/readyz` meanwhile.
const CLOSE_AFTER: Duration = Duration::from_secs(5);

/// How far the end of this process has come.
#[derive(Debug, Default)]
pub(crate) struct Drain {
    /// It has been ordered: `/readyz` says no.
    pub(crate) begun: CancellationToken,
    /// No connection is taken any more.
    pub(crate) closed: CancellationToken,
    /// Calls are ended that are not over.
    stopped: CancellationToken,
}

impl Drain {
    /// Whether calls are ended that are not over.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.is_cancelled()
    }

    /// Ready, with the reason, when calls are ended that are not over.
    pub(crate) fn stopped(&self) -> impl Future<Output = FrontError> + Send + use<> {
        let stopped = self.stopped.clone().cancelled_owned();
        async {
            stopped.await;
            STOPPING
        }
    }

    /// Waits for a signal, and goes through the stages. SIGINT ends at once, and so does a second
    /// signal; after SIGTERM streams have so long.
    pub(crate) async fn follow(&self, mut signals: Signals, timeout: Duration) {
        let order = signals.next().await;
        let is_patient = order == SignalKind::terminate();
        log::info!("stopping after {}", if is_patient { "SIGTERM" } else { "SIGINT" });
        self.begun.cancel();
        if is_patient {
            let begin = Instant::now();
            let stages = async {
                sleep_until(begin + CLOSE_AFTER.min(timeout)).await;
                self.closed.cancel();
                sleep_until(begin + timeout).await;
            };
            tokio::select! {
                () = stages => {}
                _ = signals.next() => {}
            }
        }
        self.closed.cancel();
        self.stopped.cancel();
    }
}

/// SIGTERM and SIGINT, from the moment this is made.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes both signals from now on; inside of a runtime.
    pub fn new() -> io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> SignalKind {
        tokio::select! {
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.interrupt.recv() => SignalKind::interrupt(),
        }
    }
}
