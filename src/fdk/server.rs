//! Serves the socket: every connection, every framing, one handler, and only the answers that the agent accepts.

use std::future::Future;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout, timeout_at};

use super::body::Sent;
use super::{Call, Clock, Deadline, Error, Intent, Listener, LogFrame, Reply, error, logger};

/// The largest body a call may have, and an answer may have: what OCI Functions allows, 6 MiB.
pub const BODY_LIMIT: usize = 6 * 1024 * 1024;
/// Room for any body, in bytes, of a size that glibc always maps for itself and gives back whole (more than 32 MiB), so that
/// bodies leave no holes in the heap. Only what is written to is ever in memory.
const ROOM: usize = 33 * 1024 * 1024;
/// The agent accepts 1 MiB of request headers; hyper refuses the head that fills this buffer.
const HEAD_LIMIT: usize = 1024 * 1024 + 64 * 1024;
/// More headers than hyper's default of 100, and no more than a header map can hold.
const HEADERS: usize = 16 * 1024;
/// How long a call in hand may keep an ordered stop waiting.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// A function about to be served.
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    log_frame: Option<LogFrame>,
    clock: Clock,
}

impl Server {
    /// Serves the calls that arrive at `listener`, on the time of day that `clock` tells.
    pub fn new(listener: Listener, clock: Clock) -> Self {
        Self { listener, log_frame: None, clock }
    }

    /// Marks the log before each call, as the platform asked.
    #[must_use]
    pub fn with_log_frame(self, log_frame: Option<LogFrame>) -> Self {
        Self { log_frame, ..self }
    }

    /// Answers calls until `stop` is ready; then lets the call in hand finish, at most 30 s, and removes the socket.
    ///
    /// The handler runs once a call's body is complete. It must not block its thread: past the deadline it is dropped
    /// and the call answered 504. If it panics, the call is answered 502 and the function lives on.
    pub async fn serve<H, F>(self, handler: H, stop: impl Future<Output = ()>)
    where
        H: Fn(Call) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Reply, Error>> + Send + 'static,
    {
        let Self { listener, log_frame, clock } = self;
        let room = Arc::new(Room { handler, log_frame, clock, spare: Mutex::default() });
        let connections = GracefulShutdown::new();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                stream = listener.accept() => match stream {
                    Ok(stream) => room.clone().connect(stream, &connections),
                    Err(error) => {
                        log::error!("no connection could be accepted: {error}");
                        sleep(Duration::from_millis(50)).await;
                    }
                },
            }
        }
        drop(listener);
        if timeout(STOP_LIMIT, connections.shutdown()).await.is_err() {
            log::warn!("stopped with a call unfinished after {} s", STOP_LIMIT.as_secs());
        }
    }
}

/// A whole answer, or none because the request broke off.
type Answered = Result<Response<Sent>, hyper::Error>;

/// What all connections share.
struct Room<H> {
    handler: H,
    log_frame: Option<LogFrame>,
    clock: Clock,
    /// What the last body was read into: a new one for each would fault its pages in again.
    spare: Mutex<BytesMut>,
}

