//! A connection to the function's socket, in bytes: they are what is checked.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::verdict::Problem;

/// How long to wait for a whole reply, or for the end of a connection.
pub(super) const REPLY_TIMEOUT: Duration = Duration::from_secs(15);
/// The most that a reply may have, in bytes.
const MAX_REPLY_BYTES: usize = 80 * 1024 * 1024;

/// What the report says of a reply without an end.
pub(super) const CUT: &str = "closed within a reply";

/// One connection of the agent.
#[derive(Debug)]
pub(super) struct Wire {
    stream: UnixStream,
    buffer: Vec<u8>,
    begun: Option<u16>,
}

/// How a reply shows where its body ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Framing {
    /// By `Content-Length`.
    Sized,
    /// By chunks, with the last one.
    Chunked,
    /// By the end of the connection.
    Unframed,
}

/// Header lines in order, the names in lower case.
type Headers = Vec<(String, Vec<u8>)>;

/// A whole reply.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Headers,
    pub(super) framing: Framing,
    pub(super) body: Vec<u8>,
    /// The bytes of the head, as they came.
    pub(super) head: Vec<u8>,
}

impl Reply {
    /// Returns all values of a header as text, in order.
    pub(super) fn values(&self, name: &str) -> Vec<String> {
        let values = self.headers.iter().filter(|(own, _)| own == name);
        values.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
    }

    pub(super) fn value(&self, name: &str) -> Option<String> {
        self.values(name).into_iter().next()
    }

    /// Returns the status and the beginning of the body, for a person.
    pub(super) fn shown(&self) -> String {
        let text: String = String::from_utf8_lossy(&self.body).chars().take(80).collect();
        format!("{} with {} bytes: {}", self.status, self.body.len(), text.escape_debug())
    }
}

impl Wire {
    pub(super) async fn dial(listener: &Path) -> Result<Self, Problem> {
        match timeout(REPLY_TIMEOUT, UnixStream::connect(listener)).await {
            Ok(Ok(stream)) => Ok(Self { stream, buffer: Vec::new(), begun: None }),
            Ok(Err(error)) => Err(Problem::failed("the socket takes a connection", error)),
            Err(_elapsed) => Err(Problem::failed("the socket takes a connection", "it does not")),
        }
    }

