//! The Fn agent around one function: it starts the program, calls it, freezes it between calls and
//! kills it for every breach of the contract, with the answers that a caller of the platform gets.
//!
//! Where it differs from an Fn server on purpose is in `docs/conformance.md`.
//! Source: docs/spec/fn-container-contract.md#protocol.

mod answer;
mod body;
mod calls;
mod config;
mod connection;
mod container;
mod detached;
mod failure;
pub mod folder;
mod headers;
pub mod ids;
mod image;
mod outcome;
mod output;
pub mod process;
mod program;
pub mod readiness;
mod request;
mod start;
pub mod watch;
pub mod watchdog;

use std::io;
use std::process::ExitStatus;
use std::sync::Arc;

pub use self::answer::{Answer, Dispatch, WireReply};
pub use self::body::BODY_LIMIT;
pub use self::config::{Setting, parse_config};
pub use self::detached::WAITING;
pub use self::image::{Engine, Image};
pub use self::outcome::Outcome;
pub use self::program::Program;
pub use self::request::{Intent, Invocation};
pub use self::start::StartError;

use self::calls::Calls;
use self::detached::Detached;

/// One function, with one container at a time.
#[derive(Debug)]
pub struct Agent {
    calls: Arc<Calls>,
    detached: Detached,
}

impl Agent {
    /// Starts the first container, and connects to it at the moment its socket appears.
    pub async fn start(program: Program) -> Result<Self, StartError> {
        let calls = Arc::new(Calls::start(program).await?);
        Ok(Self { calls, detached: Detached::default() })
    }

    /// Calls the function. Calls wait for each other; where the container was killed, a new one is
    /// started first.
    ///
    /// A caller who drops this while the function is at work has gone away: the container is
    /// killed.
    pub async fn call(&self, invocation: Invocation) -> Answer {
        self.calls.call(invocation).await
    }

    /// Accepts a call whose caller does not wait, and answers 202 with its id at once. How it ended
    /// goes to the destinations of the [`Program`]. It must be called on a Tokio runtime.
    ///
    /// The call goes on whatever its caller does; [`Agent::stop`] ends it, and so does the drop of
    /// the agent. No more than [`WAITING`] are accepted that have not ended.
    pub fn call_detached(&self, invocation: Invocation) -> Answer {
        self.detached.accept(&self.calls, invocation)
    }

    /// Returns every line that the function's containers wrote, on stdout and stderr, so far.
    pub fn lines(&self) -> Vec<String> {
        self.calls.lines()
    }

    /// Returns how many containers were started.
    pub fn starts(&self) -> usize {
        self.calls.starts()
    }

    /// Returns the process number of the container that runs, if one does.
    pub fn pid(&self) -> Option<u32> {
        self.calls.pid()
    }

    /// Kills the function as the platform does, and removes what it had. Dropping the agent does so
    /// too, unawaited.
    pub async fn stop(&self) {
        self.detached.end().await;
        self.calls.stop().await;
    }

    /// Asks the function to end by SIGTERM, which the platform never does, and waits up to 10 s for
    /// it.
    ///
    /// An error if no container runs, or if it does not end; it is killed then.
    pub async fn terminate(self) -> io::Result<ExitStatus> {
        self.detached.end().await;
        self.calls.terminate().await
    }
}
