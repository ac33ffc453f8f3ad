//! One call, as the agent sent it.

use std::time::{Instant, SystemTime};

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName};
use http::request::Parts;
use http::{HeaderValue, Method, Uri};

use super::{Deadline, Rejection, request_line};

pub(super) const PREFIX: &str = "fn-http-h-";
const INTENT: HeaderName = HeaderName::from_static("fn-intent");
const CALL_ID: HeaderName = HeaderName::from_static("fn-call-id");

/// Who called: it decides in which headers the request arrives and how an answer must be dressed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Intent {
    /// An invocation through the API, the CLI or an event. There is no HTTP status to give back.
    Direct,
    /// An HTTP request through an API Gateway or an HTTP trigger.
    Gateway,
}

/// One request of the agent: the caller's HTTP request unwrapped, and what the platform said about it.
///
/// Anybody who may invoke the function directly can forge the headers of a gateway; only `Fn-Call-Id` and `Fn-Deadline`
/// are the agent's own. Source: docs/spec/fn-container-contract.md#requests.
pub struct Call {
    intent: Intent,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    platform: HeaderMap,
    deadline: Deadline,
    arrived: Instant,
    received: usize,
    body: Bytes,
}

impl Call {
    /// The call, and whether its method and URL could be read: where not, it must not come to a
    /// handler.
    pub(super) fn new(head: Parts, deadline: Deadline) -> (Self, Result<(), Rejection>) {
        let platform = head.headers;
        let intent = match platform.get(INTENT).map(HeaderValue::as_bytes) {
            Some(b"httprequest") => Intent::Gateway,
            Some(_) | None => Intent::Direct,
        };
        let headers = match intent {
            Intent::Direct => platform.clone(),
            Intent::Gateway => unwrapped(&platform),
        };
        let mut call = Self {
            intent,
            method: Method::POST,
            uri: Uri::default(),
            headers,
            platform,
            deadline,
            arrived: Instant::now(),
            received: 0,
            body: Bytes::new(),
        };
        let line = match intent {
            Intent::Direct => Ok(()),
            Intent::Gateway => request_line::of(&call.platform)
                .map(|(method, uri)| (call.method, call.uri) = (method, uri)),
        };
        (call, line)
    }

    pub(super) fn with_received(self, received: usize) -> Self {
        Self { received, ..self }
    }

    pub(super) fn with_body(self, body: Bytes) -> Self {
        Self { received: body.len(), body, ..self }
    }

    /// A call of the given form, for the tests of a handler; `headers` are the agent's, arrived at
    /// `now`. An error is what keeps such a call from any handler.
    pub fn from_agent(
        headers: HeaderMap,
        body: impl Into<Bytes>,
        now: SystemTime,
    ) -> Result<Self, Rejection> {
        let deadline = Deadline::of(&headers, now);
        let (mut head, ()) = http::Request::new(()).into_parts();
        head.headers = headers;
        let (call, line) = Self::new(head, deadline);
        line.map(|()| call.with_body(body.into()))
    }

    /// Through a gateway or not.
    pub fn intent(&self) -> Intent {
        self.intent
    }

    /// The platform's name for this call, opaque. None in a local test that sent none, or none of
    /// visible ASCII.
    pub fn id(&self) -> Option<&str> {
        self.platform.get(CALL_ID).and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty())
    }

    /// The caller's method; `POST` for a direct call.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The caller's URL: absolute behind an HTTP trigger, path and query behind API Gateway, `/`
    /// for a direct call. What a query may not hold raw is percent-encoded; all else is as the
    /// caller wrote it.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The caller's headers, all values in order. Through a gateway: those it wrapped, and `Content-Type` once.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The headers as they came over the socket: those of the platform, and the caller's in their wrapped form.
    pub fn platform_headers(&self) -> &HeaderMap {
        &self.platform
    }

    /// The caller's `Content-Type` with its parameters. An empty one counts as absent.
    pub fn content_type(&self) -> Option<&HeaderValue> {
        self.headers.get(header::CONTENT_TYPE).filter(|value| !value.is_empty())
    }

    /// Until when this call must be answered.
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// When its head was there.
    pub fn arrived(&self) -> Instant {
        self.arrived
    }

    /// How many bytes of its body came: more than [`Call::body`] has where the body was too large,
    /// or late.
    pub fn received(&self) -> usize {
        self.received
    }

    /// The body, whatever its framing was.
    pub fn body(&self) -> &Bytes {
        &self.body
    }
}

/// Shows no header and no body: both may hold what must not be logged.
impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { intent, deadline, .. } = self;
        let mut debug = f.debug_struct("Call");
        debug
            .field("id", &self.id())
            .field("intent", intent)
            .field("deadline", deadline)
            .finish_non_exhaustive()
    }
}

/// The caller's headers out of the platform's. `Content-Type` may arrive in both forms; the bare one counts.
fn unwrapped(platform: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(platform.len());
    for (name, value) in platform {
        if let Some(caller) = name.as_str().strip_prefix(PREFIX).filter(|name| !name.is_empty()) {
            let name = HeaderName::from_bytes(caller.as_bytes()).expect("the end of a header name");
            headers.append(name, value.clone());
        }
    }
    if let Some(content_type) = platform.get(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_TYPE, content_type.clone());
    } else if let Some(first) = headers.get(header::CONTENT_TYPE).cloned() {
        headers.insert(header::CONTENT_TYPE, first);
    }
    headers
}
