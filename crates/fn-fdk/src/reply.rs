//! What goes back to the agent; the only file that writes `Fn-*` headers.

use std::error::Error;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName};
use http::{HeaderValue, Response, StatusCode};
use hyper::body::Body;

use super::body::Content;
use super::{Intent, call};

const STATUS: HeaderName = HeaderName::from_static("fn-http-status");
const FDK_VERSION: HeaderName = HeaderName::from_static("fn-fdk-version");
const FDK_RUNTIME: HeaderName = HeaderName::from_static("fn-fdk-runtime");
const VERSION: HeaderValue =
    HeaderValue::from_static(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")));
const RUNTIME: HeaderValue = HeaderValue::from_static(concat!("rust/", env!("RUSTC_VERSION")));

/// An answer: status, headers and body, as the caller shall see them.
///
/// Through a gateway the caller sees the status. A direct caller cannot: it always sees 200, and the platform has no
/// other way for it than a failure, [`Error`](super::Error). Source: docs/spec/fn-container-contract.md#responses.
pub struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    content: Content,
}

/// A status that no gateway passes on as it is; expected 200 to 599.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("status {0} cannot be given to a caller; expected 200 to 599")]
pub struct InvalidStatus(u16);

/// A header that belongs to the platform, such as `Fn-Call-Id`.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("header `{0}` belongs to the platform and cannot be set")]
pub struct ReservedHeader(HeaderName);

impl Reply {
    /// An answer with status 200 and this body; `content_type` is what the caller reads it as.
    pub fn new(content_type: HeaderValue, body: impl Into<Bytes>) -> Self {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, content_type)]);
        Self { status: StatusCode::OK, headers, content: Content::Whole(body.into()) }
    }

    /// An answer with status 200 and nothing else.
    pub fn empty() -> Self {
        Self {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            content: Content::Whole(Bytes::new()),
        }
    }

    /// An answer with status 200 and a body that is JSON already.
    pub fn json(body: impl Into<Bytes>) -> Self {
        Self::new(HeaderValue::from_static("application/json"), body)
    }

    /// An answer with status 200 and a text.
    pub fn text(body: impl Into<String>) -> Self {
        Self::new(HeaderValue::from_static("text/plain; charset=utf-8"), body.into())
    }

    /// An answer with status 200 and a body that is made while it is sent, so that it never is in memory as a whole: for an Fn
    /// server, which has no limit for answers. It must end before the call's deadline. If it fails, the connection is cut.
    ///
    /// The platform passes nothing on before the end. Source: docs/spec/fn-container-contract.md#limits-streaming-compression.
    pub fn stream<B>(content_type: HeaderValue, body: B) -> Self
    where
        B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, content_type)]);
        Self { status: StatusCode::OK, headers, content: Content::stream(body) }
    }

    /// The same answer with another body.
    #[must_use]
    pub fn with_body(self, body: impl Into<Bytes>) -> Self {
        Self { content: Content::Whole(body.into()), ..self }
    }

    /// The same answer with another status, 200 to 599.
    pub fn with_status(self, status: StatusCode) -> Result<Self, InvalidStatus> {
        match status.as_u16() {
            200..=599 => Ok(Self { status, ..self }),
            other => Err(InvalidStatus(other)),
        }
    }

    /// The same answer with one more header value. Those that frame a message, such as `Content-Length` or
    /// `Connection`, are the connection's business and left out; those of the platform are refused.
    pub fn with_header(
        mut self,
        name: HeaderName,
        value: HeaderValue,
    ) -> Result<Self, ReservedHeader> {
        let reserved =
            ["fn-call-id", "fn-deadline", "fn-http-status", "fn-fdk-version", "fn-fdk-runtime"];
        if reserved.contains(&name.as_str().trim_start_matches(call::PREFIX)) {
            return Err(ReservedHeader(name));
        }
        if name == header::CONTENT_TYPE {
            self.headers.insert(name, value);
        } else if !frames_a_message(&name) {
            self.headers.append(name, value);
        }
        Ok(self)
    }

    /// The status the caller shall see.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers the caller shall see.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body, as far as it is there: nothing of a stream.
    pub fn body(&self) -> &[u8] {
        self.content.bytes()
    }

    pub(super) fn with_failure(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Dresses the answer for the agent, which keeps the container only after 200, 502 and 504.
    pub(super) fn into_response(self, intent: Intent, wire: StatusCode) -> Response<Content> {
        let Self { status, headers, content } = self;
        let bodyless = intent == Intent::Gateway && matches!(status.as_u16(), 204 | 304);
        let mut response =
            Response::new(if bodyless { Content::Whole(Bytes::new()) } else { content });
        *response.status_mut() = wire;
        *response.headers_mut() = match intent {
            Intent::Direct => headers,
            Intent::Gateway => wrapped(&headers),
        };
        if intent == Intent::Gateway {
            response.headers_mut().insert(STATUS, status.as_u16().into());
        } else if status != StatusCode::OK && wire == StatusCode::OK {
            log::warn!("a direct caller cannot see the status {status} of this answer");
        }
        response.headers_mut().insert(FDK_VERSION, VERSION);
        response.headers_mut().insert(FDK_RUNTIME, RUNTIME);
        response
    }
}

/// Shows neither header values nor the body.
impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("bytes", &self.content.bytes().len())
            .finish_non_exhaustive()
    }
}

/// Headers in the form that a gateway unwraps. Its `Content-Type` stays bare: with both forms it picks one at random.
fn wrapped(headers: &HeaderMap) -> HeaderMap {
    let mut platform = HeaderMap::with_capacity(headers.len() + 3);
    for (name, value) in headers {
        let bare = name == header::CONTENT_TYPE || name.as_str().starts_with(call::PREFIX);
        let wrapped = || HeaderName::from_bytes(format!("{}{name}", call::PREFIX).as_bytes()).ok();
        if let Some(name) = if bare { Some(name.clone()) } else { wrapped() } {
            platform.append(name, value.clone());
        }
    }
    platform
}

/// Whether a header speaks about one connection, or about the length of a body on it.
fn frames_a_message(name: &HeaderName) -> bool {
    let name = name.as_str().trim_start_matches(call::PREFIX);
    let framing = [
        "connection",
        "content-length",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "",
    ];
    framing.contains(&name) || name.starts_with("proxy-")
}
