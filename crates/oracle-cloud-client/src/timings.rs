//! Where the time of a request went: signing, connecting, waiting.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tower_layer::Layer;
use tower_service::Service;

/// What it took to have one request answered, or to fail: step by step, in order.
#[derive(Clone, Debug, Default)]
pub struct Journey {
    tries: u32,
    steps: Vec<Step>,
}

/// A part of the way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phase {
    /// The making of a signature.
    Sign,
    /// The time until there was a connection: name, TCP, TLS. There is no such step where one was kept.
    Connect,
    /// From there to the last byte of the answer.
    Wait,
}

/// A phase of one try.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// What was done.
    pub phase: Phase,
    /// When it began.
    pub begin: Instant,
    /// How long it took.
    pub took: Duration,
}

impl Journey {
    /// How often the request was sent, or tried to be.
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// Every step that was taken.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The time that all steps of a phase took together.
    pub fn time(&self, phase: Phase) -> Duration {
        self.steps.iter().filter(|step| step.phase == phase).map(|step| step.took).sum()
    }

    /// A signature that was begun at `begin` is made, or failed.
    pub(super) fn signed(&mut self, begin: Instant) {
        self.steps.push(Step { phase: Phase::Sign, begin, took: begin.elapsed() });
    }

    /// A try that began at `begin` is over, `answered` or not.
    pub(super) fn tried(&mut self, begin: Instant, connection: &Connection, answered: bool) {
        let end = Instant::now();
        self.tries += 1;
        let connect = connection.step(end, answered);
        let took = (end - begin).saturating_sub(connect.map_or(Duration::ZERO, |step| step.took));
        let wait = Step { phase: Phase::Wait, begin: end.checked_sub(took).unwrap_or(begin), took };
        self.steps.extend(connect.into_iter().chain([wait]));
    }
}

tokio::task_local! {
    /// The connection that the request in hand waits for, if it needs a new one.
    pub(super) static CONNECTION: Arc<Connection>;
}

/// When a connection was begun, and when it was made.
#[derive(Debug, Default)]
pub(super) struct Connection {
    begun: OnceLock<Instant>,
    made: OnceLock<Instant>,
}

impl Connection {
    /// The step that it was, or is still at `now`; none if none was begun, or an answer came over another that was kept.
    fn step(&self, now: Instant, answered: bool) -> Option<Step> {
        let begin = *self.begun.get()?;
        let end = self.made.get().copied().or((!answered).then_some(now))?;
        let took = end.saturating_duration_since(begin);
        Some(Step { phase: Phase::Connect, begin, took })
    }
}

/// Tells the request that waits for a connection how long it takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timed;

impl<S> Layer<S> for Timed {
    type Service = Timing<S>;

    fn layer(&self, connector: S) -> Timing<S> {
        Timing(Arc::new(connector))
    }
}

/// A connector with a clock. The client clones it for every request, and needs it for few.
#[derive(Clone, Debug)]
pub(super) struct Timing<S>(Arc<S>);

impl<S, T> Service<T> for Timing<S>
where
    S: Service<T, Future: Send> + Clone + Send + 'static,
    T: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: T) -> Self::Future {
        let connection = CONNECTION.try_with(Arc::clone).unwrap_or_default();
        connection.begun.get_or_init(Instant::now);
        let mut connector = S::clone(&self.0);
        Box::pin(async move {
            poll_fn(|context| connector.poll_ready(context)).await?;
            let connected = connector.call(target).await;
            connection.made.get_or_init(Instant::now);
            connected
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_counts_if_the_answer_came_over_it_or_none_came() {
        let second = Duration::from_secs(1);
        let begun = Instant::now();
        for (made, answered, expected) in [
            (Some(begun + second), true, Some(second)),
            (Some(begun + second), false, Some(second)),
            (None, false, Some(2 * second)),
            (None, true, None),
        ] {
            let connection = Connection::default();
            assert!(connection.step(begun, answered).is_none());
            connection.begun.set(begun).unwrap();
            if let Some(made) = made {
                connection.made.set(made).unwrap();
            }
            let step = connection.step(begun + 2 * second, answered);
            assert_eq!(step.map(|step| step.took), expected, "{made:?}");
        }
    }
}
