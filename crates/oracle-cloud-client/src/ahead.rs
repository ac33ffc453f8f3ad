//! A connection for the first request, made while nobody has asked for one. Nothing is sent over it.

use std::any::Any;
use std::error::Error;
use std::fmt;
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

/// How long a connection may wait for its request: less than any load balancer lets one be silent.
const FRESH: Duration = Duration::from_secs(10);
/// How long a request waits for a connection that is still being made, before it makes its own.
const PATIENCE: Duration = Duration::from_millis(250);

/// A connection, whatever the client makes of it.
type Made = Box<dyn Any + Send>;

/// The connection that the first request may take, of whatever is sent where it leads.
#[derive(Default)]
pub(super) struct Ahead(Mutex<Option<Begun>>);

struct Begun {
    authority: String,
    at: Instant,
    made: oneshot::Receiver<Made>,
}

impl Ahead {
    /// Makes a connection of `http` to this host and port, for as long as it may still be wanted. Run it beside the calls.
    pub(super) fn connect(&self, http: Client, to: Url) -> impl Future<Output = ()> + use<> {
        let (sender, made) = oneshot::channel();
        let begun = Begun { authority: to.authority().to_owned(), at: Instant::now(), made };
        *self.begun() = Some(begun);
        keep(http, to, sender)
    }

    /// Runs a request to there, which takes the connection if it needs one and there is one.
    pub(super) async fn offer<F: Future>(&self, authority: &str, request: F) -> F::Output {
        let begun = self.begun().take();
        let fits = |begun: &Begun| begun.authority == authority && begun.at.elapsed() < FRESH;
        match begun.filter(fits) {
            None => request.await,
            Some(begun) => OFFERED.scope(Mutex::new(Some(begun.made)), request).await,
        }
    }

    /// Gives up what no request has taken.
    pub(super) fn give_up(&self) {
        drop(self.begun().take());
    }

    fn begun(&self) -> MutexGuard<'_, Option<Begun>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins a request that ends with its connection, before anything of it is sent.
async fn keep(http: Client, to: Url, mut sender: oneshot::Sender<Made>) {
    let place = Arc::new(Mutex::new(None));
    select! {
        // Whatever is wrong with the host, the first request will meet it, too.
        _ended = KEPT.scope(place.clone(), http.get(to).send()) => {}
        () = sender.closed() => return,
    }
    let made = place.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(made) = made {
        // Nobody may want it any more.
        drop(sender.send(made));
    }
}

tokio::task_local! {
    /// Where the connection of the request in hand is put, instead of being used.
    static KEPT: Arc<Mutex<Option<Made>>>;
    /// A connection that the request in hand may take instead of making one.
    static OFFERED: Mutex<Option<oneshot::Receiver<Made>>>;
}

/// Whether the other side still waits for a request: it has neither closed the connection nor said anything.
async fn is_open<C: Read + Unpin>(connection: &mut C) -> bool {
    let mut byte = [0];
    let mut said = ReadBuf::new(&mut byte);
    poll_fn(|context| {
        Poll::Ready(Pin::new(&mut *connection).poll_read(context, said.unfilled()).is_pending())
    })
    .await
}

/// What the request ends with that made a connection ahead.
#[derive(Debug)]
struct Kept;

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is kept for another request")
    }
}

impl Error for Kept {}

/// Keeps a connection that is made ahead, and gives it to the request that it was made for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keeping;

impl<S> Layer<S> for Keeping {
    type Service = Keeper<S>;

    fn layer(&self, connector: S) -> Keeper<S> {
        Keeper(connector)
    }
}

/// A connector that may have a connection already.
#[derive(Clone, Debug)]
pub(super) struct Keeper<S>(S);

impl<S, T> Service<T> for Keeper<S>
where
    S: Service<T, Response: Read + Send + Unpin + 'static, Error: From<Kept>, Future: Send>,
    S::Future: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, target: T) -> Self::Future {
        let kept = KEPT.try_with(Arc::clone).ok();
        let offered = OFFERED
            .try_with(|offered| offered.lock().unwrap_or_else(PoisonError::into_inner).take());
        let connected = self.0.call(target);
        Box::pin(async move {
            if let Ok(Some(offered)) = offered
                && let Ok(Ok(made)) = timeout(PATIENCE, offered).await
                && let Ok(mut made) = made.downcast()
                && is_open(&mut *made).await
            {
                return Ok(*made);
            }
            let connected = connected.await?;
            let Some(place) = kept else { return Ok(connected) };
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(connected));
            Err(Kept.into())
        })
    }
}
