//! Where the time of a request went: signing, connecting, waiting.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tower_layer::Layer;
use tower_service::Service;

/// What it took to have one request answered, or to fail.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Journey {
    /// How often it was sent, or tried to be.
    pub tries: u32,
    /// The time that its signatures took.
    pub sign: Duration,
    /// The time until there were connections: names, TCP, TLS. Nothing where one was kept.
    pub connect: Duration,
    /// The time from there to the last byte of each answer.
    pub wait: Duration,
}

impl Journey {
    /// Counts a try that began at `start`, and is over now, `answered` or not.
    pub(super) fn count(&mut self, start: Instant, connection: &Connection, answered: bool) {
        let end = Instant::now();
        let connect = connection.took(end, answered);
        self.tries += 1;
        self.connect += connect;
        self.wait += (end - start).saturating_sub(connect);
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
    /// How long it took, or takes already at `now`; nothing if none was begun, or an answer came over another that was kept.
    fn took(&self, now: Instant, answered: bool) -> Duration {
        match (self.begun.get(), self.made.get()) {
            (Some(begun), Some(made)) => made.saturating_duration_since(*begun),
            (Some(begun), None) if !answered => now.saturating_duration_since(*begun),
            (Some(_) | None, _) => Duration::ZERO,
        }
    }
}

/// Tells the request that waits for a connection how long it takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timed;

impl<S> Layer<S> for Timed {
    type Service = Timing<S>;

    fn layer(&self, connector: S) -> Timing<S> {
        Timing(connector)
    }
}

/// A connector with a clock.
#[derive(Clone, Debug)]
pub(super) struct Timing<S>(S);

impl<S, T> Service<T> for Timing<S>
where
    S: Service<T, Future: Send + 'static>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, target: T) -> Self::Future {
        let connection = CONNECTION.try_with(Arc::clone).unwrap_or_default();
        connection.begun.get_or_init(Instant::now);
        let connected = self.0.call(target);
        Box::pin(async move {
            let connected = connected.await;
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
            (Some(begun + second), true, second),
            (Some(begun + second), false, second),
            (None, false, 2 * second),
            (None, true, Duration::ZERO),
        ] {
            let connection = Connection::default();
            assert_eq!(connection.took(begun, answered), Duration::ZERO);
            connection.begun.set(begun).unwrap();
            made.into_iter().for_each(|made| connection.made.set(made).unwrap());
            assert_eq!(connection.took(begun + 2 * second, answered), expected, "{made:?}");
        }
    }
}
