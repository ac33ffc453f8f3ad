//! Where the time of a request was spent: signing, connecting, waiting.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tower_layer::Layer;
use tower_service::Service;

/// The times of one request, answered or failed: segment by segment, in order.
///
/// ```
/// use oracle_cloud_client::RequestTimings;
///
/// let timings = RequestTimings::default();
/// assert_eq!((timings.attempts(), timings.segments().len()), (0, 0));
/// ```
#[derive(Clone, Debug, Default)]
pub struct RequestTimings {
    attempts: u32,
    segments: Vec<Segment>,
}

/// What a segment was spent on.
///
/// ```
/// use oracle_cloud_client::{Phase, RequestTimings};
///
/// assert!(RequestTimings::default().time(Phase::Wait).is_zero());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Phase {
    /// Making a signature.
    Sign,
    /// Making a connection: name, TCP, TLS. A request that reuses a connection has no such segment.
    Connect,
    /// From there to the last byte of the answer, or to the first of the body of one that streams.
    Wait,
}

/// One phase of one attempt.
///
/// ```
/// use oracle_cloud_client::{RequestTimings, Segment};
///
/// let timings = RequestTimings::default();
/// let longest: Option<&Segment> = timings.segments().iter().max_by_key(|segment| segment.took);
/// assert!(longest.is_none());
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Segment {
    /// What was done.
    pub phase: Phase,
    /// When it began.
    pub begin: Instant,
    /// How long it took.
    pub took: Duration,
}

impl RequestTimings {
    /// Returns how often the request was sent, or tried to be.
    ///
    /// ```
    /// assert_eq!(oracle_cloud_client::RequestTimings::default().attempts(), 0);
    /// ```
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns every segment, in order.
    ///
    /// ```
    /// assert!(oracle_cloud_client::RequestTimings::default().segments().is_empty());
    /// ```
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Returns the total time of all segments of a phase.
    ///
    /// ```
    /// use oracle_cloud_client::{Phase, RequestTimings};
    ///
    /// assert!(RequestTimings::default().time(Phase::Sign).is_zero());
    /// ```
    pub fn time(&self, phase: Phase) -> Duration {
        let segments = self.segments.iter().filter(|segment| segment.phase == phase);
        segments.map(|segment| segment.took).sum()
    }

    /// Records that a signature was made or failed; it was begun at `begin`.
    pub(super) fn signed(&mut self, begin: Instant) {
        self.segments.push(Segment { phase: Phase::Sign, begin, took: begin.elapsed() });
    }

    /// Records that an attempt begins. It counts even where nobody waits for its end.
    pub(super) fn attempt(&mut self) {
        self.attempts += 1;
    }

    /// Records that an attempt that began at `begin` is over, `answered` or not.
    pub(super) fn attempted(&mut self, begin: Instant, connection: &Connection, answered: bool) {
        let end = Instant::now();
        let connect = connection.segment(end, answered);
        let connecting = connect.map_or(Duration::ZERO, |segment| segment.took);
        let took = (end - begin).saturating_sub(connecting);
        let begin = end.checked_sub(took).unwrap_or(begin);
        let wait = Segment { phase: Phase::Wait, begin, took };
        self.segments.extend(connect.into_iter().chain([wait]));
    }
}

tokio::task_local! {
    /// The connection that the current request waits for, if it needs a new one.
    pub(super) static CONNECTION: Arc<Connection>;
}

/// When a connection was begun, and when it was made.
#[derive(Debug, Default)]
pub(super) struct Connection {
    begun: OnceLock<Instant>,
    made: OnceLock<Instant>,
}

impl Connection {
    /// Returns the connection's segment, which may last until `now`; `None` if no connection was
    /// begun, or if the answer came over another one that was kept.
    fn segment(&self, now: Instant, answered: bool) -> Option<Segment> {
        let begin = *self.begun.get()?;
        let end = self.made.get().copied().or((!answered).then_some(now))?;
        let took = end.saturating_duration_since(begin);
        Some(Segment { phase: Phase::Connect, begin, took })
    }
}

/// A layer that records how long connecting takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timed;

impl<S> Layer<S> for Timed {
    type Service = Timing<S>;

    fn layer(&self, connector: S) -> Timing<S> {
        Timing(Arc::new(connector))
    }
}

/// A connector with a clock. The client clones it for every request, and needs few of the clones.
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
            assert!(connection.segment(begun, answered).is_none());
            connection.begun.set(begun).unwrap();
            if let Some(made) = made {
                connection.made.set(made).unwrap();
            }
            let segment = connection.segment(begun + 2 * second, answered);
            assert_eq!(segment.map(|segment| segment.took), expected, "{made:?}");
        }
    }
}
