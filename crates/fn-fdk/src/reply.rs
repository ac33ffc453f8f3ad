//! The reply to the agent; the only file that writes `Fn-*` headers.

use std::fmt;

use bytes::Bytes;
use futures_core::Stream;
use http::header::{self, HeaderMap, HeaderName};
use http::{HeaderValue, Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;
use serde::Serialize;

use super::body::Content;
use super::context::Intent;
use super::error::{Error, StatusError};
use super::framing::{Owner, PREFIX};

const STATUS: HeaderName = HeaderName::from_static("fn-http-status");
const FDK_VERSION: HeaderName = HeaderName::from_static("fn-fdk-version");
const FDK_RUNTIME: HeaderName = HeaderName::from_static("fn-fdk-runtime");
const VERSION: HeaderValue =
    HeaderValue::from_static(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")));
const RUNTIME: HeaderValue = HeaderValue::from_static(concat!("rust/", env!("RUSTC_VERSION")));

/// An answer: status, headers and body, as the caller shall see them.
///
/// Its builders do not fail. If something cannot be sent, the reply keeps the error, the call
/// fails, and the error is logged.
///
/// Through a gateway the caller sees the status. A direct caller does not: up to 399 it sees 200,
/// and from 400 on a failed call.
///
/// ```
/// use fn_fdk::Reply;
/// use http::StatusCode;
///
/// let reply = Reply::text("made\n").with_status(StatusCode::CREATED).with_header("x-seat", "13");
/// assert_eq!((reply.status(), reply.body()), (StatusCode::CREATED, &b"made\n"[..]));
/// ```
///
/// Source: docs/spec/fn-container-contract.md#responses.
pub struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    content: Content,
    logged: bool,
    error: Option<Error>,
}

/// A status that no gateway passes on unchanged.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("status {0} cannot be sent to a caller; expected 200 to 599")]
struct InvalidStatus(u16);

/// A header that belongs to the platform, such as `Fn-Call-Id`.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("header `{0}` belongs to the platform and cannot be set")]
struct ReservedHeader(HeaderName);

impl Reply {
    fn new(content: Content) -> Self {
        let (status, headers) = (StatusCode::OK, HeaderMap::new());
        Self { status, headers, content, logged: false, error: None }
    }

    /// Creates an answer with status 200 and nothing else.
    ///
    /// ```
    /// let reply = fn_fdk::Reply::empty().with_status(http::StatusCode::NO_CONTENT);
    /// assert_eq!(reply.body(), b"");
    /// ```
    pub fn empty() -> Self {
        Self::new(Content::Whole(Bytes::new()))
    }

    /// Creates an answer with status 200 and a text.
    ///
    /// ```
    /// let reply = fn_fdk::Reply::text("two seats\n");
    /// assert_eq!(reply.headers()["content-type"], "text/plain; charset=utf-8");
    /// ```
    pub fn text(text: impl Into<String>) -> Self {
        let media_type = HeaderValue::from_static("text/plain; charset=utf-8");
        Self::bytes(media_type, text.into())
    }

    /// Creates an answer with status 200 and this body, of type `content_type`.
    ///
    /// ```
    /// let reply = fn_fdk::Reply::bytes("image/png", vec![0x89, b'P', b'N', b'G']);
    /// assert_eq!(reply.headers()["content-type"], "image/png");
    /// ```
    pub fn bytes<V>(content_type: V, body: impl Into<Bytes>) -> Self
    where
        V: TryInto<HeaderValue, Error: Into<Error>>,
    {
        Self::new(Content::Whole(body.into())).with_header(header::CONTENT_TYPE, content_type)
    }

    /// Creates an answer with status 200 and a value as JSON. A value that JSON cannot represent
    /// fails the call.
    ///
    /// ```
    /// use fn_fdk::Reply;
    ///
    /// let reply = Reply::json(&serde_json::json!({ "seats": 2 }));
    /// assert_eq!(reply.body(), br#"{"seats":2}"#);
    /// ```
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(json) => Self::bytes(HeaderValue::from_static("application/json"), json),
            Err(error) => Self { error: Some(error.into()), ..Self::empty() },
        }
    }

    /// Creates an answer with status 200 and a body that is made while it is sent, so that it is
    /// never whole in memory. It is for an Fn server, which has no limit for answers. The stream
    /// must end before the call's deadline. If it fails, the connection is cut, and the agent knows
    /// that the answer is incomplete.
    ///
    /// The platform passes nothing on before the stream's end.
    /// Source: docs/spec/fn-container-contract.md#limits-streaming-compression.
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use fn_fdk::Reply;
    /// use futures_util::stream;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), fn_fdk::Error> {
    /// let pieces = stream::iter(["row 1\n", "row 2\n"]).map(Ok::<_, Infallible>);
    /// let reply = Reply::stream("text/plain", pieces);
    /// assert_eq!(reply.into_bytes().await?, "row 1\nrow 2\n");
    /// # Ok(())
    /// # }
    /// # use futures_util::StreamExt as _;
    /// ```
    pub fn stream<V, S, T, E>(content_type: V, stream: S) -> Self
    where
        V: TryInto<HeaderValue, Error: Into<Error>>,
        S: Stream<Item = Result<T, E>> + Send + 'static,
        T: Into<Bytes>,
        E: Into<Error>,
    {
        Self::new(Content::pieces(stream)).with_header(header::CONTENT_TYPE, content_type)
    }

    /// Creates an error in the form of OCI's own, `{"code": ..., "message": ...}`: a status for a
    /// gateway, a failed call for a direct caller.
    ///
    /// ```
    /// use fn_fdk::Reply;
    /// use http::StatusCode;
    ///
    /// let reply = Reply::error(StatusCode::CONFLICT, "SeatTaken", "the seat is taken");
    /// assert_eq!(reply.body(), br#"{"code":"SeatTaken","message":"the seat is taken"}"#);
    /// ```
    pub fn error(status: StatusCode, code: &str, message: &str) -> Self {
        Self::json(&serde_json::json!({ "code": code, "message": message })).with_status(status)
    }

    /// Converts a response with another kind of body.
    pub(super) fn from_response<B>(response: Response<B>) -> Self
    where
        B: Body<Data = Bytes, Error: Into<Error>> + Send + 'static,
    {
        let (head, body) = response.into_parts();
        Self::with_head(head.status, head.headers, Content::stream(body))
    }

    fn with_head(status: StatusCode, headers: HeaderMap, content: Content) -> Self {
        let mut reply = Self::new(content).with_status(status);
        let mut last = None;
        for (name, value) in headers {
            last = name.or(last);
            if let Some(name) = last.clone() {
                reply.add(name, value);
            }
        }
        reply
    }

    /// Replaces the body.
    ///
    /// ```
    /// let reply = fn_fdk::Reply::text("one").with_body("two");
    /// assert_eq!(reply.body(), b"two");
    /// ```
    #[must_use]
    pub fn with_body(self, body: impl Into<Bytes>) -> Self {
        Self { content: Content::Whole(body.into()), ..self }
    }

    /// Replaces the status, 200 to 599. Any other fails the call.
    ///
    /// ```
    /// assert_eq!(fn_fdk::Reply::empty().with_status(201).status(), 201);
    /// ```
    #[must_use]
    pub fn with_status<S>(mut self, status: S) -> Self
    where
        S: TryInto<StatusCode, Error: Into<Error>>,
    {
        match status.try_into().map_err(Into::into) {
            Ok(status) if (200..=599).contains(&status.as_u16()) => self.status = status,
            Ok(status) => self.fail(InvalidStatus(status.as_u16())),
            Err(error) => self.fail(error),
        }
        self
    }

    /// Adds a header value. Headers that frame a message, such as `Content-Length` or `Connection`,
    /// are ignored: the connection sets them. A header of the platform, or an invalid one, fails
    /// the call.
    ///
    /// ```
    /// let reply = fn_fdk::Reply::empty().with_header("x-seat", "2").with_header("x-seat", "13");
    /// assert_eq!(reply.headers().get_all("x-seat").iter().count(), 2);
    /// ```
    #[must_use]
    pub fn with_header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: Into<Error>>,
        V: TryInto<HeaderValue, Error: Into<Error>>,
    {
        let name = name.try_into().map_err(Into::into);
        match (name, value.try_into().map_err(Into::into)) {
            (Ok(name), Ok(value)) => self.add(name, value),
            (Err(error), _) | (_, Err(error)) => self.fail(error),
        }
        self
    }

    /// Marks that the handler has logged the failure itself: no line is added if its status fails
    /// the call.
    ///
    /// ```
    /// use fn_fdk::Reply;
    /// use http::StatusCode;
    ///
    /// log::warn!("the seat is taken");
    /// let reply = Reply::error(StatusCode::CONFLICT, "SeatTaken", "the seat is taken").logged();
    /// ```
    #[must_use]
    pub fn logged(self) -> Self {
        Self { logged: true, ..self }
    }

    /// A name with the gateway's prefix is that of the header without it.
    fn add(&mut self, name: HeaderName, value: HeaderValue) {
        match Owner::of(&name) {
            Owner::Platform => self.fail(ReservedHeader(name)),
            Owner::Connection => {}
            Owner::Application => {
                let name = without_prefix(name);
                if name == header::CONTENT_TYPE {
                    self.headers.insert(name, value);
                } else {
                    self.headers.append(name, value);
                }
            }
        }
    }

    /// Keeps the first error.
    fn fail(&mut self, error: impl Into<Error>) {
        if self.error.is_none() {
            self.error = Some(error.into());
        }
    }

    /// Returns the status that the caller shall see.
    ///
    /// ```
    /// assert_eq!(fn_fdk::Reply::text("two seats\n").status(), 200);
    /// ```
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the headers that the caller shall see.
    ///
    /// ```
    /// assert!(fn_fdk::Reply::empty().headers().is_empty());
    /// ```
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the body that is in memory: nothing of a stream.
    ///
    /// ```
    /// assert_eq!(fn_fdk::Reply::text("two seats\n").body(), b"two seats\n");
    /// ```
    pub fn body(&self) -> &[u8] {
        self.content.bytes()
    }

    /// Returns the whole body, for the tests of a handler, or the error that keeps the reply from
    /// being sent.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), fn_fdk::Error> {
    /// let reply = fn_fdk::Reply::text("made").with_status(999);
    /// let error = reply.into_bytes().await.unwrap_err();
    /// assert_eq!(error.to_string(), "status 999 cannot be sent to a caller; expected 200 to 599");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn into_bytes(self) -> Result<Bytes, Error> {
        match (self.error, self.content) {
            (Some(error), _) => Err(error),
            (None, Content::Whole(bytes)) => Ok(bytes),
            (None, Content::Stream { source, .. }) => Ok(source.collect().await?.to_bytes()),
        }
    }

    /// Returns the reply, or the error that keeps it from being sent.
    pub(super) fn sendable(mut self) -> Result<Self, Error> {
        self.error.take().map_or(Ok(self), Err)
    }

    /// Returns the length of the body in bytes; `None` if it is unknown.
    pub(super) fn size(&self) -> Option<u64> {
        self.content.size()
    }

    /// Reads the body into memory.
    pub(super) async fn collected(self) -> Result<Self, Error> {
        match self.content {
            Content::Whole(_) => Ok(self),
            Content::Stream { source, .. } => {
                let content = Content::Whole(source.collect().await?.to_bytes());
                Ok(Self { content, ..self })
            }
        }
    }

    pub(super) fn is_logged(&self) -> bool {
        self.logged
    }

    /// Returns the reply to a [`StatusError`] in an error, if it can be sent, with its status and
    /// code.
    pub(super) fn of_error(error: &Error) -> Option<(StatusCode, String, Result<Self, Error>)> {
        let (status, code, message) = StatusError::seen(&**error)?;
        Some((status, code.to_owned(), Self::error(status, code, message).sendable()))
    }

    /// Converts the answer for the agent, which keeps the container only after 200, 502 and 504.
    pub(super) fn into_response(self, intent: Intent, wire: StatusCode) -> Response<Content> {
        let Self { status, headers, content, .. } = self;
        let seen = if wire == StatusCode::OK { status } else { wire };
        let bodyless = intent == Intent::Gateway && matches!(seen.as_u16(), 204 | 304);
        let mut response =
            Response::new(if bodyless { Content::Whole(Bytes::new()) } else { content });
        *response.status_mut() = wire;
        *response.headers_mut() = match intent {
            Intent::Direct => headers,
            Intent::Gateway => wrapped(&headers),
        };
        if intent == Intent::Gateway {
            response.headers_mut().insert(STATUS, seen.as_u16().into());
        }
        response.headers_mut().insert(FDK_VERSION, VERSION);
        response.headers_mut().insert(FDK_RUNTIME, RUNTIME);
        response
    }
}

