//! A connection that is opened before the first request. Nothing is sent over it.

use std::any::Any;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBuf};
use reqwest::{Client, Url};
use tokio::select;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};
use tower_layer::Layer;
use tower_service::Service;

/// How long a connection may wait for its request: less than any load balancer keeps one idle.
const MAX_IDLE: Duration = Duration::from_secs(10);
/// How long a request waits for a connection that is still being opened, before it opens its own.
const MAX_WAIT: Duration = Duration::from_millis(250);

/// A connection of whatever type the client uses.
type Connection = Box<dyn Any + Send>;
/// A connection that is being opened, or is open.
pub(super) type Pending = oneshot::Receiver<Connection>;

/// The connection that the first request may use.
#[derive(Default)]
pub(super) struct Preconnect(Mutex<Option<Started>>);

struct Started {
    authority: String,
    at: Instant,
    connection: Pending,
}

impl Preconnect {
    /// Connects `http` to this host and port. The future ends early when the connection is no
    /// longer wanted.
    pub(super) fn start(&self, http: Client, to: Url) -> impl Future<Output = ()> + use<> {
        let (sender, connection) = oneshot::channel();
        let (authority, at) = (to.authority().to_owned(), Instant::now());
        *self.started() = Some(Started { authority, at, connection });
        connect(http, to, sender)
    }

    /// Returns the connection for a request to this host. A connection to another host is
    /// cancelled.
    pub(super) fn take(&self, authority: &str) -> Option<Pending> {
        let started = self.started().take()?;
        let fits = started.authority == authority && started.at.elapsed() < MAX_IDLE;
        fits.then_some(started.connection)
    }

    /// Cancels a connection that no request has used.
    pub(super) fn cancel(&self) {
        drop(self.started().take());
    }

    fn started(&self) -> MutexGuard<'_, Option<Started>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts a request whose connector fails once it has the connection, so that nothing of the
/// request is sent.
async fn connect(http: Client, to: Url, mut sender: oneshot::Sender<Connection>) {
    let made = Arc::new(Mutex::new(None));
    select! {
        // If the host cannot be reached, the first request will report that.
        _failed = MADE.scope(made.clone(), http.get(to).send()) => {}
        () = sender.closed() => return,
    }
    let made = made.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(connection) = made {
        // It may have been cancelled meanwhile.
        drop(sender.send(connection));
    }
}

/// Runs a request that may use this connection instead of opening one.
pub(super) async fn with<F: Future>(connection: Option<Pending>, request: F) -> F::Output {
    match connection {
        None => request.await,
        Some(_) => PENDING.scope(Mutex::new(connection), request).await,
    }
}

tokio::task_local! {
    /// Where the connector leaves its connection, in place of the running request.
    static MADE: Arc<Mutex<Option<Connection>>>;
    /// The connection that the running request may use.
    static PENDING: Mutex<Option<Pending>>;
}

/// The error that ends a request which was started only for its connection.
#[derive(Debug, thiserror::Error)]
#[error("connected for a later request")]
struct Preconnected;

/// Returns whether a connection is still idle: the other side has neither closed it nor sent
/// anything.
async fn is_idle<C: Read + Unpin>(connection: &mut C) -> bool {
    let mut byte = [0];
    let mut buffer = ReadBuf::new(&mut byte);
    poll_fn(|context| {
        Poll::Ready(Pin::new(&mut *connection).poll_read(context, buffer.unfilled()).is_pending())
    })
    .await
}

/// A layer that puts a [`PreconnectService`] around a connector.
#[derive(Clone, Copy, Debug)]
pub(super) struct PreconnectLayer;

impl<S> Layer<S> for PreconnectLayer {
    type Service = PreconnectService<S>;

    fn layer(&self, connector: S) -> PreconnectService<S> {
        PreconnectService(connector)
    }
}

/// A connector that returns the connection that was opened before, if there is one.
#[derive(Clone, Debug)]
pub(super) struct PreconnectService<S>(S);

impl<S, T> Service<T> for PreconnectService<S>
where
    S: Service<T, Response: Read + Send + Unpin + 'static, Error: From<Preconnected>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, target: T) -> Self::Future {
        let made = MADE.try_with(Arc::clone);
        let pending = PENDING
            .try_with(|pending| pending.lock().unwrap_or_else(PoisonError::into_inner).take());
        let connecting = self.0.call(target);
        Box::pin(async move {
            if let Ok(Some(pending)) = pending
                && let Ok(Ok(connection)) = timeout(MAX_WAIT, pending).await
                && let Ok(mut connection) = connection.downcast()
                && is_idle(&mut *connection).await
            {
                return Ok(*connection);
            }
            let connection = connecting.await?;
            let Ok(made) = made else { return Ok(connection) };
            *made.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(connection));
            Err(Preconnected.into())
        })
    }
}
