//! Serves the socket: every connection, every framing, one handler, and only the answers that the agent accepts.
//!
//! Source: docs/spec/fn-container-contract.md#connections.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout, timeout_at};

use super::bodies::{BODY_LIMIT, Bodies, Held};
use super::body::{Content, Sent};
use super::logger::{LoggedCall, milliseconds};
use super::socket::{Rest, Socket};
use super::{
    Call, Clock, Deadline, Error, Intent, Listener, LogFrame, OnRejection, Rejection, Reply, error,
    rejection,
};

/// The agent accepts 1 MiB of request headers; hyper refuses the head that fills this buffer.
const HEAD_LIMIT: usize = 1024 * 1024 + 64 * 1024;
/// More headers than hyper's default of 100, and no more than a header map can hold.
const HEADERS: usize = 16 * 1024;
/// How long calls in hand may keep an ordered stop waiting.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// A function about to be served.
pub struct Server {
    listener: Listener,
    log_frame: Option<LogFrame>,
    on_rejection: OnRejection,
    clock: Clock,
}

impl Server {
    /// Serves the calls that arrive at `listener`, on the time of day that `clock` tells.
    pub fn new(listener: Listener, clock: Clock) -> Self {
        Self { listener, log_frame: None, on_rejection: Arc::new(rejection::refused), clock }
    }

    /// Marks the log before each call, as the platform asked.
    #[must_use]
    pub fn with_log_frame(self, log_frame: Option<LogFrame>) -> Self {
        Self { log_frame, ..self }
    }

    /// Answers the calls that never come to a handler with `on_rejection`, which also logs them.
    /// Without it they are one line in the log, and the answer is `{"code": ..., "message": ...}`.
    #[must_use]
    pub fn with_rejection(self, on_rejection: OnRejection) -> Self {
        Self { on_rejection, ..self }
    }

    /// Answers calls until `stop` is ready; then removes the socket and answers what was written
    /// before, for at most 30 s.
    ///
    /// The handler runs once a call's body is complete. It must not block its thread: past the
    /// deadline it is dropped and the call answered 504. If it panics, the call is answered 502 and
    /// the function lives on.
    pub async fn serve<H, F>(self, handler: H, stop: impl Future<Output = ()>)
    where
        H: Fn(Call) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Reply, Error>> + Send + 'static,
    {
        let Self { listener, log_frame, on_rejection, clock } = self;
        let room =
            Arc::new(Room { handler, log_frame, on_rejection, clock, bodies: Bodies::new() });
        let (stopped, _) = watch::channel(false);
        tokio::pin!(stop);
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                stream = listener.accept() => match stream {
                    Ok(stream) => room.clone().connect(stream, stopped.subscribe()),
                    Err(error) => not_accepted(error).await,
                },
            }
        }
        if timeout(STOP_LIMIT, room.finish(listener, stopped)).await.is_err() {
            log::warn!("stopped with a call unfinished after {} s", STOP_LIMIT.as_secs());
        }
    }
}

/// Shows nothing of the application.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("listener", &self.listener).finish_non_exhaustive()
    }
}

/// Waits until there may be room for another connection.
async fn not_accepted(error: io::Error) {
    log::error!("no connection could be accepted: {error}");
    sleep(Duration::from_millis(50)).await;
}

/// A whole answer, or none because the request broke off.
type Answered = Result<Response<Sent>, hyper::Error>;

/// What all connections share.
struct Room<H> {
    handler: H,
    log_frame: Option<LogFrame>,
    on_rejection: OnRejection,
    clock: Clock,
    bodies: Bodies,
}

