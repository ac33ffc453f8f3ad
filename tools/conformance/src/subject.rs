//! The kind of the program: found once, before the items.

use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::ask::Ask;
use crate::call::Call;
use crate::harness::{Harness, Parts, Subject};
use crate::launch;
use crate::predictor::Predictor;
use crate::verdict::Problem;

/// The kind that the user names.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Kind {
    /// Found out by its answer to the behaviour `context`
    Auto,
    /// Any function: no behaviours are asked for
    Plain,
    /// A function that speaks the conformance protocol
    Protocol,
    /// This project's function, with an emulated model deployment
    Predictor,
}

/// Starts the program once, and finds out what can be asked of it and how long a start takes; the
/// error says why it does not start.
pub(super) async fn find(
    kind: Kind,
    parts: impl Fn(Subject, Duration) -> Parts,
) -> Result<(Subject, Duration), String> {
    let subject = match kind {
        Kind::Plain => Subject::Plain,
        Kind::Auto | Kind::Protocol => Subject::Protocol,
        Kind::Predictor => Subject::Predictor(Box::new(Predictor::new().map_err(told)?)),
    };
    let harness = Harness::new(parts(subject, Duration::ZERO));
    let begin = Instant::now();
    let instance = launch::start(&harness).await.map_err(told)?;
    let start = begin.elapsed();
    drop(instance.dial().await.map_err(told)?);
    let speaks = match kind {
        Kind::Auto => speaks(&instance).await,
        Kind::Plain | Kind::Protocol | Kind::Predictor => true,
    };
    drop(instance);
    // Nobody else holds the harness: its instance is gone.
    let subject = harness.into_subject().ok_or("its first process is still there")?;
    Ok((if speaks { subject } else { Subject::Plain }, start))
}

async fn speaks(instance: &crate::instance::Instance) -> bool {
    let reply = instance.ask(&Ask::Context, Call::new()).await;
    let context = reply.ok().and_then(|reply| crate::context::Context::parse(&reply.body).ok());
    context.is_some_and(|context| context.expect("conformance", 1).is_ok())
}

fn told(problem: Problem) -> String {
    match problem {
        Problem::Failed { expected, seen } => format!("expected {expected}; saw {seen}"),
        Problem::NotChecked(reason) => reason,
    }
}
