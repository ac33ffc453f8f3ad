//! The builder of a request, and how it is sent.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use oracle_cloud_signature::sensitive_header;
use serde::Serialize;

use super::answer::{Answer, StreamingAnswer};
use super::answer_body::AnswerBody;
use super::body::Body;
use super::encode::encode;
use super::error::Error;
use super::http_client::HttpClient;
use super::inner::Inner;
use super::message::OPC_OBO_TOKEN;
use super::options::RequestOptions;
use super::path::IntoPath;
use super::service_error::ServiceError;
use super::timings::RequestTimings;
use super::transport::Sink;

/// A builder of requests. An invalid part is reported by the method that sends it.
///
/// ```
#[doc = include_str!("../doc/service.md")]
/// # let storage = service.clone();
/// let answer = storage
///     .get(["n", "ns", "b"])
///     .query("compartmentId", "ocid1.compartment.oc1..a")
///     .query("limit", 100)
///     .send()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "nothing is sent before `send`"]
pub struct RequestBuilder {
    inner: Arc<Inner>,
    http: HttpClient,
    method: Method,
    url: String,
    query: String,
    headers: HeaderMap,
    body: Body,
    options: Option<RequestOptions>,
    mistake: Option<Arc<str>>,
}

impl RequestBuilder {
    pub(super) fn new(
        inner: Arc<Inner>,
        http: HttpClient,
        method: Method,
        base: &str,
        path: impl IntoPath,
    ) -> Self {
        let (url, mistake) = match path.into_path() {
            Ok(path) => (format!("{base}{path}"), None),
            Err(error) => (base.to_owned(), Some(reason(&error).into())),
        };
        let delegation = inner.delegation.clone();
        let headers = delegation.map(|token| (OPC_OBO_TOKEN, token)).into_iter().collect();
        Self {
            inner,
            http,
            method,
            url,
            query: String::new(),
            headers,
            body: Body::default(),
            options: None,
            mistake,
        }
    }

    /// Adds a parameter, which is encoded. A name may be added several times.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let storage = service.clone();
    /// let request = storage.get("/n/ns/b").query("prefix", "a b/é").query("limit", 10);
    /// # Ok(())
    /// # }
    /// ```
    pub fn query(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        encode(name, &mut self.query);
        self.query.push('=');
        encode(&value.to_string(), &mut self.query);
        self
    }

    /// Asks for this page, in place of any other.
    pub(super) fn page(mut self, page: &str) -> Self {
        let parts = self.query.trim_start_matches('?').split('&');
        let others = parts.filter(|part| !part.is_empty() && !part.starts_with("page="));
        let others = others.collect::<Vec<_>>().join("&");
        self.query = if others.is_empty() { others } else { format!("?{others}") };
        self.query("page", page)
    }

    /// Sets a header. A second value of the same name replaces the first.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let storage = service.clone();
    /// let request = storage.put("/n/ns/b/bucket/o/object").header("if-none-match", "*").body("x");
    /// # Ok(())
    /// # }
    /// ```
    pub fn header(
        mut self,
        name: impl TryInto<HeaderName>,
        value: impl TryInto<HeaderValue>,
    ) -> Self {
        match (name.try_into(), value.try_into()) {
            (Ok(name), Ok(value)) => drop(self.headers.insert(name, value)),
            _ => self.note("a header has a name or a value that cannot be sent"),
        }
        self
    }

    /// Makes a POST safe to retry, if the operation supports `opc-retry-token`: two requests with
    /// the same token are carried out once. [`retry_token`](crate::retry_token) makes one.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let queue = service.clone();
    /// let request = queue.post("/20210201/queues").retry_token("6f1c0b8e");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: docs/spec/oci-request-signing.md#retries.
    pub fn retry_token(self, token: &str) -> Self {
        self.header("opc-retry-token", token)
    }

    /// Acts for a user who delegated it. The token is sent as `opc-obo-token`, is covered by the
    /// signature, and is never shown.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let storage = service.clone();
    /// # let token = "id";
    /// let request = storage.get("/n/").delegation_token(token);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: docs/spec/oci-request-signing.md#signed-headers.
    pub fn delegation_token(mut self, token: &str) -> Self {
        match sensitive_header([token]) {
            Some(value) => drop(self.headers.insert(OPC_OBO_TOKEN, value)),
            None => self.note("the delegation token cannot be sent in a header"),
        }
        self
    }

