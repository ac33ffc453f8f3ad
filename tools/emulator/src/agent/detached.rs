//! Detached calls: the caller is answered at once, and how the call ended goes to a destination.
//!
//! Source: docs/spec/fn-container-contract.md#detached.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::answer::Answer;
use super::calls::Calls;
use super::failure::Failure;
use super::ids;
use super::outcome::Outcome;
use super::request::{Call, Intent, Invocation};
use crate::clock;

/// How many detached calls are accepted that have not ended, or whose outcome has not been read.
pub const WAITING: usize = 100;

/// The header by which a caller says that it does not wait.
const INVOKE_TYPE: &str = "Fn-Invoke-Type";

/// The detached calls that have not ended. Dropping it ends them.
#[derive(Debug)]
pub(super) struct Detached {
    tasks: Mutex<JoinSet<()>>,
    permits: Arc<Semaphore>,
}

impl Default for Detached {
    fn default() -> Self {
        Self { tasks: Mutex::default(), permits: Arc::new(Semaphore::new(WAITING)) }
    }
}

impl Detached {
    /// Answers the caller, and leaves the call to itself if it was accepted.
    pub(super) fn accept(&self, calls: &Arc<Calls>, invocation: Invocation) -> Answer {
        let id = ids::call_id(clock::now());
        if invocation.intent != Intent::Direct {
            return Answer::message(400, "a gateway calls nothing detached", &id);
        }
        if let Some(failure) = Failure::of_length(invocation.body.len()) {
            return Answer::failed(failure, &id);
        }
        let invocation = detached(invocation);
        let call = Call { id: id.clone(), deadline: clock::now(), span: None };
        if let Err(message) = invocation.request(&call) {
            return Answer::message(400, &message, &id);
        }
        let Ok(permit) = self.permits.clone().try_acquire_owned() else {
            return Answer::failed(Failure::TooManyRequests, &id);
        };
        let answer = Answer::accepted(&id);
        let mut tasks = self.tasks();
        // Those that ended are let go of.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(carry_out(calls.clone(), invocation, id, permit));
        answer
    }

    /// Ends them all, and waits until they are gone.
    pub(super) async fn end(&self) {
        let mut tasks = mem::take(&mut *self.tasks());
        tasks.shutdown().await;
    }

    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the call, and notifies its destination. Its permit is held until that is done.
async fn carry_out(
    calls: Arc<Calls>,
    invocation: Invocation,
    call_id: String,
    _permit: OwnedSemaphorePermit,
) {
    let program = calls.program();
    let limit = program.detached_timeout.unwrap_or(program.timeout);
    let answer = calls.call_as(call_id.clone(), &invocation, limit).await;
    let outcome = Outcome { call_id, answer };
    let destination = if outcome.is_success() { &program.on_success } else { &program.on_failure };
    if let Some(destination) = destination {
        // Without a reader, outcomes are dropped, like those without a destination.
        drop(destination.send(outcome).await);
    }
}

/// Returns the call as the function gets it: with the type that the caller said.
fn detached(mut invocation: Invocation) -> Invocation {
    invocation.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(INVOKE_TYPE));
    invocation.header(INVOKE_TYPE, "detached")
}
