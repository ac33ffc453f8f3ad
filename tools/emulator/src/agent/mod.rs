//! The Fn agent around one function: it starts the program, calls it, freezes it between calls and
//! kills it for every breach of the contract, with the answers that a caller of the platform gets.
//!
//! Where it differs from an Fn server on purpose is in `docs/conformance.md`.
//! Source: docs/spec/fn-container-contract.md#protocol.

mod answer;
mod body;
mod config;
mod connection;
mod container;
mod failure;
pub mod folder;
mod headers;
pub mod ids;
mod image;
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
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as Lock, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Mutex;
use tokio::time::timeout;

pub use self::answer::{Answer, Dispatch, WireReply};
pub use self::body::BODY_LIMIT;
pub use self::config::parse_config;
pub use self::image::{Engine, Image};
pub use self::program::Program;
pub use self::request::{Intent, Invocation};
pub use self::start::StartError;

use self::container::Container;
use self::failure::Failure;
use self::output::{Journal, Output};
use self::process::Process;
use self::request::{Call, TRACE_ID};
use crate::clock;

/// One function, with one container at a time.
#[derive(Debug)]
pub struct Agent {
    program: Program,
    journal: Arc<Journal>,
    starts: AtomicUsize,
    current: Lock<Option<(Arc<Process>, Arc<Output>)>>,
    container: Mutex<Option<Container>>,
}

impl Agent {
    /// Starts the first container, and connects to it at the moment its socket appears.
    pub async fn start(program: Program) -> Result<Self, StartError> {
        let agent = Self {
            journal: Arc::new(Journal::new(program.log.clone())),
            program,
            starts: AtomicUsize::new(0),
            current: Lock::default(),
            container: Mutex::default(),
        };
        let mut container = agent.launch().await?;
        container.rest(agent.program.freeze_after);
        *agent.container.lock().await = Some(container);
        Ok(agent)
    }

    /// Calls the function. Calls wait for each other; where the container was killed, a new one is
    /// started first.
    ///
    /// A caller who drops this while the function is at work has gone away: the container is
    /// killed.
    pub async fn call(&self, invocation: Invocation) -> Answer {
        let id = ids::call_id(clock::now());
        let length = invocation.body.len();
        if length > BODY_LIMIT {
            return Answer::failed(Failure::RequestTooLarge { length }, &id);
        }
        let mut slot = self.container.lock().await;
        // Taken out and put back only to be kept: whatever else becomes of this call drops it,
        // which kills it.
        let mut container = match slot.take() {
            Some(container) => container,
            None => match self.launch().await {
                Ok(container) => container,
                Err(error) => return Answer::failed(error.failure(), &id),
            },
        };
        let answer = self.call_on(&mut container, &invocation, id).await;
        if answer.container_kept {
            container.rest(self.program.freeze_after);
            *slot = Some(container);
        } else {
            container.end().await;
        }
        answer
    }

    async fn call_on(
        &self,
        container: &mut Container,
        invocation: &Invocation,
        id: String,
    ) -> Answer {
        // The time that the start took is not charged to the call.
        let span = self.program.collector.as_ref().map(|_url| ids::span_id());
        let call = Call { id, deadline: clock::now() + self.program.timeout, span };
        let request = match invocation.request(&call) {
            Ok(request) => request,
            Err(message) => return Answer::message(400, &message, &call.id),
        };
        let trace_id = request.headers().get(TRACE_ID).and_then(|id| id.to_str().ok());
        let (trace_id, from) = (trace_id.map(str::to_owned), Instant::now());
        let answer = match timeout(self.program.timeout, container.exchange(request)).await {
            Ok(Ok(wire)) => Answer::replied(wire, &invocation.intent, &call.id),
            Ok(Err(failure)) => Answer::failed(failure, &call.id),
            Err(_elapsed) => Answer::failed(Failure::TimedOut, &call.id),
        };
        let dispatch = Dispatch { trace_id, from, until: Instant::now() };
        Answer { dispatch: Some(dispatch), ..answer }
    }

    async fn launch(&self) -> Result<Container, StartError> {
        self.starts.fetch_add(1, Ordering::Relaxed);
        let container = Container::start(&self.program, self.journal.clone()).await?;
        *self.current() = Some((container.process(), container.output()));
        Ok(container)
    }

    /// Every line that the function's containers wrote, on stdout and stderr, so far.
    pub fn lines(&self) -> Vec<String> {
        if let Some((_, output)) = &*self.current() {
            output.drain();
        }
        self.journal.lines()
    }

    /// How many containers were started.
    pub fn starts(&self) -> usize {
        self.starts.load(Ordering::Relaxed)
    }

    /// The process number of the container that runs, if one does.
    pub fn pid(&self) -> Option<u32> {
        self.current().as_ref().and_then(|(process, _)| process.id())
    }

    /// Kills the function as the platform does, and removes what it had. Dropping the agent does so
    /// too, unawaited.
    pub async fn stop(&self) {
        if let Some(mut container) = self.container.lock().await.take() {
            container.end().await;
        }
    }

    /// Asks the function to end by SIGTERM, which the platform never does, and waits up to 10 s for
    /// it.
    ///
    /// An error if no container runs, or if it does not end; it is killed then.
    pub async fn terminate(self) -> io::Result<ExitStatus> {
        let container = self.container.into_inner();
        let container = container
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no container runs"))?;
        container.terminate().await
    }

    fn current(&self) -> MutexGuard<'_, Option<(Arc<Process>, Arc<Output>)>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
