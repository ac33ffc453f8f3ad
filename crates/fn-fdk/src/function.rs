//! A function's process, from the socket to the signal that ends it.
//!
//! Source: docs/spec/fn-container-contract.md#item-16.

use std::future::Future;
use std::{hint, io};

use tokio::runtime::{Builder, Runtime};
use tokio::select;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Call, Clock, Error, Listener, ListenerError, OnRejection, Platform, Reply, Server};

/// A function that the agent can see. It serves on one thread, since the platform sends one call at a time and counts
/// threads; two more resolve names.
#[derive(Debug)]
pub struct Function {
    runtime: Runtime,
    server: Server,
    stop: Signals,
    stop_at_once: Signals,
}

/// A function that could not be served, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    /// The socket could not be published.
    #[error(transparent)]
    Listener(#[from] ListenerError),
    /// The system refuses threads, timers or signals.
    #[error("the runtime could not be started")]
    Runtime(#[from] io::Error),
    /// The call in hand was given up.
    #[error("a second signal came before the call in hand was answered")]
    Impatient,
}

impl Function {
    /// Publishes the socket. Call it when everything that the first call needs is ready: the agent connects at once.
    pub fn publish(platform: Platform, clock: Clock) -> Result<Self, FunctionError> {
        keep_freed_memory();
        let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(2).build()?;
        let inside = runtime.enter();
        let (stop, stop_at_once) = (Signals::new()?, Signals::new()?);
        let server = Server::new(Listener::publish(&platform.listener)?, clock);
        let server = server.with_log_frame(platform.log_frame);
        drop(inside);
        Ok(Self { runtime, server, stop, stop_at_once })
    }

    /// Answers the calls that never come to a handler with `on_rejection`, which also logs them.
    #[must_use]
    pub fn with_rejection(self, on_rejection: OnRejection) -> Self {
        Self { server: self.server.with_rejection(on_rejection), ..self }
    }

    /// Runs a future beside the first calls, if there is one, from when the socket is served. The platform may freeze the process
    /// after any call, so nothing may depend on its end.
    #[must_use]
    pub fn with_background(self, task: Option<impl Future<Output = ()> + Send + 'static>) -> Self {
        if let Some(task) = task {
            drop(self.runtime.spawn(task));
        }
        self
    }

    /// Answers calls, and ends at SIGTERM or SIGINT when all that was asked before is answered; at
    /// once when a second signal comes.
    pub fn serve<H, F>(self, handler: H) -> Result<(), FunctionError>
    where
        H: Fn(Call) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Reply, Error>> + Send + 'static,
    {
        let Self { runtime, server, stop, stop_at_once } = self;
        let served = runtime.block_on(async {
            select! {
                () = server.serve(handler, stop.count(1)) => Ok(()),
                () = stop_at_once.count(2) => Err(FunctionError::Impatient),
            }
        });
        // A name that is still being looked up must not keep the process.
        runtime.shutdown_background();
        served
    }
}

/// Makes glibc keep what calls free, 4 MiB of it, instead of giving it back after a call and asking for it in the next: it keeps
/// twice the largest block that was ever mapped and freed, and hyper takes 1 MiB a call to have room for 16 Ki headers.
fn keep_freed_memory() {
    drop(hint::black_box(Vec::<u8>::with_capacity(2 * 1024 * 1024)));
}

/// The signals to stop, from the moment this is made.
#[derive(Debug)]
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Ready once so many have come.
    async fn count(mut self, count: usize) {
        for _ in 0..count {
            select! { _ = self.terminate.recv() => {}, _ = self.interrupt.recv() => {} }
        }
    }
}
