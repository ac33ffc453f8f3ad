//! One connection of the agent: its requests, in every framing, and only answers that the agent
//! accepts.
//!
//! Source: docs/spec/fn-container-contract.md#connections.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout_at};

use super::bodies::{Bodies, Held};
use super::body::{Content, Sent};
use super::call::Call;
use super::context::Intent;
use super::deadline::Clock;
use super::error::{self, Error};
use super::into_reply::IntoReply;
use super::limits::BODY_LIMIT;
use super::log_frame::LogFrame;
use super::logged_call::{LoggedCall, milliseconds};
use super::on_rejection::OnRejection;
use super::rejection::Rejection;
use super::reply::Reply;
use super::socket::{Rest, Socket};
use super::unwinding::Unwinding;

/// The agent accepts 1 MiB of request headers. hyper refuses a head that fills this buffer.
const MAX_HEAD_BYTES: usize = 1024 * 1024 + 64 * 1024;
/// More headers than hyper's default of 100, and no more than a header map can hold.
const MAX_HEADERS: usize = 16 * 1024;

/// [`BODY_LIMIT`] in MiB, for messages.
const LIMIT_MIB: usize = BODY_LIMIT / 1024 / 1024;

/// The state that all connections share.
pub(super) struct Shared<H> {
    pub(super) handler: H,
    pub(super) log_frame: Option<LogFrame>,
    pub(super) on_rejection: OnRejection,
    pub(super) clock: Clock,
    pub(super) bodies: Bodies,
    /// Whether connections end between two calls.
    pub(super) stopped: Arc<AtomicBool>,
}

/// A whole answer, or none because the request broke off.
type Answered = Result<Response<Sent>, hyper::Error>;

/// The result of a call: a reply, and the status on the socket.
struct Ended {
    reply: Reply,
    wire: StatusCode,
}

impl<H, R> Shared<H>
where
    H: AsyncFn(Call) -> R,
    R: IntoReply,
{
    /// Serves one connection. The agent may open a new one while an old one is still open.
    pub(super) async fn connect(&self, stream: UnixStream) {
        let rest = Rest::new();
        let socket = TokioIo::new(Socket::new(stream, rest.clone(), self.stopped.clone()));
        let service = service_fn(|request| {
            rest.set(false);
            async {
                let answered = self.answer(request).await;
                rest.set(true);
                answered
            }
        });
        let mut http = http1::Builder::new();
        http.auto_date_header(false).half_close(true);
        http.max_buf_size(MAX_HEAD_BYTES).max_headers(MAX_HEADERS);
        if let Err(error) = http.serve_connection(socket, service).await {
            log::debug!("a connection of the agent broke: {error}");
        }
    }

    /// Answers one request. An error means that its body broke off; it closes the connection
    /// without an answer.
    async fn answer(&self, request: Request<Incoming>) -> Answered {
        let (head, body) = request.into_parts();
        let status = match (head.uri.path(), &head.method) {
            ("/call", &Method::POST) => StatusCode::OK,
            ("/call", _) => StatusCode::METHOD_NOT_ALLOWED,
            (_, _) => StatusCode::NOT_FOUND,
        };
        if let Some(log_frame) = self.log_frame.as_ref().filter(|_| status == StatusCode::OK) {
            log_frame.write(&head.headers);
        }
        let (call, line) = Call::new(head, (self.clock)());
        let logged = LoggedCall::of(&call);
        let limit = call.context().deadline.into();
        let response = if status == StatusCode::OK {
            logged.clone().scope(self.respond(call, line, body, limit, &logged)).await?
        } else {
            let reply = Reply::error(status, "NotFound", "expected POST /call");
            reply.into_response(Intent::Direct, status)
        };
        Ok(response.map(|content| content.sent(limit, logged)))
    }

    /// Reads the body to its end, whatever the answer will be: the agent discards answers that
    /// arrive while it writes.
    async fn respond(
        &self,
        call: Call,
        line: Result<(), Rejection>,
        body: Incoming,
        limit: Instant,
        logged: &LoggedCall,
    ) -> Result<Response<Content>, hyper::Error> {
        let (intent, mut received) = (call.intent(), 0);
        let body =
            self.bodies.collect(body, limit, &mut received).await.inspect_err(|_broken| {
                let (status, code) = (StatusCode::BAD_REQUEST.as_u16(), "CannotParseRequest");
                let (bytes_in, ms) = (received, milliseconds(call.arrived()));
                let call = logged.id();
                log::warn!(call, status, code, bytes_in, ms; "the body broke off");
            })?;
        let ended = match line.and(body) {
            Ok(Held { body, place: _held }) => self.run(call.with_body(body), limit, logged).await,
            Err(rejection) => {
                let reply = (self.on_rejection)(&call.with_received(received), &rejection);
                match reply.sendable() {
                    // The agent gives up such a call too.
                    Ok(reply) if rejection == Rejection::BodyLate => {
                        Ended { reply, wire: error::TIMED_OUT.0 }
                    }
                    Ok(reply) => seen(intent, reply, logged),
                    Err(error) => failed(intent, &error, logged),
                }
            }
        };
        Ok(ended.reply.into_response(intent, ended.wire))
    }

    /// Runs the handler. Its panic, or its end at the deadline, leaves the connection usable.
    async fn run(&self, call: Call, limit: Instant, logged: &LoggedCall) -> Ended {
        let intent = call.intent();
        // The handler's future may be large, and the futures around it are moved.
        let handled = async { fitting((self.handler)(call).await.into_reply()?).await };
        match timeout_at(limit, Unwinding::new(handled)).await {
            Ok(Some(Ok(reply))) => seen(intent, reply, logged),
            Ok(Some(Err(error))) => failed(intent, &error, logged),
            Ok(None) => unexplained(),
            Err(_elapsed) => {
                let why = "the handler did not finish by the deadline of the call";
                logged.failed(error::TIMED_OUT, why);
                let (status, code) = error::TIMED_OUT;
                let reply = Reply::error(status, code, "the function ran out of time");
                Ended { reply, wire: status }
            }
        }
    }
}

