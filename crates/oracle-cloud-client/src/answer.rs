//! Answers: whole ones, and ones whose body is still being received.

use std::error::Error as StdError;
use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Body;
use serde::de::DeserializeOwned;

use super::answer_body::AnswerBody;
use super::error::Error;

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

    /// Returns its status, below 400.
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

    /// Returns its headers.
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

    /// Returns a header, if it exists and is visible ASCII.
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

    /// Returns its `etag`, the value for `if-match`.
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

    /// Returns the id of the request, which Oracle's support asks for.
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

    /// Returns its body.
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

    /// Parses its body as JSON.
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
    /// [`Error::Decode`] for a body that is not JSON, or not a `T`.
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

/// An answer whose body is still being received.
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
pub struct StreamingAnswer(Response<AnswerBody>);

impl StreamingAnswer {
    pub(super) fn new(response: Response<AnswerBody>) -> Self {
        Self(response)
    }

    /// Returns its status, below 400.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let answer = service.get("/n/").send_streaming().await?;
    /// assert!(answer.status().is_success());
    /// # Ok(())
    /// # }
    /// ```
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// Returns its headers.
    ///
    /// ```
    #[doc = include_str!("../doc/service.md")]
    /// # let answer = service.get("/n/").send_streaming().await?;
    /// println!("{:?}", answer.headers().get("content-length"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// Returns the next piece of its body; `None` after the last one.
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
    /// [`Error::Transport`] if the answer breaks off, or pauses for longer than
    /// [`read_timeout`](field@crate::RequestOptions::read_timeout).
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let Some(frame) = self.0.body_mut().frame().await else { return Ok(None) };
            if let Ok(data) = frame?.into_data() {
                return Ok(Some(data));
            }
        }
    }

    /// Converts it into a response of the `http` crate, with status and headers.
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
        self.0.map(|body| body.map_err(Into::into))
    }

    /// Returns its body in the form of the `http-body` crate, such as for the response of a server.
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
        self.0.into_body().map_err(Into::into)
    }
}

/// Shows no header and no byte of the body.
impl fmt::Debug for StreamingAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamingAnswer")
            .field("status", &self.status())
            .field("body", self.0.body())
            .finish_non_exhaustive()
    }
}
