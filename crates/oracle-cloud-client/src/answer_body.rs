//! The body of an answer that is still to come, or was read already.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use std::{fmt, mem};

use bytes::Bytes;
use http::Response;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::transport::TransportError;

/// The body of an answer to [`send_streaming_over`](crate::Client::send_streaming_over): frame by
/// frame, its trailers last.
///
/// ```no_run
/// use http_body_util::BodyExt;
/// use oracle_cloud_client::{AnswerBody, TransportError};
///
/// async fn size(mut body: AnswerBody) -> Result<usize, TransportError> {
///     let mut size = 0;
///     while let Some(frame) = body.frame().await.transpose()? {
///         size += frame.data_ref().map_or(0, |data| data.len());
///     }
///     Ok(size)
/// }
/// ```
pub struct AnswerBody(Kind);

enum Kind {
    Whole(Bytes),
    Incoming(Incoming),
}

impl AnswerBody {
    /// An answer with the body that was put aside of it, if one was.
    pub(super) fn joined(
        answer: Response<Bytes>,
        aside: Option<reqwest::Body>,
        read_timeout: Duration,
    ) -> Response<Self> {
        answer.map(|whole| match aside {
            None => Self(Kind::Whole(whole)),
            Some(body) => {
                let pause = None;
                Self(Kind::Incoming(Incoming { body, read_timeout, pause, is_over: false }))
            }
        })
    }

    /// All of it, where it was read before it was given out, as every body without a success is;
    /// None of one that is still to come.
    ///
    /// ```
    /// fn is_still_to_come(body: &oracle_cloud_client::AnswerBody) -> bool {
    ///     body.bytes().is_none()
    /// }
    /// ```
    pub fn bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            Kind::Whole(bytes) => Some(bytes),
            Kind::Incoming(_) => None,
        }
    }
}

/// Shows no byte of it.
impl fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerBody")
            .field("bytes", &self.bytes().map(Bytes::len))
            .finish_non_exhaustive()
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        match &mut self.get_mut().0 {
            Kind::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(mem::take(bytes))))),
            Kind::Incoming(incoming) => incoming.poll(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(bytes) => bytes.is_empty(),
            Kind::Incoming(incoming) => incoming.is_over || incoming.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes) => {
                SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
            }
            Kind::Incoming(incoming) => incoming.body.size_hint(),
        }
    }
}

/// A body that must not pause for too long.
struct Incoming {
    body: reqwest::Body,
    read_timeout: Duration,
    /// The time since the last piece, while the next one is awaited.
    pause: Option<Pin<Box<Sleep>>>,
    is_over: bool,
}

impl Incoming {
    fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.pause = None;
            self.is_over = !matches!(frame, Some(Ok(_)));
            return Poll::Ready(frame.map(|frame| frame.map_err(TransportError::incomplete)));
        }
        let timeout = self.read_timeout;
        let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(timeout)));
        if pause.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.is_over = true;
        Poll::Ready(Some(Err(TransportError::ReadTimeout)))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::thread;

    use http::{HeaderMap, Request, StatusCode};
    use http_body_util::BodyExt;

    use super::*;
    use crate::{
        Client, Credentials, HttpClient, KeyId, PrivateKey, RequestOptions, RequestTimings, Retry,
        Trust,
    };

    /// A service that gives these answers one after another, each over a connection of its own.
    fn service(answers: &'static [&str]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        thread::spawn(move || {
            for (stream, answer) in listener.incoming().zip(answers) {
                let mut stream = stream.unwrap();
                assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        url
    }

    /// What the service answers, and after how many attempts.
    async fn answer(answers: &'static [&str]) -> (Response<AnswerBody>, u32) {
        let key_id = KeyId::new("tenancy/user/fingerprint").unwrap();
        let credentials = Credentials::api_key(key_id, PrivateKey::generate().unwrap());
        let retry = Retry::new().first_wait(Duration::from_millis(1));
        let client = Client::builder().credentials(Arc::new(credentials)).retry(retry);
        let client = client.build().await.unwrap();
        let http = HttpClient::builder(&Trust::public().unwrap()).plain().build().unwrap();
        let request = Request::get(service(answers)).body(()).unwrap();
        let options = RequestOptions::default().read_timeout(Duration::from_secs(2));
        let mut timings = RequestTimings::default();
        let answer = client.send_streaming_over(&http, request, &options, &mut timings).await;
        (answer.unwrap(), timings.attempts())
    }

    #[tokio::test]
    async fn a_success_streams_with_its_trailers_after_what_passes_was_tried_again() {
        let (answer, attempts) = answer(&[
            "HTTP/1.1 503 X\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 200 X\r\ntrailer: x-end\r\ntransfer-encoding: chunked\r\n\r\n\
             2\r\nab\r\n1\r\nc\r\n0\r\nx-end: yes\r\n\r\n",
        ])
        .await;
        assert_eq!((answer.status(), attempts), (StatusCode::OK, 2));
        let body = answer.into_body();
        assert!(body.bytes().is_none() && !body.is_end_stream());
        let collected = body.collect().await.unwrap();
        let end = collected.trailers().and_then(|trailers| trailers.get("x-end"));
        assert_eq!(end.map(http::HeaderValue::as_bytes), Some(&b"yes"[..]));
        assert_eq!(collected.to_bytes(), "abc");
    }

    #[tokio::test]
    async fn any_other_status_is_whole() {
        let (answer, attempts) =
            answer(&["HTTP/1.1 404 X\r\nx-own: yes\r\ncontent-length: 4\r\n\r\nnone"]).await;
        assert_eq!((answer.status(), attempts), (StatusCode::NOT_FOUND, 1));
        let own: &HeaderMap = answer.headers();
        assert!(own.contains_key("x-own"));
        let body = answer.into_body();
        assert_eq!((body.bytes().unwrap(), body.size_hint().exact()), (&"none".into(), Some(4)));
        assert!(!format!("{body:?}").contains("none"));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "none");
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_ends_with_an_error() {
        for answer_text in [
            &["HTTP/1.1 200 X\r\ncontent-length: 4\r\n\r\nab"],
            &["HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n"],
        ] {
            let (answer, _) = answer(answer_text).await;
            let mut body = answer.into_body();
            assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "ab");
            let error = body.frame().await.unwrap().unwrap_err();
            assert!(matches!(error, TransportError::IncompleteResponse(_)), "{error:?}");
            assert!(body.frame().await.is_none());
        }
    }
}