    /// Sets a body in JSON.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let queue = service.clone();
    /// let queue_of = serde_json::json!({ "displayName": "q" });
    /// let request = queue.post("/20210201/queues").json(&queue_of);
    /// # Ok(())
    /// # }
    /// ```
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(json) => {
                let json_type = HeaderValue::from_static("application/json");
                self.headers.entry(CONTENT_TYPE).or_insert(json_type);
                self.body(json)
            }
            Err(error) => {
                self.note(&format!("the body cannot be written as JSON: {error}"));
                self
            }
        }
    }

    /// Sets a body: bytes, or a [`Body`] in pieces, such as a file. With POST, PUT and PATCH it is
    /// hashed and signed.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # use oracle_cloud_client::Body;
    /// # let storage = service.clone();
    /// let file = Body::from_file("README.md").await?;
    /// let request = storage.put("/n/ns/b/bucket/o/report").body(file);
    /// # Ok(())
    /// # }
    /// ```
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets a body that the signature leaves out, as uploads to Object Storage may: a large file is
    /// then not read for its hash first.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let storage = service.clone();
    /// let request = storage.put("/n/ns/b/bucket/o/report").unsigned_body("a,b\n1,2\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn unsigned_body(self, body: impl Into<Body>) -> Self {
        self.body(body.into().unsigned())
    }

    /// Limits the time of all attempts together.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # use std::time::Duration;
    /// # let storage = service.clone();
    /// let request = storage.get("/n/").timeout(Duration::from_secs(5));
    /// # Ok(())
    /// # }
    /// ```
    pub fn timeout(self, timeout: Duration) -> Self {
        let options = self.current_options().clone();
        self.options(options.timeout(timeout))
    }

    /// Sets options of its own, in place of the client's.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # use oracle_cloud_client::RequestOptions;
    /// # let storage = service.clone();
    /// let request = storage.get("/n/").options(RequestOptions::default().attempts(1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn options(mut self, options: RequestOptions) -> Self {
        self.options = Some(options);
        self
    }

    /// Sends it, and returns the whole answer. A status from 400 on is an [`Error::Service`]. So is
    /// a redirect, which is not followed: that would send the signature elsewhere.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let storage = service.clone();
    /// let namespace: String = storage.get("/n/").send().await?.json()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error`], whose variants say whether anything was sent.
    pub async fn send(self) -> Result<Answer, Error> {
        self.sent(None).await.map(Answer::new)
    }

    /// Sends it, and returns the answer as soon as it begins: for downloads, long lists and streams
    /// of events.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let storage = service.clone();
    /// let mut answer = storage.get("/n/ns/b/bucket/o/report").send_streaming().await?;
    /// while let Some(piece) = answer.chunk().await? {
    ///     println!("{} bytes", piece.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The same as [`send`](Self::send). A later failure is an error of
    /// [`chunk`](StreamingAnswer::chunk), and is not retried.
    pub async fn send_streaming(self) -> Result<StreamingAnswer, Error> {
        let read_timeout = self.current_options().read_timeout;
        let mut body = None;
        let answer = self.sent(Some(&mut body)).await?;
        Ok(StreamingAnswer::new(AnswerBody::joined(answer, body, read_timeout)))
    }

    async fn sent(self, sink: Sink<'_>) -> Result<Response<Bytes>, Error> {
        if let Some(mistake) = self.mistake {
            return Err(Error::request(mistake.to_string()));
        }
        let options = self.options.as_ref().unwrap_or(&self.inner.options);
        let mut request = Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() =
            format!("{}{}", self.url, self.query).parse().map_err(Error::request)?;
        *request.headers_mut() = self.headers;
        let (sender, timings) = (&self.inner.sender, &mut RequestTimings::default());
        let answer = sender.send(&self.http, request, options, timings, sink).await?;
        Ok(ServiceError::check(answer)?)
    }

    fn current_options(&self) -> &RequestOptions {
        self.options.as_ref().unwrap_or(&self.inner.options)
    }

    /// Keeps the first mistake.
    fn note(&mut self, mistake: &str) {
        self.mistake.get_or_insert_with(|| mistake.into());
    }
}

/// Returns the message of an error of a path.
fn reason(error: &Error) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), ToString::to_string)
}

/// Shows the method, and nothing that could be a secret.
impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBuilder").field("method", &self.method).finish_non_exhaustive()
    }
}
