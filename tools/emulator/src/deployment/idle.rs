//! The connections that wait for their next request, and how they are told to close.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};

/// Held by a connection until it is closed.
pub(super) type Closing = mpsc::Sender<Infallible>;

type Waiting = HashMap<u64, oneshot::Sender<Closing>>;

/// The connections with no request under way, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Idle(Mutex<Waiting>);

impl Idle {
    /// Enters a connection; it hears on the receiver when it is to close.
    pub(super) fn enter(&self, connection: u64) -> oneshot::Receiver<Closing> {
        let (tell, told) = oneshot::channel();
        self.waiting().insert(connection, tell);
        told
    }

    /// Removes a connection, if it was not told to close before.
    pub(super) fn leave(&self, connection: u64) {
        self.waiting().remove(&connection);
    }

    /// Tells every connection to close, and returns when each has, or has got a request first.
    pub(super) async fn close(&self) {
        let (closing, mut closed) = mpsc::channel(1);
        for (_, tell) in self.waiting().drain() {
            // Dropped with its receiver if a request came first, so that nothing waits for it.
            drop(tell.send(closing.clone()));
        }
        drop(closing);
        closed.recv().await;
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
