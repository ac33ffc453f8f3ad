//! One connection to the function's socket, and one exchange on it.

use std::io;
use std::path::Path;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use super::answer::{SUCCESS, WireReply};
use super::body::{BODY_LIMIT, Pieces};
use super::failure::Failure;

/// What a reply's head may measure, in bytes.
const HEAD_LIMIT: usize = 10 * 1024 * 1024;
/// The platform counts a head's bytes, not its lines: more of these than any head of the limit
/// holds.
const LINES_LIMIT: usize = 65_536;

#[derive(Debug)]
pub(super) struct Connection(SendRequest<Pieces>);

impl Connection {
    /// Connects once: who does not listen yet has lost.
    pub(super) async fn dial(listener: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(listener).await?;
        let (sender, driver) = Builder::new()
            .title_case_headers(true)
            .max_buf_size(HEAD_LIMIT)
            .max_headers(LINES_LIMIT)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        // It ends with the sender. Its errors are those of the exchange.
        tokio::spawn(async move { drop(driver.await) });
        Ok(Self(sender))
    }

    /// Returns whether the function still holds its end.
    pub(super) async fn is_open(&mut self) -> bool {
        self.0.ready().await.is_ok()
    }

    /// Sends one request and reads the reply, and returns the connection if another call may follow
    /// on it.
    pub(super) async fn exchange(
        mut self,
        mut request: Request<Pieces>,
    ) -> Result<(WireReply, Option<Self>), Failure> {
        let taken = request.body_mut().taken();
        let response = self.0.send_request(request).await;
        let response = response.map_err(|error| Failure::from_error(&error))?;
        // The platform does not read the body of a failure, and gives up the connection that it is
        // on.
        let read = response.status() == SUCCESS || response.body().is_end_stream();
        let wire = read_reply(response).await?;
        let early = taken.is_empty();
        // A reply does not end the request: who leaves the rest unread breaks the platform's
        // sending.
        taken.await.map_err(|_closed| Failure::NoReply)?;
        // hyper accepts no second request where the reply came early; for the function it is the
        // same.
        Ok((wire, (read && !early).then_some(self)))
    }
}

async fn read_reply(response: Response<Incoming>) -> Result<WireReply, Failure> {
    let (head, body) = response.into_parts();
    let body = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) if head.status != SUCCESS => Bytes::new(),
        Err(error) if error.is::<LengthLimitError>() => return Err(Failure::BodyTooLarge),
        Err(_) => return Err(Failure::BodyCut),
    };
    let headers = head.headers.iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
    Ok(WireReply { status: head.status.as_u16(), headers: headers.collect(), body })
}
