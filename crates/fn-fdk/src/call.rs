//! One call, as the agent sent it.

use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Uri};
use serde::de::DeserializeOwned;

use super::context::{Context, Intent};
use super::error::StatusError;
use super::framing::PREFIX;
use super::rejection::Rejection;
use super::trace::TraceContext;
use super::{deadline, decode, request_line};

const INTENT: HeaderName = HeaderName::from_static("fn-intent");
const CALL_ID: HeaderName = HeaderName::from_static("fn-call-id");

/// One request of the agent: the caller's HTTP request, unwrapped, and what the platform says about
/// it.
///
/// Anybody who may invoke the function directly can forge the headers of a gateway. Only the call's
/// id and its deadline come from the agent itself.
///
/// A test of a handler makes its own calls:
///
/// ```
/// use fn_fdk::{Call, Error};
///
/// async fn hello(call: Call) -> Result<String, Error> {
///     Ok(format!("Hello, {}!\n", call.text()?.trim()))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// assert_eq!(hello(Call::direct("Ada")).await?, "Hello, Ada!\n");
/// let call = Call::gateway(http::Request::put("/names/1").body("Ada")?);
/// assert_eq!((call.method().as_str(), call.uri().path()), ("PUT", "/names/1"));
/// # Ok(())
/// # }
/// ```
///
/// Source: docs/spec/fn-container-contract.md#requests.
pub struct Call {
    request: Request<Bytes>,
    context: Context,
    platform: HeaderMap,
    arrived: Instant,
    received: usize,
}

impl Call {
    /// Creates the call, and checks that its method and URL could be read. If not, it must not
    /// reach a handler.
    pub(super) fn new(mut head: Parts, now: SystemTime) -> (Self, Result<(), Rejection>) {
        let platform = head.headers;
        let intent = match platform.get(INTENT).map(HeaderValue::as_bytes) {
            Some(b"httprequest") => Intent::Gateway,
            Some(_) | None => Intent::Direct,
        };
        head.headers = match intent {
            Intent::Direct => platform.clone(),
            Intent::Gateway => unwrapped(&platform),
        };
        let line = match intent {
            Intent::Direct => Ok((Method::POST, Uri::default())),
            Intent::Gateway => request_line::method_and_url(&platform),
        };
        let (line, read) = match line {
            Ok(line) => (line, Ok(())),
            Err(rejection) => ((Method::POST, Uri::default()), Err(rejection)),
        };
        (head.method, head.uri) = line;
        let id = platform.get(CALL_ID).and_then(|id| id.to_str().ok());
        let context = Context {
            id: id.filter(|id| !id.is_empty()).map(str::to_owned),
            intent,
            deadline: deadline::of(&platform, now).into_std(),
            trace: TraceContext::of_call(&platform, &head.headers),
        };
        let request = Request::from_parts(head, Bytes::new());
        (Self { request, context, platform, arrived: Instant::now(), received: 0 }, read)
    }

    pub(super) fn with_received(self, received: usize) -> Self {
        Self { received, ..self }
    }

    pub(super) fn with_body(mut self, body: Bytes) -> Self {
        self.received = body.len();
        *self.request.body_mut() = body;
        self
    }

    /// Creates a direct call, for the tests of a handler.
    ///
    /// ```
    /// assert_eq!(fn_fdk::Call::direct("Ada").body(), "Ada");
    /// ```
    pub fn direct(body: impl Into<Bytes>) -> Self {
        let mut request = Request::new(body.into());
        *request.method_mut() = Method::POST;
        Self::made(request, Intent::Direct)
    }

    /// Creates a call through a gateway, for the tests of a handler.
    ///
    /// ```
    /// let call = fn_fdk::Call::gateway(http::Request::get("/seats?row=2").body("")?);
    /// assert_eq!(call.uri().query(), Some("row=2"));
    /// # Ok::<_, http::Error>(())
    /// ```
    pub fn gateway<B: Into<Bytes>>(request: Request<B>) -> Self {
        Self::made(request.map(Into::into), Intent::Gateway)
    }

    fn made(request: Request<Bytes>, intent: Intent) -> Self {
        let arrived = Instant::now();
        let trace = TraceContext::from_headers(request.headers());
        let context = Context::new(intent, arrived + deadline::UNNAMED).with_trace(trace);
        let received = request.body().len();
        Self { request, context, platform: HeaderMap::new(), arrived, received }
    }

