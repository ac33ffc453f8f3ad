//! What the deployment writes back, in one piece or in chunks.

use serde_json::{Value, json};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::pace::Pen;

/// The trailer by which a stream reports that it failed midway.
const STREAM_FAILURE: &str = "StreamFailure";

/// An answer about to be written.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    Sized(Vec<u8>),
    Chunked(Vec<Vec<u8>>),
    /// The same, which never ends.
    Open(Vec<Vec<u8>>),
}

/// What happens to the connection after an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum After {
    /// Another request may follow.
    KeepAlive,
    /// It is closed in order.
    Close,
    /// It is reset.
    Reset,
    /// It stays open, and nothing more is written or read.
    Silence,
    /// It stays open until the peer leaves, and nothing more is written.
    Open,
}

impl Answer {
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::with_body(status, content_type, Body::Sized(body.into()))
    }

    /// Returns a success in JSON.
    pub(super) fn json(body: &Value) -> Self {
        Self::new(200, "application/json", body.to_string())
    }

    /// Returns an answer with these headers and no other.
    pub(super) fn bare(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        Self { status, headers, body: Body::Sized(body) }
    }

    /// Returns a success whose body is written chunk by chunk.
    pub(super) fn streamed(content_type: &str, chunks: Vec<Vec<u8>>) -> Self {
        Self::with_body(200, content_type, Body::Chunked(chunks))
    }

    /// Returns a success as server-sent events, one in each chunk, with `[DONE]` last.
    pub(super) fn events(values: &[Value]) -> Self {
        let events = values.iter().map(|value| format!("data: {value}\n\n"));
        Self::told(events.collect()).done()
    }

    /// A success told as server-sent events, each named by the member `type` of its value.
    pub(super) fn named_events(values: &[Value]) -> Self {
        let events = values.iter().map(|value| {
            let name = value.get("type").and_then(Value::as_str).unwrap_or_default();
            format!("event: {name}\ndata: {value}\n\n")
        });
        Self::told(events.collect())
    }

    /// A success told as server-sent events as they stand, one in a chunk.
    pub(super) fn told(events: Vec<String>) -> Self {
        let chunks = events.into_iter().map(String::into_bytes).collect();
        Self::streamed("text/event-stream", chunks)
    }

    /// The same stream with `[DONE]` as its last event.
    pub(super) fn done(mut self) -> Self {
        if let Body::Chunked(chunks) = &mut self.body {
            chunks.push(b"data: [DONE]\n\n".to_vec());
        }
        self
    }

    /// The same stream, which has no end.
    pub(super) fn open(self) -> Self {
        match self.body {
            Body::Chunked(chunks) => Self { body: Body::Open(chunks), ..self },
            Body::Sized(_) | Body::Open(_) => self,
        }
    }

    fn with_body(status: u16, content_type: &str, body: Body) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, body }
    }

    /// Returns an error in the shape that all OCI services give theirs.
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

    pub(super) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// With all headers of `other` but for its content type.
    pub(super) fn with_headers_of(mut self, other: Self) -> Self {
        self.headers.extend(other.headers.into_iter().skip(1));
        self
    }

    pub(super) fn is_success(&self) -> bool {
        self.status == 200
    }

    pub(super) fn is_streamed(&self) -> bool {
        matches!(self.body, Body::Chunked(_) | Body::Open(_))
    }

    /// The same answer, in one piece.
    pub(super) fn whole(self) -> Self {
        Self { body: Body::Sized(self.bytes()), ..self }
    }

    /// Returns the body, however it is framed.
    pub(super) fn bytes(&self) -> Vec<u8> {
        match &self.body {
            Body::Sized(bytes) => bytes.clone(),
            Body::Chunked(chunks) | Body::Open(chunks) => chunks.concat(),
        }
    }

    /// Returns the head, but for what frames the body.
    pub(super) fn head(&self) -> String {
        let start = format!("HTTP/1.1 {} Emulated\r\n", self.status);
        let headers = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        start + &headers.collect::<Vec<_>>().concat()
    }

    /// Writes it whole.
    pub(super) async fn send(&self, stream: &mut (impl AsyncWrite + Unpin), pen: Pen<'_>) -> After {
        match &self.body {
            Body::Sized(body) => {
                let head = format!("{}content-length: {}\r\n\r\n", self.head(), body.len());
                write(stream, &[head.as_bytes(), body]).await
            }
            Body::Chunked(chunks) => {
                let after = self.send_chunks(chunks, stream, pen).await;
                if after == After::KeepAlive { write(stream, &[b"0\r\n\r\n"]).await } else { after }
            }
            Body::Open(chunks) => {
                let after = self.send_chunks(chunks, stream, pen).await;
                if after == After::KeepAlive { After::Open } else { after }
            }
        }
    }

    /// Writes the head of a stream and half of the body, which leaves the stream unfinished.
    pub(super) async fn send_half(
        &self,
        stream: &mut (impl AsyncWrite + Unpin),
        pen: Pen<'_>,
    ) -> After {
        let mut half = self.bytes();
        half.truncate(half.len() / 2);
        self.send_chunks(&[half], stream, pen).await
    }

    /// Writes half of the body, and the trailer by which the service says that there is no more of
    /// it.
    pub(super) async fn send_failure(
        &self,
        stream: &mut (impl AsyncWrite + Unpin),
        pen: Pen<'_>,
    ) -> After {
        let end = format!("0\r\n{STREAM_FAILURE}: the model died\r\n\r\n");
        let after = self.send_half(stream, pen).await;
        if after == After::KeepAlive { write(stream, &[end.as_bytes()]).await } else { after }
    }

    /// Writes the head of a stream and its pieces, each at its time.
    async fn send_chunks(
        &self,
        chunks: &[Vec<u8>],
        stream: &mut (impl AsyncWrite + Unpin),
        pen: Pen<'_>,
    ) -> After {
        let framing = format!("transfer-encoding: chunked\r\ntrailer: {STREAM_FAILURE}\r\n\r\n");
        let head = self.head() + &framing;
        let mut after = write(stream, &[head.as_bytes()]).await;
        // An empty chunk would be the end.
        for (number, chunk) in chunks.iter().filter(|chunk| !chunk.is_empty()).enumerate() {
            if after == After::KeepAlive {
                pen.wait(number).await;
                let size = format!("{:x}\r\n", chunk.len());
                pen.note(chunk.len());
                after = write(stream, &[size.as_bytes(), chunk, b"\r\n"]).await;
            }
        }
        after
    }
}

/// Writes at once what belongs together. A peer that left is no reason to keep the connection.
pub(super) async fn write(stream: &mut (impl AsyncWrite + Unpin), parts: &[&[u8]]) -> After {
    if stream.write_all(&parts.concat()).await.is_ok() && stream.flush().await.is_ok() {
        After::KeepAlive
    } else {
        After::Close
    }
}
