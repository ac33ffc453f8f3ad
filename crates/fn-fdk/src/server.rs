//! Serves the socket: accepts connections until it is stopped, and runs them concurrently in one
//! future.
//!
//! Source: docs/spec/fn-container-contract.md#connections.

use std::fmt;
use std::future::{Future, pending};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::net::UnixStream;
use tokio::time::{sleep, timeout};

use super::bodies::Bodies;
use super::call::Call;
use super::connection::Shared;
use super::deadline::Clock;
use super::into_reply::IntoReply;
use super::listener::Listener;
use super::log_frame::LogFrame;
use super::on_rejection::{self, OnRejection};
use super::serve_error::ServeError;
use super::unwinding::Unwinding;

/// How long calls in progress may delay a stop.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// A function about to be served: the parts of [`serve_until`](crate::serve_until), for programs
/// that replace some of them.
///
/// ```
/// use fn_fdk::{Call, Listener, Server};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// let listener = Listener::publish(&directory.path().join("lsnr.sock"))?;
/// let stopped = async {};
/// Server::new(listener).serve(async |call: Call| call.body().clone(), stopped).await;
/// # Ok(())
/// # }
/// ```
///
/// Source: docs/spec/fn-container-contract.md#connections.
pub struct Server {
    listener: Listener,
    log_frame: Option<LogFrame>,
    on_rejection: OnRejection,
    clock: Clock,
}

impl Server {
    /// Creates a server for the calls that arrive at `listener`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let listener = fn_fdk::Listener::publish(&directory.path().join("lsnr.sock"))?;
    /// let server = fn_fdk::Server::new(listener);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(listener: Listener) -> Self {
        let on_rejection = Arc::new(on_rejection::refused);
        Self { listener, log_frame: None, on_rejection, clock: now }
    }

    /// Marks the log before each call, if the platform asks for it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let listener = fn_fdk::Listener::publish(&directory.path().join("lsnr.sock"))?;
    /// let header = http::HeaderName::from_static("opc-request-id");
    /// let frame = fn_fdk::LogFrame::new(Some("frame".to_owned()), Some(header));
    /// let server = fn_fdk::Server::new(listener).with_log_frame(frame);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_log_frame(self, log_frame: Option<LogFrame>) -> Self {
        Self { log_frame, ..self }
    }

    /// Answers and logs with `on_rejection` the calls that never reach a handler. By default they
    /// are one line in the log, and the answer is `{"code": ..., "message": ...}`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let listener = fn_fdk::Listener::publish(&directory.path().join("lsnr.sock"))?;
    /// use fn_fdk::{Reply, Server};
    ///
    /// let server = Server::new(listener).with_rejection(std::sync::Arc::new(|_call, why| {
    ///     Reply::text(why.message()).with_status(why.status())
    /// }));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_rejection(self, on_rejection: OnRejection) -> Self {
        Self { on_rejection, ..self }
    }

    /// Uses another clock than the system's for the deadlines of calls.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let listener = fn_fdk::Listener::publish(&directory.path().join("lsnr.sock"))?;
    /// let server = fn_fdk::Server::new(listener).with_clock(|| std::time::SystemTime::UNIX_EPOCH);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Answers calls until `stop` is ready. Then it removes the socket and answers calls that were
    /// sent before, for at most 30 s.
    ///
    /// The handler runs once a call's body is complete. It must not block its thread. At the
    /// deadline it is dropped, and the call is answered 504. If it panics, the call is answered
    /// 502, and the function continues.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let listener = fn_fdk::Listener::publish(&directory.path().join("lsnr.sock"))?;
    /// fn_fdk::Server::new(listener).serve(async |call: fn_fdk::Call| call.body().clone(), async {}).await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn serve<H, R>(self, handler: H, stop: impl Future<Output = ()>)
    where
        H: AsyncFn(Call) -> R,
        R: IntoReply,
    {
        drop(self.serve_patiently(handler, stop.map(|()| pending())).await);
    }

    /// Does the same as [`Server::serve`], until the future that `stop` returns is ready as well.
    pub(super) async fn serve_patiently<H, R, P>(
        self,
        handler: H,
        stop: impl Future<Output = P>,
    ) -> Result<(), ServeError>
    where
        H: AsyncFn(Call) -> R,
        R: IntoReply,
        P: Future<Output = ()>,
    {
        let Self { listener, log_frame, on_rejection, clock } = self;
        let (bodies, stopped) = (Bodies::new(), Arc::default());
        let shared = Shared { handler, log_frame, on_rejection, clock, bodies, stopped };
        let connect = |stream| Unwinding::new(shared.connect(stream));
        let mut connections = FuturesUnordered::new();
        // Sets as well, since a set polls only those of its members that were woken.
        let mut stops = FuturesUnordered::from_iter([stop]);
        let mut arrivals = FuturesUnordered::from_iter([accepted(&listener)]);
        let impatient = loop {
            tokio::select! {
                biased;
                Some(impatient) = stops.next() => break impatient,
                Some(_ended) = connections.next() => {}
                Some(stream) = arrivals.next() => {
                    connections.push(connect(stream));
                    arrivals.push(accepted(&listener));
                }
            }
        };
        drop(arrivals);
        shared.stopped.store(true, Ordering::Relaxed);
        // A new set polls all of its members: idle connections end now.
        let mut connections: FuturesUnordered<_> = connections.into_iter().collect();
        let finished = timeout(STOP_LIMIT, async {
            // Connections that are not accepted yet were opened before the stop too.
            match listener.close() {
                Ok(queue) => loop {
                    match queue.next() {
                        Ok(Some(stream)) => connections.push(connect(stream)),
                        Ok(None) => break,
                        // A connection that ends makes room.
                        Err(error) => tokio::select! {
                            () = not_accepted(error) => {}
                            Some(_ended) = connections.next() => {}
                        },
                    }
                },
                Err(error) => log::error!("waiting connections are lost: {error}"),
            }
            while connections.next().await.is_some() {}
        });
        tokio::select! {
            finished = finished => if finished.is_err() {
                log::warn!("stopped after {} s with an unfinished call", STOP_LIMIT.as_secs());
            },
            () = impatient => return Err(ServeError::Impatient),
        }
        Ok(())
    }
}

/// Shows nothing of the application.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("listener", &self.listener).finish_non_exhaustive()
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock, where no other is given")]
fn now() -> SystemTime {
    SystemTime::now()
}

/// Accepts the next connection. If that fails, the others continue meanwhile.
async fn accepted(listener: &Listener) -> UnixStream {
    loop {
        match listener.accept().await {
            Ok(stream) => return stream,
            Err(error) => not_accepted(error).await,
        }
    }
}

/// Waits until there may be room for another connection.
async fn not_accepted(error: io::Error) {
    log::error!("no connection could be accepted: {error}");
    sleep(Duration::from_millis(50)).await;
}
