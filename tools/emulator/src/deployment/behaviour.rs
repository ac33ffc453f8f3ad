//! The ways in which the deployment can fail to answer.

use std::time::Duration;

use tokio::io::AsyncWrite;
use tokio::time::sleep;

use super::answer::{After, Answer, write};
use super::pace::Pen;

/// How the next request is answered, instead of by the model. The signature is verified all the
/// same.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// Answers with this status, content type and body.
    Answer(u16, &'static str, Vec<u8>),
    /// Answers with this status and `Retry-After`, as a service that is overloaded.
    Busy(u16, String),
    /// Answers with this status, these headers and nothing else of the model's, and this body.
    Reply(u16, Vec<(String, String)>, Vec<u8>),
    /// Answers as the model does, after so long.
    Slow(Duration),
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
    /// Sends bytes that are not HTTP.
    Garbage,
    /// Sends the body in chunks, and announces a length beside it, as the service has been seen to
    /// do.
    ChunkedWithLength,
    /// Answers 200, sends half of the body in a chunk, and ends the stream with the trailer
    /// `StreamFailure: the model died`.
    StreamFailure,
    /// Answers 200, sends half of the body in a chunk, and resets the connection.
    ResetStream,
    /// Answers 200, sends half of the body in a chunk, and then nothing, with the connection kept.
    StallStream,
    /// Resets the connection before a byte of the answer.
    Reset,
    /// Answers in order, as if the connection were kept, and then closes it.
    CloseAfter,
}

impl Behaviour {
    /// Answers in this way, and returns what happens to the connection.
    pub(super) async fn send(
        self,
        answer: Answer,
        stream: &mut (impl AsyncWrite + Unpin),
        pen: Pen<'_>,
    ) -> After {
        match self {
            Self::Answer(status, content_type, body) => {
                let own = Answer::new(status, content_type, body);
                own.with_headers_of(answer).send(stream, pen).await
            }
            Self::Busy(status, retry_after) => {
                let busy = Answer::error(status, "TooManyRequests", "too many requests");
                busy.with_headers_of(answer)
                    .with_header("retry-after", &retry_after)
                    .send(stream, pen)
                    .await
            }
            Self::Reply(status, headers, body) => {
                Answer::bare(status, headers, body).with_headers_of(answer).send(stream, pen).await
            }
            Self::Slow(time) => {
                sleep(time).await;
                answer.send(stream, pen).await
            }
            Self::Header(name, value) => answer.with_header(name, &value).send(stream, pen).await,
            Self::Redirect(location) => {
                answer.with_status(302).with_header("location", &location).send(stream, pen).await
            }
            Self::Hang => After::Silence,
            Self::Stall => {
                cut(&answer, stream).await;
                After::Silence
            }
            Self::Close => After::Close,
            Self::Cut => {
                cut(&answer, stream).await;
                After::Close
            }
            Self::Garbage => {
                write(stream, &[b"\x00\x01\x02 this is no HTTP\r\n\r\n"]).await;
                After::Close
            }
            Self::ChunkedWithLength => {
                let (head, body) = (answer.head(), answer.bytes());
                let head = format!("{head}content-length: 7\r\ntransfer-encoding: chunked\r\n\r\n");
                let chunk = format!("{:x}\r\n", body.len());
                write(stream, &[head.as_bytes(), chunk.as_bytes(), &body, b"\r\n0\r\n\r\n"]).await
            }
            Self::StreamFailure => answer.with_status(200).send_failure(stream, pen).await,
            Self::ResetStream => {
                answer.with_status(200).send_half(stream, pen).await;
                After::Reset
            }
            Self::StallStream => {
                answer.with_status(200).send_half(stream, pen).await;
                After::Silence
            }
            Self::Reset => After::Reset,
            Self::CloseAfter => {
                answer.send(stream, pen).await;
                After::Close
            }
        }
    }
}

/// Announces the whole body, and writes half of it.
async fn cut(answer: &Answer, stream: &mut (impl AsyncWrite + Unpin)) {
    let body = answer.bytes();
    let head = format!("{}content-length: {}\r\n\r\n", answer.head(), body.len());
    let half = body.get(..body.len() / 2).unwrap_or_default();
    write(stream, &[head.as_bytes(), half]).await;
}
