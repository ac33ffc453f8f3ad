//! The answer of a service, and the shapes of its errors.

use http_body_util::BodyExt;
use hyper::body::Bytes;
use serde_json::{Value, json};

use super::event::Event;
use crate::http::Reply;

/// The result of a handler. An error is an answer, too.
pub(super) type Outcome = Result<Answer, Answer>;

/// An answer about to be written.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Content,
}

/// The body of an answer.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// A body with a `content-length`.
    Whole(Bytes),
    /// A stream of events.
    Events(Vec<Event>),
}

impl Answer {
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: Content::Whole(body.into()) }
    }

    /// Returns a success in JSON.
    pub(super) fn json(body: &Value) -> Self {
        Self::new(200, "application/json", body.to_string())
    }

    /// Returns an answer without a body.
    pub(super) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Content::Whole(Bytes::new()) }
    }

    /// Returns a success as a stream of events.
    pub(super) fn events(events: Vec<Event>) -> Self {
        let headers = vec![("content-type".to_owned(), "text/event-stream".to_owned())];
        Self { status: 200, headers, body: Content::Events(events) }
    }

    /// Returns an error in OCI's shape.
    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = json!({ "code": code, "message": message });
        Self::new(status, "application/json", body.to_string())
    }

    /// Returns the error for what is not there, and for what the caller has no right to.
    pub(super) fn hidden() -> Self {
        let message = "Authorization failed or requested resource not found.";
        Self::error(404, "NotAuthorizedOrNotFound", message)
    }

    /// Returns the error for a path that no operation has.
    pub(super) fn unmapped() -> Self {
        Self::error(404, "404", "Path doesn't map to a registered service")
    }

    /// Returns the error for an invalid part of the request, in OCI's shape.
    pub(super) fn parameter(message: &str) -> Self {
        Self::error(400, "InvalidParameter", message)
    }

    /// Returns an error in `OpenAI`'s shape.
    pub(super) fn openai(status: u16, error: &OpenAiError<'_>) -> Self {
        Self::new(status, "application/json", error.document().to_string())
    }

    /// Returns the same error as text inside the message of an error in OCI's shape.
    pub(super) fn nested(status: u16, error: &OpenAiError<'_>) -> Self {
        Self::error(status, &status.to_string(), &error.document().to_string())
    }

    pub(super) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Converts the answer of a service that also runs without the others.
    pub(super) async fn from_reply(reply: Reply) -> Self {
        let (head, body) = reply.into_parts();
        let text = |value: &hyper::header::HeaderValue| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
        let Ok(body) = body.collect().await;
        let body = Content::Whole(body.to_bytes());
        Self { status: head.status.as_u16(), headers: headers.collect(), body }
    }
}

/// The members of `OpenAI`'s errors.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenAiError<'a> {
    pub(super) message: &'a str,
    pub(super) param: Option<&'a str>,
    pub(super) code: Option<&'a str>,
}

impl OpenAiError<'_> {
    fn document(&self) -> Value {
        json!({ "error": {
            "message": self.message,
            "type": "invalid_request_error",
            "param": self.param,
            "code": self.code,
        } })
    }
}

/// Returns the error for an invalid part of a request, in `OpenAI`'s shape.
pub(super) fn invalid(param: &str, code: &str, message: &str) -> Answer {
    Answer::openai(400, &OpenAiError { message, param: Some(param), code: Some(code) })
}

/// Returns the error for what does not exist, in `OpenAI`'s shape.
pub(super) fn missing(what: &str, id: &str) -> Answer {
    let message = format!("{what} with id '{id}' not found.");
    Answer::openai(404, &OpenAiError { message: &message, param: None, code: None })
}