/// Refuses an answer that is too large before any of it is sent: the platform would break it off
/// after the caller has a part of it. A body of known length is read to its end, so that it can
/// fail before anything is sent.
async fn fitting(reply: Reply) -> Result<Reply, Error> {
    match reply.size() {
        None => Ok(reply),
        Some(size) if usize::try_from(size).is_ok_and(|size| size <= BODY_LIMIT) => {
            reply.collected().await
        }
        Some(size) => Err(Box::new(AnswerTooLarge(size))),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the answer is larger than {LIMIT_MIB} MiB: {0} bytes")]
struct AnswerTooLarge(u64);

/// Returns a reply as its caller sees it. A direct caller sees no status: from 400 on its call
/// fails.
fn seen(intent: Intent, reply: Reply, logged: &LoggedCall) -> Ended {
    let status = reply.status();
    if intent == Intent::Gateway || status == StatusCode::OK {
        return Ended { reply, wire: StatusCode::OK };
    }
    let failed = status.is_client_error() || status.is_server_error();
    let wire = match (failed, status) {
        (false, _) => StatusCode::OK,
        (true, StatusCode::GATEWAY_TIMEOUT) => status,
        (true, _) => error::FAILED.0,
    };
    if failed && !reply.is_logged() {
        let why = format!("a direct caller sees a failed call for the status {status}");
        logged.failed((status, error::FAILED.1), &why);
    } else if !failed {
        log::warn!(call = logged.id(); "a direct caller cannot see the status {status} of this answer");
    }
    Ended { reply, wire }
}

/// Logs a handler's error and makes the reply.
fn failed(intent: Intent, error: &Error, logged: &LoggedCall) -> Ended {
    let chain = error::error_chain(&**error);
    if let Some(too_large) = error.downcast_ref::<AnswerTooLarge>() {
        let (status, code) = (error::FAILED.0, "AnswerTooLarge");
        logged.failed((status, code), &too_large.to_string());
        let message = format!("the answer is larger than {LIMIT_MIB} MiB");
        return Ended { reply: Reply::error(status, code, &message), wire: status };
    }
    if let Some((status, code, Ok(reply))) = Reply::of_error(error) {
        logged.failed((status, &code), &chain);
        seen(intent, reply.logged(), logged)
    } else {
        logged.failed(error::FAILED, &format!("the function failed: {chain}"));
        unexplained()
    }
}

/// Returns the reply to a failure of which the caller learns nothing else.
fn unexplained() -> Ended {
    let (status, code) = error::FAILED;
    Ended { reply: Reply::error(status, code, "the function failed"), wire: status }
}
