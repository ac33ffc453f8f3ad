//! How long a connection takes to be made.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tower_layer::Layer;
use tower_service::Service;

/// Times the first connection of the client that it is given to as a layer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stopwatch(Arc<OnceLock<Duration>>);

impl Stopwatch {
    /// Returns how long the connection took; zero until there is one.
    pub(crate) fn time(&self) -> Duration {
        self.0.get().copied().unwrap_or_default()
    }
}

impl<S> Layer<S> for Stopwatch {
    type Service = Timed<S>;

    fn layer(&self, connector: S) -> Timed<S> {
        Timed { connector, stopwatch: self.clone() }
    }
}

/// A connector with a stopwatch.
#[derive(Clone, Debug)]
pub(crate) struct Timed<S> {
    connector: S,
    stopwatch: Stopwatch,
}

impl<S, T> Service<T> for Timed<S>
where
    S: Service<T, Response: Send, Error: Send, Future: Send + 'static>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, target: T) -> Self::Future {
        let (begin, Stopwatch(time)) = (Instant::now(), self.stopwatch.clone());
        let connecting = self.connector.call(target);
        Box::pin(async move {
            let connected = connecting.await;
            time.get_or_init(|| begin.elapsed());
            connected
        })
    }
}