impl<H, F> Room<H>
where
    H: Fn(Call) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Reply, Error>> + Send + 'static,
{
    /// Serves one connection beside the others: the agent opens a new one while an old one is still there.
    fn connect(self: Arc<Self>, stream: UnixStream, mut stopped: watch::Receiver<bool>) {
        let rest = Rest::new();
        let socket = TokioIo::new(Socket::new(stream, rest.clone(), stopped.clone()));
        let service = service_fn(move |request| {
            let (room, rest) = (self.clone(), rest.clone());
            rest.set(false);
            async move {
                let answered = room.answer(request).await;
                rest.set(true);
                answered
            }
        });
        let mut http = http1::Builder::new();
        http.auto_date_header(false).half_close(true).max_buf_size(HEAD_LIMIT).max_headers(HEADERS);
        let connection = http.serve_connection(socket, service);
        tokio::spawn(async move {
            tokio::pin!(connection);
            let ended = tokio::select! {
                ended = &mut connection => ended,
                // It has to look at its socket again.
                () = async { drop(stopped.wait_for(|stopped| *stopped).await) } => connection.await,
            };
            if let Err(error) = ended {
                log::debug!("a connection of the agent broke: {error}");
            }
        });
    }

    /// Answers all that was written before the stop, on the connections that wait to be accepted
    /// too.
    async fn finish(self: Arc<Self>, listener: Listener, stopped: watch::Sender<bool>) {
        stopped.send_replace(true);
        match listener.close() {
            Ok(queue) => loop {
                match queue.next() {
                    Ok(Some(stream)) => self.clone().connect(stream, stopped.subscribe()),
                    Ok(None) => break,
                    Err(error) => not_accepted(error).await,
                }
            },
            Err(error) => log::error!("connections that wait are lost: {error}"),
        }
        stopped.closed().await;
    }

    /// Answers one request; an error here means that its body broke off, and closes the connection without an answer.
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Answered {
        let (head, body) = request.into_parts();
        let deadline = Deadline::of(&head.headers, (self.clock)());
        let status = match (head.uri.path(), &head.method) {
            ("/call", &Method::POST) => StatusCode::OK,
            ("/call", _) => StatusCode::METHOD_NOT_ALLOWED,
            (_, _) => StatusCode::NOT_FOUND,
        };
        if let Some(log_frame) = self.log_frame.as_ref().filter(|_| status == StatusCode::OK) {
            log_frame.write(&head.headers);
        }
        let (call, line) = Call::new(head, deadline);
        let logged = LoggedCall::of(&call);
        let response = if status == StatusCode::OK {
            logged.clone().scope(self.respond(call, line, body, &logged)).await?
        } else {
            let reply = error::message("NotFound", "expected POST /call");
            reply.into_response(Intent::Direct, status)
        };
        Ok(response.map(|content| content.sent(deadline.limit(), logged)))
    }

    /// Reads the body to its end, whatever the answer will be: the agent discards answers that come while it writes.
    async fn respond(
        self: Arc<Self>,
        call: Call,
        line: Result<(), Rejection>,
        body: Incoming,
        logged: &LoggedCall,
    ) -> Result<Response<Content>, hyper::Error> {
        let (intent, limit, mut received) = (call.intent(), call.deadline().limit(), 0);
        let body =
            self.bodies.collect(body, limit, &mut received).await.inspect_err(|_broken| {
                let (status, code) = (StatusCode::BAD_REQUEST.as_u16(), "CannotParseRequest");
                let (bytes_in, ms) = (received, milliseconds(call.arrived()));
                log::warn!(status, code, bytes_in, ms; "the body broke off");
            })?;
        let answered = match line.and(body) {
            Ok(Held { body, place: _held }) => self.run(call.with_body(body), logged).await,
            Err(rejection) => (self.on_rejection)(&call.with_received(received), &rejection),
        };
        if let Some(chain) = answered.as_ref().err().and_then(Error::chain) {
            logged.failed(error::FAILED, &format!("the function failed: {chain}"));
        }
        Ok(match answered {
            Ok(reply) => reply.into_response(intent, StatusCode::OK),
            Err(error) => error.into_response(intent),
        })
    }

    /// Runs the handler, so that its panic and its end by the deadline leave the connection whole.
    async fn run(self: Arc<Self>, call: Call, logged: &LoggedCall) -> Result<Reply, Error> {
        let deadline = call.deadline().limit();
        // A handler's future may be large, and those around it are moved.
        let handled = Box::pin(async move { (self.handler)(call).await });
        match timeout_at(deadline, unwinding(handled)).await {
            Ok(Some(answered)) => fitting(answered?, logged),
            // The panic itself is in the log already, with its place.
            Ok(None) => Err(error::unexplained()),
            Err(_elapsed) => {
                let why = "the handler was not finished by the deadline of the call";
                logged.failed(error::TIMED_OUT, why);
                Err(error::late())
            }
        }
    }
}

/// What a future comes to; None if it panics, after which it is not polled again.
async fn unwinding<F: Future>(mut future: Pin<Box<F>>) -> Option<F::Output> {
    poll_fn(|context| {
        let polled = AssertUnwindSafe(|| future.as_mut().poll(context));
        catch_unwind(polled).map_or(Poll::Ready(None), |polled| polled.map(Some))
    })
    .await
}

/// The platform gives up an answer that is too large when the caller has a part of it: none of it is sent.
fn fitting(reply: Reply, logged: &LoggedCall) -> Result<Reply, Error> {
    if reply.body().len() <= BODY_LIMIT {
        return Ok(reply);
    }
    let (status, code) = (StatusCode::BAD_GATEWAY, "AnswerTooLarge");
    let text = format!("the answer is larger than {} MiB", BODY_LIMIT / 1024 / 1024);
    logged.failed((status, code), &format!("{text}: {} bytes", reply.body().len()));
    Err(Error::failed(error::message(code, &text)))
}