    /// Writes everything. A peer that has closed is not a failure here: its reply, if any, can
    /// still be read.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        let (mut reader, mut writer) = self.stream.split();
        let (buffer, mut piece) = (&mut self.buffer, vec![0; 64 * 1024]);
        let mut writing = std::pin::pin!(writer.write_all(bytes));
        // An early reply must not stop the function from reading on.
        let sent = timeout(REPLY_TIMEOUT, async {
            let mut open = true;
            loop {
                tokio::select! {
                    _ = &mut writing => return,
                    read = reader.read(&mut piece), if open => match read {
                        Ok(count) if count > 0 && buffer.len() < MAX_REPLY_BYTES => {
                            buffer.extend(piece.iter().take(count));
                        }
                        Ok(_) | Err(_) => open = false,
                    },
                }
            }
        });
        sent.await.map_err(|_elapsed| Problem::failed("the request is read", "it is left unread"))
    }

    /// Ends our side of the connection.
    pub(super) async fn half_close(&mut self) {
        // A peer that has gone cannot be told.
        drop(self.stream.shutdown().await);
    }

    /// Returns the next whole reply, without interim ones.
    pub(super) async fn reply(&mut self) -> Result<Reply, Problem> {
        self.reply_within(REPLY_TIMEOUT).await
    }

    /// The same with another limit.
    pub(super) async fn reply_within(&mut self, limit: Duration) -> Result<Reply, Problem> {
        let expected = "a whole HTTP/1.1 reply";
        match timeout(limit, self.read_reply()).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(error)) => Err(Problem::failed(expected, error)),
            Err(_elapsed) => Err(Problem::failed(expected, format!("none within {limit:?}"))),
        }
    }

    /// Returns the status of the last reply that has begun.
    pub(super) fn begun(&self) -> Option<u16> {
        self.begun
    }

    /// Waits until the peer has sent a byte.
    pub(super) async fn first_byte(&mut self) -> Result<(), Problem> {
        match timeout(REPLY_TIMEOUT, self.more()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => {
                Err(Problem::failed("the beginning of a reply", "a closed connection"))
            }
            Ok(Err(error)) => Err(Problem::failed("the beginning of a reply", error)),
            Err(_elapsed) => Err(Problem::failed("the beginning of a reply", "nothing")),
        }
    }

    /// Returns everything until the peer closes.
    pub(super) async fn rest(mut self) -> Result<Vec<u8>, Problem> {
        let read =
            timeout(REPLY_TIMEOUT, async { while self.more().await.is_ok_and(|more| more) {} });
        match read.await {
            Ok(()) => Ok(self.buffer),
            Err(_elapsed) => Err(Problem::failed("the connection is closed", "it stays open")),
        }
    }

    /// Returns whether the peer keeps its end open, without sending anything, for this long.
    pub(super) async fn stays_open(&mut self, time: Duration) -> bool {
        timeout(time, self.more()).await.is_err()
    }

    async fn read_reply(&mut self) -> io::Result<Reply> {
        self.begun = None;
        loop {
            let head = self.read_head().await?;
            let (status, headers) = parse(&head).ok_or_else(|| invalid(&head))?;
            if (100..200).contains(&status) && status != 101 {
                continue;
            }
            self.begun = Some(status);
            let mut reply =
                Reply { status, headers, framing: Framing::Unframed, body: vec![], head };
            let chunked = reply.values("transfer-encoding") == ["chunked"];
            let lengths = reply.values("content-length");
            (reply.framing, reply.body) = match (chunked, lengths.as_slice()) {
                (true, []) => (Framing::Chunked, self.read_chunks().await?),
                (false, [length]) => {
                    let length = length.parse().map_err(io::Error::other)?;
                    (Framing::Sized, self.take(length).await?)
                }
                (false, []) => (Framing::Unframed, self.read_to_end().await?),
                _ => return Err(io::Error::other("a body that is framed twice")),
            };
            return Ok(reply);
        }
    }

    async fn read_head(&mut self) -> io::Result<Vec<u8>> {
        let mut looked = 0;
        loop {
            let fresh = self.buffer.get(looked..).unwrap_or_default();
            if let Some(end) = fresh.windows(4).position(|window| window == b"\r\n\r\n") {
                return self.take(looked + end + 4).await;
            }
            looked = self.buffer.len().saturating_sub(3);
            self.need_more().await?;
        }
    }

    async fn read_chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.read_line().await?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16)
                .map_err(|error| io::Error::other(format!("the chunk size {line:?}: {error}")))?;
            if size == 0 {
                while !self.read_line().await?.is_empty() {}
                return Ok(body);
            }
            body.append(&mut self.take(size).await?);
            if self.take(2).await? != b"\r\n" {
                return Err(io::Error::other("a chunk that does not end where it should"));
            }
        }
    }

    async fn read_line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|window| window == b"\r\n") {
                let line = self.take(end + 2).await?;
                return Ok(String::from_utf8_lossy(line.trim_ascii_end()).into_owned());
            }
            self.need_more().await?;
        }
    }

    async fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        while self.more().await? {}
        Ok(std::mem::take(&mut self.buffer))
    }

    /// Reads the next `count` bytes.
    async fn take(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < count {
            self.need_more().await?;
        }
        let rest = self.buffer.split_off(count);
        Ok(std::mem::replace(&mut self.buffer, rest))
    }

    async fn need_more(&mut self) -> io::Result<()> {
        match self.more().await? {
            true => Ok(()),
            false if self.buffer.is_empty() && self.begun.is_none() => {
                Err(io::Error::other("closed without a reply"))
            }
            false => Err(io::Error::other(CUT)),
        }
    }

    /// Reads more; false at the end.
    async fn more(&mut self) -> io::Result<bool> {
        if self.buffer.len() > MAX_REPLY_BYTES {
            return Err(io::Error::other("a reply without end"));
        }
        self.buffer.reserve(64 * 1024);
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }
}

fn invalid(head: &[u8]) -> io::Error {
    let line: String = String::from_utf8_lossy(head).chars().take(60).collect();
    io::Error::other(format!("not an HTTP/1.1 head: {}", line.escape_debug()))
}

/// Returns status and headers of a head; `None` if it is invalid.
fn parse(head: &[u8]) -> Option<(u16, Headers)> {
    let mut lines = head.strip_suffix(b"\r\n\r\n")?.split(|byte| *byte == b'\n');
    let status = String::from_utf8_lossy(lines.next()?).into_owned();
    let status = status.strip_prefix("HTTP/1.1 ").or(status.strip_prefix("HTTP/1.0 "))?;
    let status = status.split_whitespace().next()?.parse().ok()?;
    let mut headers = Vec::new();
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at_checked(colon)?;
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        headers.push((name, value.strip_prefix(b":")?.trim_ascii().to_vec()));
    }
    Some((status, headers))
}