    /// Creates a call of the given form, for the tests of a handler. `headers` are the agent's; the
    /// call arrived at `now`. The error is the reason why such a call does not reach a handler.
    ///
    /// ```
    /// use std::time::SystemTime;
    ///
    /// use fn_fdk::{Call, Rejection};
    /// use http::{HeaderMap, HeaderName, HeaderValue};
    ///
    /// let intent = (HeaderName::from_static("fn-intent"), HeaderValue::from_static("httprequest"));
    /// let url = (HeaderName::from_static("fn-http-request-url"), HeaderValue::from_static("no path"));
    /// let headers = HeaderMap::from_iter([intent, url]);
    /// assert_eq!(Call::from_agent(headers, "", SystemTime::now()).unwrap_err(), Rejection::Url);
    /// ```
    pub fn from_agent(
        headers: HeaderMap,
        body: impl Into<Bytes>,
        now: SystemTime,
    ) -> Result<Self, Rejection> {
        let (mut head, ()) = Request::new(()).into_parts();
        head.headers = headers;
        let (call, line) = Self::new(head, now);
        line.map(|()| call.with_body(body.into()))
    }

    /// Returns what the platform says about this call.
    ///
    /// ```
    /// let call = fn_fdk::Call::direct("");
    /// assert!(call.context().deadline > std::time::Instant::now());
    /// ```
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Returns the caller's request.
    ///
    /// ```
    /// let call = fn_fdk::Call::direct("Ada");
    /// assert_eq!(call.request().body(), "Ada");
    /// ```
    pub fn request(&self) -> &Request<Bytes> {
        &self.request
    }

    /// Returns the caller's request and what the platform says about it.
    ///
    /// ```
    /// let (request, context) = fn_fdk::Call::direct("Ada").into_parts();
    /// assert_eq!((request.into_body(), context.id), ("Ada".into(), None));
    /// ```
    pub fn into_parts(self) -> (Request<Bytes>, Context) {
        (self.request, self.context)
    }

    /// Returns whether it came through a gateway.
    ///
    /// ```
    /// assert_eq!(fn_fdk::Call::direct("").intent(), fn_fdk::Intent::Direct);
    /// ```
    pub fn intent(&self) -> Intent {
        self.context.intent
    }

    /// Returns the platform's id of this call: [`Context::id`].
    ///
    /// ```
    /// // A call that a test made has none.
    /// assert_eq!(fn_fdk::Call::direct("").id(), None);
    /// ```
    pub fn id(&self) -> Option<&str> {
        self.context.id.as_deref()
    }

    /// Returns the caller's method; `POST` for a direct call.
    ///
    /// ```
    /// let call = fn_fdk::Call::gateway(http::Request::delete("/seats/2").body("")?);
    /// assert_eq!(call.method(), "DELETE");
    /// # Ok::<_, http::Error>(())
    /// ```
    pub fn method(&self) -> &Method {
        self.request.method()
    }

    /// Returns the caller's URL: absolute behind an HTTP trigger, path and query behind API
    /// Gateway, `/` for a direct call. Characters that a query must not have are percent-encoded;
    /// everything else is unchanged.
    ///
    /// ```
    /// let call = fn_fdk::Call::gateway(http::Request::get("/seats?row=2").body("")?);
    /// assert_eq!(call.uri().path(), "/seats");
    /// # Ok::<_, http::Error>(())
    /// ```
    pub fn uri(&self) -> &Uri {
        self.request.uri()
    }

    /// Returns the caller's headers, with all values in order. Through a gateway these are the
    /// wrapped ones, and `Content-Type` once.
    ///
    /// ```
    /// let call = fn_fdk::Call::gateway(http::Request::get("/").header("x-row", "2").body("")?);
    /// assert_eq!(call.headers()["x-row"], "2");
    /// # Ok::<_, http::Error>(())
    /// ```
    pub fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// Returns the headers that arrived on the socket: the platform's, and the caller's in their
    /// wrapped form. It is empty in a call that a test made.
    ///
    /// ```
    /// assert!(fn_fdk::Call::direct("").platform_headers().is_empty());
    /// ```
    pub fn platform_headers(&self) -> &HeaderMap {
        &self.platform
    }