/// Converts a response whose body is in memory.
impl<B: Into<Bytes>> From<Response<B>> for Reply {
    fn from(response: Response<B>) -> Self {
        let (head, body) = response.into_parts();
        Self::with_head(head.status, head.headers, Content::Whole(body.into()))
    }
}

/// Shows neither header values nor the body.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("bytes", &self.content.bytes().len())
            .finish_non_exhaustive()
    }
}

/// Returns the name that a gateway unwraps from a name with its prefix.
fn without_prefix(name: HeaderName) -> HeaderName {
    if name.as_str().starts_with(PREFIX) {
        let bare = name.as_str().trim_start_matches(PREFIX);
        HeaderName::from_bytes(bare.as_bytes()).unwrap_or(name)
    } else {
        name
    }
}

/// Returns the headers in the form that a gateway unwraps. `Content-Type` is sent unwrapped only: a
/// gateway that gets both forms picks one at random.
fn wrapped(headers: &HeaderMap) -> HeaderMap {
    let mut platform = HeaderMap::with_capacity(headers.len() + 3);
    for (name, value) in headers {
        let bare = name == header::CONTENT_TYPE;
        let wrapped = || HeaderName::from_bytes(format!("{PREFIX}{name}").as_bytes()).ok();
        if let Some(name) = if bare { Some(name.clone()) } else { wrapped() } {
            platform.append(name, value.clone());
        }
    }
    platform
}
