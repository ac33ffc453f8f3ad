//! Answers: whole ones, and ones whose body is still to come.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, SizeHint};
use serde::de::DeserializeOwned;
use tokio::time::{Sleep, sleep};

use super::error::Error;
use super::transport::TransportError;

/// A whole answer.
///
/// ```
#[doc = include_str!("../doc/service.md")]
/// # let storage = service.clone();
/// let answer = storage.get("/n/").send().await?;
/// println!("{} {:?}", answer.status(), answer.opc_request_id());
/// let namespace: String = answer.json()?;
/// # Ok(())
/// # }
/// ```
pub struct Answer(Response<Bytes>);

impl Answer {
    pub(super) fn new(response: Response<Bytes>) -> Self {
        Self(response)
    }

    /// Its status, below 400.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let answer = service.get("/n/").send().await?;
    /// assert!(answer.status().is_success());
    /// # Ok(())
    /// # }
    /// ```
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// Its headers.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let answer = service.get("/n/").send().await?;
    /// println!("{:?}", answer.headers().get("content-type"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// A header, if it is there and visible ASCII.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let answer = service.get("/n/").send().await?;
    /// println!("{:?}", answer.header("opc-work-request-id"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name)?.to_str().ok()
    }

    /// What `if-match` asks for.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let answer = service.get("/n/").send().await?;
    /// println!("{:?}", answer.etag());
    /// # Ok(())
    /// # }
    /// ```
    pub fn etag(&self) -> Option<&str> {
        self.header("etag")
    }

    /// What Oracle's support asks for.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let answer = service.get("/n/").send().await?;
    /// println!("{:?}", answer.opc_request_id());
    /// # Ok(())
    /// # }
    /// ```
    pub fn opc_request_id(&self) -> Option<&str> {
        self.header("opc-request-id")
    }

    /// Its body.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let answer = service.get("/n/").send().await?;
    /// println!("{} bytes", answer.body().len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn body(&self) -> &Bytes {
        self.0.body()
    }

    /// Its body, read as JSON.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let answer = service.get("/n/").send().await?;
    /// let namespace: String = answer.json()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Decode`] for a body that is no JSON, or no `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(self.body()).map_err(Error::decode)
    }
}

/// Shows no header and no byte of the body.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status())
            .field("bytes", &self.body().len())
            .finish_non_exhaustive()
    }
}

impl From<Answer> for Response<Bytes> {
    fn from(Answer(response): Answer) -> Self {
        response
    }
}

/// An answer whose body is still to come.
///
/// ```no_run
/// # async fn download(storage: oracle_cloud_client::Service)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// use std::io::Write;
///
/// let object = ["n", "ns", "b", "bucket", "o", "report"];
/// let mut answer = storage.get(object).send_streaming().await?;
/// let mut file = std::fs::File::create("report")?;
/// while let Some(piece) = answer.chunk().await? {
///     file.write_all(&piece)?;
/// }
/// # Ok(())
/// # }
/// ```
pub struct StreamingAnswer {
    head: Parts,
    body: Incoming,
}

impl StreamingAnswer {
    pub(super) fn new(head: Parts, body: reqwest::Body, read_timeout: Duration) -> Self {
        Self { head, body: Incoming { body, read_timeout, pause: None, is_over: false } }
    }

    /// Its status, below 400.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let answer = service.get("/n/").send_streaming().await?;
    /// assert!(answer.status().is_success());
    /// # Ok(())
    /// # }
    /// ```
    pub fn status(&self) -> StatusCode {
        self.head.status
    }

    /// Its headers.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let answer = service.get("/n/").send_streaming().await?;
    /// println!("{:?}", answer.headers().get("content-length"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The next piece of its body; None after the last one.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let mut answer = service.get("/n/").send_streaming().await?;
    /// let mut size = 0;
    /// while let Some(piece) = answer.chunk().await? {
    ///     size += piece.len();
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Transport`] where the answer breaks off, or pauses for longer than
    /// [`read_timeout`](field@crate::RequestOptions::read_timeout).
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let Some(frame) = self.body.frame().await else { return Ok(None) };
            if let Ok(data) = frame?.into_data() {
                return Ok(Some(data));
            }
        }
    }

    /// The same as a response of the `http` crate, with status and headers.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let answer = service.get("/n/").send_streaming().await?;
    /// let passed_on = answer.into_response();
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_response(
        self,
    ) -> Response<impl Body<Data = Bytes, Error = Box<dyn StdError + Send + Sync>> + Send + 'static>
    {
        let Self { head, body } = self;
        Response::from_parts(head, body.map_err(Into::into))
    }

    /// Its body, in the form of the `http-body` crate: an answer of a server can be made of it.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let answer = service.get("/n/").send_streaming().await?;
    /// let passed_on = http::Response::new(answer.into_body());
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_body(
        self,
    ) -> impl Body<Data = Bytes, Error = Box<dyn StdError + Send + Sync>> + Send + 'static {
        self.body.map_err(Into::into)
    }
}

/// Shows no header and no byte of the body.
impl fmt::Debug for StreamingAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamingAnswer").field("status", &self.status()).finish_non_exhaustive()
    }
}

/// A body that must not pause for too long.
struct Incoming {
    body: reqwest::Body,
    read_timeout: Duration,
    /// Since the last piece, while the next one is waited for.
    pause: Option<Pin<Box<Sleep>>>,
    is_over: bool,
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let this = self.get_mut();
        if this.is_over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            this.pause = None;
            this.is_over = !matches!(frame, Some(Ok(_)));
            return Poll::Ready(frame.map(|frame| frame.map_err(TransportError::incomplete)));
        }
        let timeout = this.read_timeout;
        let pause = this.pause.get_or_insert_with(|| Box::pin(sleep(timeout)));
        if pause.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        this.is_over = true;
        Poll::Ready(Some(Err(TransportError::ReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
