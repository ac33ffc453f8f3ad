//! The calls of one function, one after another, and the container that they share.

use std::io;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as Lock, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::time::timeout;

use super::answer::{Answer, Dispatch};
use super::container::Container;
use super::failure::Failure;
use super::ids;
use super::output::{Journal, Output};
use super::process::Process;
use super::program::Program;
use super::request::{Call, Invocation, TRACE_ID};
use super::start::StartError;
use crate::clock;

#[derive(Debug)]
pub(super) struct Calls {
    program: Program,
    journal: Arc<Journal>,
    starts: AtomicUsize,
    current: Lock<Option<(Arc<Process>, Arc<Output>)>>,
    container: Mutex<Option<Container>>,
}

impl Calls {
    pub(super) async fn start(program: Program) -> Result<Self, StartError> {
        let calls = Self {
            journal: Arc::new(Journal::new(program.log.clone())),
            program,
            starts: AtomicUsize::new(0),
            current: Lock::default(),
            container: Mutex::default(),
        };
        let mut container = calls.launch().await?;
        container.rest(calls.program.freeze_after);
        *calls.container.lock().await = Some(container);
        Ok(calls)
    }

    /// Returns a call whose caller waits. Dropping it while the function is at work kills the
    /// container.
    pub(super) async fn call(&self, invocation: Invocation) -> Answer {
        let id = ids::call_id(clock::now());
        match Failure::of_length(invocation.body.len()) {
            Some(failure) => Answer::failed(failure, &id),
            None => self.call_as(id, &invocation, self.program.timeout).await,
        }
    }

    /// Returns the call of this id, which may take so long once it has a container.
    pub(super) async fn call_as(
        &self,
        id: String,
        invocation: &Invocation,
        limit: Duration,
    ) -> Answer {
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
        let answer = self.call_on(&mut container, invocation, id, limit).await;
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
        limit: Duration,
    ) -> Answer {
        // The time that the start took is not charged to the call.
        let span = self.program.collector.as_ref().map(|_url| ids::span_id());
        let call = Call { id, deadline: clock::now() + limit, span };
        let request = match invocation.request(&call) {
            Ok(request) => request,
            Err(message) => return Answer::message(400, &message, &call.id),
        };
        let trace_id = request.headers().get(TRACE_ID).and_then(|id| id.to_str().ok());
        let (trace_id, from) = (trace_id.map(str::to_owned), Instant::now());
        let answer = match timeout(limit + self.program.grace, container.exchange(request)).await {
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

    pub(super) fn program(&self) -> &Program {
        &self.program
    }

    pub(super) fn lines(&self) -> Vec<String> {
        if let Some((_, output)) = &*self.current() {
            output.drain();
        }
        self.journal.lines()
    }

    pub(super) fn starts(&self) -> usize {
        self.starts.load(Ordering::Relaxed)
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.current().as_ref().and_then(|(process, _)| process.id())
    }

    pub(super) async fn stop(&self) {
        if let Some(mut container) = self.container.lock().await.take() {
            container.end().await;
        }
    }

    pub(super) async fn terminate(&self) -> io::Result<ExitStatus> {
        let container = self.container.lock().await.take();
        let container = container
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no container runs"))?;
        container.terminate().await
    }

    fn current(&self) -> MutexGuard<'_, Option<(Arc<Process>, Arc<Output>)>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