impl<H, F> Room<H>
where
    H: Fn(Call) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Reply, Error>> + Send + 'static,
{
    /// Serves one connection beside the others: the agent opens a new one while an old one is still there.
    fn connect(self: Arc<Self>, stream: UnixStream, connections: &GracefulShutdown) {
        let service = service_fn(move |request| {
            let room = self.clone();
            async move { room.answer(request).await }
        });
        let mut http = http1::Builder::new();
        http.auto_date_header(false).half_close(true).max_buf_size(HEAD_LIMIT).max_headers(HEADERS);
        let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                log::debug!("a connection of the agent broke: {error}");
            }
        });
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
        if status != StatusCode::OK {
            let reply = error::message("NotFound", "expected POST /call");
            let response = reply.into_response(Intent::Direct, status);
            return Ok(response.map(|content| content.sent(deadline.limit(), None)));
        }
        if let Some(log_frame) = &self.log_frame {
            log_frame.write(&head.headers);
        }
        let call = Call::new(head, deadline);
        logger::in_call(call.id().map(str::to_owned), self.respond(call, body)).await
    }

    /// Reads the body to its end, whatever the answer will be: the agent discards answers that come while it writes.
    async fn respond(self: Arc<Self>, call: Call, body: Incoming) -> Answered {
        let (intent, limit, id) =
            (call.intent(), call.deadline().limit(), call.id().map(str::to_owned));
        let answered = match timeout_at(limit, self.collect(body)).await {
            Ok(body) => match body? {
                Some(body) => self.run(call.with_body(body)).await,
                None => too_large(intent),
            },
            Err(_elapsed) => Err(late("the body was not complete")),
        };
        let response = match answered {
            Ok(reply) => reply.into_response(intent, StatusCode::OK),
            Err(error) => error.into_response(intent),
        };
        Ok(response.map(|content| content.sent(limit, id)))
    }

    /// Reads a body to its end. None if it was larger than allowed: the rest is read all the same, and not kept.
    async fn collect(&self, mut body: Incoming) -> Result<Option<Bytes>, hyper::Error> {
        let spare = || self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = mem::take(&mut *spare());
        // All of it again, from its beginning, unless someone holds what was read before.
        bytes.reserve(ROOM);
        let mut fits = true;
        while let Some(frame) = body.frame().await {
            if let Some(data) = frame?.data_ref() {
                fits &= bytes.len() + data.len() <= BODY_LIMIT;
                if fits {
                    bytes.extend_from_slice(data);
                }
            }
        }
        let body = bytes.split().freeze();
        *spare() = bytes;
        Ok(fits.then_some(body))
    }

    /// Runs the handler in a task of its own, so that its panic and its end by the deadline leave the connection whole.
    async fn run(self: Arc<Self>, call: Call) -> Result<Reply, Error> {
        let (deadline, id) = (call.deadline().limit(), call.id().map(str::to_owned));
        // Dropped with this future, so that nobody works for a caller who has gone.
        let mut task = JoinSet::new();
        task.spawn(logger::in_call(id, async move { (self.handler)(call).await }));
        let answered = match timeout_at(deadline, task.join_next()).await {
            Ok(Some(Ok(answered))) => answered,
            // The panic itself is in the log already, with its place.
            Ok(_panicked) => {
                Err(Error::failed(error::message("FunctionFailed", "the function failed")))
            }
            Err(_elapsed) => Err(late("the handler was not finished")),
        };
        if let Some(chain) = answered.as_ref().err().and_then(Error::chain) {
            log::error!("the function failed: {chain}");
        }
        answered.and_then(fitting)
    }
}

/// The platform gives up an answer that is too large when the caller has a part of it: none of it is sent.
fn fitting(reply: Reply) -> Result<Reply, Error> {
    if reply.body().len() <= BODY_LIMIT {
        return Ok(reply);
    }
    let text = format!("the answer is larger than {} MiB", BODY_LIMIT / 1024 / 1024);
    log::error!("{text}: {} bytes", reply.body().len());
    Err(Error::failed(error::message("AnswerTooLarge", &text)))
}

fn late(what: &str) -> Error {
    log::error!("{what} by the deadline of the call");
    Error::timed_out(error::message("FunctionTimedOut", "the function ran out of time"))
}

fn too_large(intent: Intent) -> Result<Reply, Error> {
    let text = format!("the body is larger than {} MiB", BODY_LIMIT / 1024 / 1024);
    log::warn!("{text}");
    let reply = error::message("PayloadTooLarge", &text);
    match intent {
        Intent::Gateway => Ok(reply.with_status(StatusCode::PAYLOAD_TOO_LARGE)?),
        Intent::Direct => Err(Error::failed(reply)),
    }
}
