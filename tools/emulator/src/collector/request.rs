//! What a request has to be, and what it is answered.

use http_body_util::Full;
use hyper::Response;
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use serde_json::json;

use super::span::Span;
use crate::http::{self, Reply};

/// The path for spans that are sent with a public data key, as a function sends them.
pub(super) const PUBLIC_SPAN: &str = "/20200101/observations/public-span";
/// The path for spans that are sent with a private data key.
const PRIVATE_SPAN: &str = "/20200101/observations/private-span";
/// What the query begins with; the data key follows.
pub(super) const FORMAT: &str = "dataFormat=zipkin&dataFormatVersion=2&dataKey=";
/// The largest body that is read, in bytes: a trace of one call is a few thousand.
pub(super) const BODY_LIMIT: usize = 1024 * 1024;

/// Why spans are not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{why}")]
pub struct Refusal {
    /// The status for the sender.
    pub status: u16,
    /// What is wrong, without the data key.
    pub why: String,
}

fn refused<T>(status: u16, why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { status, why: why.into() })
}

/// Returns the spans of a request; None for a body that could not be read.
pub(super) fn spans(head: &Parts, body: Option<&[u8]>, key: &str) -> Result<Vec<Span>, Refusal> {
    if ![PUBLIC_SPAN, PRIVATE_SPAN].contains(&head.uri.path()) {
        return refused(404, "there is no such path");
    }
    if head.method != "POST" {
        return refused(405, "the method is not POST");
    }
    match head.uri.query().unwrap_or_default().strip_prefix(FORMAT) {
        None => return refused(400, format!("the query does not begin with `{FORMAT}`")),
        Some(sent) if sent != key => return refused(401, "the data key is another"),
        Some(_) => {}
    }
    let mut types = head.headers.get_all(CONTENT_TYPE).iter();
    let json = types.next().and_then(|value| value.to_str().ok()).is_some_and(is_json);
    if !json || types.next().is_some() {
        return refused(400, "the content type is not `application/json`");
    }
    let Some(body) = body else {
        return refused(413, "the body is larger than 1 MiB, or broke off");
    };
    Span::list(body).or_else(|why| refused(400, why))
}

fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

/// 200 with nothing, or the refusal.
pub(super) fn reply(spans: &Result<Vec<Span>, Refusal>) -> Reply {
    match spans {
        Ok(_) => Response::new(Full::default()),
        Err(Refusal { status, why }) => http::reply(*status, &json!({ "message": why })),
    }
}

/// Returns what a service answers that is overloaded.
pub(super) fn unavailable() -> Reply {
    http::reply(503, &json!({ "message": "the service is unavailable" }))
}
