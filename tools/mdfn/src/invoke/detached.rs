//! A call whose caller does not wait, and how it ended.

use emulator::agent::{Agent, Answer, Invocation, Outcome, Program};
use thiserror::Error;
use tokio::sync::mpsc::{Receiver, channel};

use super::options::Options;
use crate::terminal::complain;

/// The longest that a call may take whose caller waits.
const LONGEST: u64 = 300;
/// The shortest that a detached call may be given.
const SHORTEST_DETACHED: u64 = 5;
/// What the caller of a detached call gets.
const ACCEPTED: u16 = 202;

/// Options that no platform has together.
#[derive(Debug, Error)]
pub(super) enum Error {
    #[error(
        "`--detached` with `--gateway`: API Gateway waits for every answer and cannot invoke detached; leave one of them out"
    )]
    Gateway,
    #[error(
        "`--detached` with `--fn-server`: an Fn server has no detached calls, its callers wait; leave one of them out"
    )]
    FnServer,
    #[error(
        "`--timeout {0}`: expected 1 to {LONGEST} seconds; only a call with `--detached` may take up to 3600"
    )]
    Long(u64),
    #[error("`--timeout {0}`: expected {SHORTEST_DETACHED} to 3600 seconds with `--detached`")]
    Short(u64),
}

/// Refuses options that cannot be combined.
pub(super) fn check(options: &Options) -> Result<(), Error> {
    match options.timeout {
        _ if options.detached && options.gateway => Err(Error::Gateway),
        _ if options.detached && options.fn_server => Err(Error::FnServer),
        seconds if options.detached && seconds < SHORTEST_DETACHED => Err(Error::Short(seconds)),
        seconds if !options.detached && seconds > LONGEST => Err(Error::Long(seconds)),
        _ => Ok(()),
    }
}

/// Returns the program with one destination for both ends of a detached call, which may take as
/// long as any.
pub(super) fn observed(program: Program) -> (Program, Receiver<Outcome>) {
    let (destination, outcomes) = channel(1);
    let limit = program.timeout;
    let program = program.on_success(destination.clone()).on_failure(destination);
    (program.detached_timeout(limit), outcomes)
}

/// Makes the call, reports at once that it was accepted, and waits for its outcome.
pub(super) async fn call(
    agent: &Agent,
    invocation: Invocation,
    mut outcomes: Receiver<Outcome>,
) -> Answer {
    let accepted = agent.call_detached(invocation);
    if accepted.status != ACCEPTED {
        return accepted;
    }
    let id = accepted.header("fn-call-id").unwrap_or_default();
    complain(&format!("mdfn: {ACCEPTED}, call {}", String::from_utf8_lossy(id)));
    // The agent holds the other end: there is an outcome.
    outcomes.recv().await.map_or(accepted, |outcome| outcome.answer)
}