    /// Returns the caller's `Content-Type` with its parameters. An empty one counts as absent.
    ///
    /// ```
    /// let request = http::Request::post("/").header("content-type", "text/csv; header=present");
    /// let call = fn_fdk::Call::gateway(request.body("")?);
    /// assert_eq!(call.content_type().unwrap(), "text/csv; header=present");
    /// # Ok::<_, http::Error>(())
    /// ```
    pub fn content_type(&self) -> Option<&HeaderValue> {
        self.headers().get(header::CONTENT_TYPE).filter(|value| !value.is_empty())
    }

    /// Returns the time left until [`Context::deadline`]; zero once it has passed.
    ///
    /// ```
    /// // A call whose deadline nobody names has 300 s.
    /// assert!(fn_fdk::Call::direct("").remaining().as_secs() >= 299);
    /// ```
    pub fn remaining(&self) -> Duration {
        self.context.deadline.saturating_duration_since(Instant::now())
    }

    /// Returns when its head arrived.
    ///
    /// ```
    /// assert!(fn_fdk::Call::direct("").arrived() <= std::time::Instant::now());
    /// ```
    pub fn arrived(&self) -> Instant {
        self.arrived
    }

    /// Returns how many bytes of its body arrived. If the body was too large or late, these are
    /// more than [`Call::body`] has.
    ///
    /// ```
    /// assert_eq!(fn_fdk::Call::direct("Ada").received(), 3);
    /// ```
    pub fn received(&self) -> usize {
        self.received
    }

    /// Returns the body, whatever its framing was.
    ///
    /// ```
    /// assert_eq!(fn_fdk::Call::direct("Ada").body(), "Ada");
    /// ```
    pub fn body(&self) -> &Bytes {
        self.request.body()
    }

    /// Returns the body as text. The error is a status 400 that says what was expected.
    ///
    /// ```
    /// let error = fn_fdk::Call::direct(vec![0xff]).text().unwrap_err();
    /// assert_eq!((error.status().as_u16(), error.code()), (400, "InvalidParameter"));
    /// ```
    pub fn text(&self) -> Result<&str, StatusError> {
        decode::text(self.body())
    }

    /// Parses the body as JSON. The error is a status 400 with the position of the mistake and what
    /// was expected there. It repeats nothing of the body.
    ///
    /// ```
    /// use fn_fdk::Call;
    ///
    /// let call = Call::direct(r#"{"ids": [1, "2"]}"#);
    /// let error = call.json::<std::collections::HashMap<String, Vec<u32>>>().unwrap_err();
    /// assert_eq!(error.status(), 400);
    /// assert_eq!(error.to_string(), "the body does not fit: expected u32 at line 1 column 15");
    /// ```
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, StatusError> {
        decode::json(self.body())
    }
}

/// The caller's request, with its [`Context`] as an extension.
impl From<Call> for Request<Bytes> {
    fn from(call: Call) -> Self {
        let (mut request, context) = call.into_parts();
        request.extensions_mut().insert(context);
        request
    }
}

/// Shows no header and no body: both may hold secrets.
impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("context", &self.context).finish_non_exhaustive()
    }
}

/// Returns the caller's headers out of the platform's. Of several `Content-Type`s the first counts,
/// and the unwrapped one before all others.
fn unwrapped(platform: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(platform.len());
    for (name, value) in platform {
        if let Some(caller) = name.as_str().strip_prefix(PREFIX).filter(|name| !name.is_empty()) {
            let name = HeaderName::from_bytes(caller.as_bytes()).expect("the end of a header name");
            headers.append(name, value.clone());
        }
    }
    let content_type = platform.get(header::CONTENT_TYPE).filter(|value| !value.is_empty());
    if let Some(content_type) = content_type {
        headers.insert(header::CONTENT_TYPE, content_type.clone());
    } else if let Some(first) = first_of_several(&headers) {
        headers.insert(header::CONTENT_TYPE, first);
    }
    headers
}

/// Returns the first `Content-Type` if there are several.
fn first_of_several(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let first = values.next()?;
    values.next().map(|_| first.clone())
}
