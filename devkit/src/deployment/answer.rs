//! What the deployment writes back, and the ways in which it can fail to.

use std::future;

use serde_json::json;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// An answer about to be written.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: body.into(),
        }
    }

    /// An error in the shape that all OCI services give theirs.
    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        Self::new(
            status,
            "application/json",
            json!({ "code": code, "message": message }).to_string(),
        )
    }

    pub(super) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn head(&self) -> String {
        let start = format!("HTTP/1.1 {} Emulated\r\n", self.status);
        let headers = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        start + &headers.collect::<Vec<_>>().concat()
    }

    /// Writes it whole; whether the connection can be used again.
    pub(super) async fn send(&self, stream: &mut (impl AsyncWrite + Unpin)) -> bool {
        let head = format!("{}content-length: {}\r\n\r\n", self.head(), self.body.len());
        write(stream, &[head.as_bytes(), &self.body]).await
    }
}

/// How the next request is answered, instead of by the model. The signature is verified all the same.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// Answers with this status, content type and body.
    Answer(u16, &'static str, Vec<u8>),
    /// Answers with this status and `Retry-After`, as a service that is overloaded.
    Busy(u16, String),
    /// Answers with one more header.
    Header(&'static str, String),
    /// Answers 302 to this location.
    Redirect(String),
    /// Never answers, and keeps the connection.
    Hang,
    /// Announces the whole body, sends half of it, and then nothing.
    Stall,
    /// Closes the connection before a byte of the answer.
    Close,
    /// Announces the whole body, sends half of it, and closes.
    Cut,
    /// Sends what is no HTTP.
    Garbage,
    /// Sends the body in chunks, and announces a length beside it, as the service has been seen to do.
    ChunkedWithLength,
}

impl Behaviour {
    /// Answers so; whether the connection can be used again.
    pub(super) async fn send(self, answer: Answer, stream: &mut (impl AsyncWrite + Unpin)) -> bool {
        let half = answer.body.get(..answer.body.len() / 2).unwrap_or_default();
        let announced = format!("{}content-length: {}\r\n\r\n", answer.head(), answer.body.len());
        match self {
            Self::Answer(status, content_type, body) => {
                let own = Answer::new(status, content_type, body);
                let headers = answer.headers.into_iter().skip(1);
                headers
                    .fold(own, |own, (name, value)| own.with_header(&name, &value))
                    .send(stream)
                    .await
            }
            Self::Busy(status, retry_after) => {
                let busy = Answer::error(status, "TooManyRequests", "too many requests");
                Answer { headers: [busy.headers, answer.headers].concat(), ..busy }
                    .with_header("retry-after", &retry_after)
                    .send(stream)
                    .await
            }
            Self::Header(name, value) => answer.with_header(name, &value).send(stream).await,
            Self::Redirect(location) => {
                Answer { status: 302, ..answer }
                    .with_header("location", &location)
                    .send(stream)
                    .await
            }
            Self::Hang => future::pending().await,
            Self::Stall => {
                write(stream, &[announced.as_bytes(), half]).await;
                future::pending().await
            }
            Self::Close => false,
            Self::Cut => {
                write(stream, &[announced.as_bytes(), half]).await;
                false
            }
            Self::Garbage => {
                write(stream, &[b"\x00\x01\x02 this is no HTTP\r\n\r\n"]).await;
                false
            }
            Self::ChunkedWithLength => {
                let head = format!(
                    "{}content-length: 7\r\ntransfer-encoding: chunked\r\n\r\n",
                    answer.head()
                );
                let chunk = format!("{:x}\r\n", answer.body.len());
                write(stream, &[head.as_bytes(), chunk.as_bytes(), &answer.body, b"\r\n0\r\n\r\n"])
                    .await
            }
        }
    }
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), parts: &[&[u8]]) -> bool {
    stream.write_all(&parts.concat()).await.is_ok() && stream.flush().await.is_ok()
}
