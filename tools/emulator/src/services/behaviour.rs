//! Faults and other changes of an answer that a test can choose.

use std::future::pending;
use std::time::Duration;

use hyper::Response;
use hyper::body::Bytes;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::answer::{Answer, Content, OpenAiError};
use super::event::Event;
use super::steps::{Broken, Step, Steps};

/// How the next request is answered. Its signature is verified in any case.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// Answers with this status, these headers and this body.
    Reply(u16, Vec<(String, String)>, Vec<u8>),
    /// Refuses with 429, and with `retry-after` if this has a value.
    Throttle(Option<String>),
    /// Refuses with 400 and `OpenAI`'s error inside the message of OCI's error.
    NestedError,
    /// Refuses with 422 and plain text.
    PlainError,
    /// Answers 302 to this location.
    Redirect(String),
    /// Answers as usual, after this time.
    Slow(Duration),
    /// Never answers, and keeps the connection.
    Hang,
    /// Closes the connection before a byte of the answer.
    Close,
    /// Announces the whole body, sends half of it, and closes.
    Cut,
    /// Sends the body in pieces of this many bytes, also within events and characters.
    Pieces(usize),
    /// Sends the head, and the body after this time.
    Pause(Duration),
    /// Ends a stream in order after this many events.
    EndAfter(usize),
    /// Breaks the connection after this many events of a stream.
    BreakAfter(usize),
    /// Sends nothing more after this many events of a stream, and keeps the connection.
    StallAfter(usize),
    /// Sends an error event after this many events of a stream, and ends it in order.
    ErrorAfter(usize),
    /// Ends the stream of a response with `response.failed`.
    ResponseFailed,
}

impl Behaviour {
    /// Returns the response that is sent in place of `answer`, or an error to send nothing.
    pub(super) async fn apply(self, answer: Answer) -> Result<Response<Steps>, Broken> {
        let answer = match self {
            Self::Reply(status, headers, body) => {
                Answer { status, headers, body: Content::Whole(body.into()) }
            }
            Self::Throttle(retry_after) => {
                let refusal = Answer::error(429, "TooManyRequests", "Too many requests");
                match retry_after {
                    Some(seconds) => refusal.with_header("retry-after", &seconds),
                    None => refusal,
                }
            }
            Self::NestedError => Answer::nested(
                400,
                &OpenAiError {
                    message: "The model does not take this parameter.",
                    param: Some("temperature"),
                    code: Some("unsupported_value"),
                },
            ),
            Self::PlainError => Answer::new(422, "text/plain", "missing field `model`"),
            Self::Redirect(location) => Answer::empty(302).with_header("location", &location),
            Self::Slow(time) => {
                sleep(time).await;
                answer
            }
            Self::Hang => pending().await,
            Self::Close => return Err(Broken),
            Self::Cut => return Ok(cut(answer)),
            Self::Pause(time) => {
                return Ok(response(answer, |body| usual(body).after(Step::Sleep(time))));
            }
            Self::Pieces(bytes) => return Ok(response(answer, |body| pieces(&body, bytes))),
            Self::BreakAfter(count) => {
                return Ok(response(answer, |body| usual(first(body, count)).then(Step::Break)));
            }
            Self::StallAfter(count) => {
                return Ok(response(answer, |body| usual(first(body, count)).then(Step::Stall)));
            }
            Self::EndAfter(count) => Answer { body: first(answer.body, count), ..answer },
            Self::ErrorAfter(count) => Answer { body: error_after(answer.body, count), ..answer },
            Self::ResponseFailed => Answer { body: failed(answer.body), ..answer },
        };
        Ok(written(answer))
    }
}

/// Returns the response of an answer without a fault.
pub(super) fn written(answer: Answer) -> Response<Steps> {
    response(answer, usual)
}

fn response(answer: Answer, body: impl FnOnce(Content) -> Steps) -> Response<Steps> {
    let head = Response::builder().status(answer.status);
    let head = answer.headers.iter().fold(head, |head, (name, value)| head.header(name, value));
    head.body(body(answer.body)).expect("a test sets only what HTTP can say")
}

fn usual(body: Content) -> Steps {
    match body {
        Content::Whole(bytes) => Steps::whole(bytes),
        Content::Events(events) => {
            Steps::pieces(events.into_iter().map(|event| Bytes::from(event.to_string())))
        }
    }
}

fn bytes(body: &Content) -> Vec<u8> {
    match body {
        Content::Whole(bytes) => bytes.to_vec(),
        Content::Events(events) => {
            events.iter().map(ToString::to_string).collect::<String>().into_bytes()
        }
    }
}

fn pieces(body: &Content, size: usize) -> Steps {
    Steps::pieces(bytes(body).chunks(size.max(1)).map(Bytes::copy_from_slice))
}

/// Announces the whole body, sends half of it, and breaks.
fn cut(answer: Answer) -> Response<Steps> {
    let mut half = bytes(&answer.body);
    let answer = answer.with_header("content-length", &half.len().to_string());
    half.truncate(half.len() / 2);
    response(answer, |_| Steps::pieces([half.into()]).then(Step::Break))
}

/// Keeps the first events of a stream. Other bodies stay whole.
fn first(body: Content, count: usize) -> Content {
    match body {
        Content::Events(mut events) => {
            events.truncate(count);
            Content::Events(events)
        }
        Content::Whole(_) => body,
    }
}

fn error_after(body: Content, count: usize) -> Content {
    let mut body = first(body, count);
    if let Content::Events(events) = &mut body {
        let error = json!({
            "message": "The server had an error while processing your request.",
            "type": "server_error",
            "param": null,
            "code": null,
        });
        events.push(Event::Data(json!({ "error": error })));
    }
    body
}

fn failed(mut body: Content) -> Content {
    if let Content::Events(events) = &mut body
        && let Some(Event::Named(last)) = events.last_mut()
    {
        let mut set = |pointer: &str, value: Value| {
            if let Some(member) = last.pointer_mut(pointer) {
                *member = value;
            }
        };
        set("/type", json!("response.failed"));
        set("/response/status", json!("failed"));
        set("/response/output", json!([]));
        let message = "The model failed to generate a response.";
        set("/response/error", json!({ "code": "server_error", "message": message }));
    }
    body
}
