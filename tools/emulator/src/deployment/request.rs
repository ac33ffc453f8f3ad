//! Reads a request byte by byte as it came, and writes an answer: a signature is about exactly
//! these bytes.

use std::io;

use hyper::header::{HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::http::uri::PathAndQuery;
use tokio::io::{AsyncRead, AsyncReadExt};

/// The longest head that is read, in bytes.
const HEAD_LIMIT: usize = 64 * 1024;
/// The largest body of a model deployment, 10 MB.
pub(super) const BODY_LIMIT: usize = 10_000_000;

/// One request, nothing normalised.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The method, in the case it was sent in.
    pub method: String,
    /// Path and query, as they stood in the request line.
    pub target: String,
    /// The headers in order, the names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

/// A request that is not answered as a call of a model.
pub(super) enum Unreadable {
    /// The peer is done with the connection.
    Closed,
    /// No `content-length`: the service wants sized bodies.
    LengthRequired,
    /// A body beyond what the service takes.
    TooLarge,
}

impl From<io::Error> for Unreadable {
    fn from(_: io::Error) -> Self {
        Self::Closed
    }
}

impl Request {
    /// Returns the request that an HTTP library read; it keeps target and header values as they
    /// came.
    pub(crate) fn from_parts(head: &Parts, body: &[u8]) -> Self {
        let header = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.as_str().to_owned(), value.as_bytes().to_vec())
        };
        Self {
            method: head.method.as_str().to_owned(),
            target: head.uri.path_and_query().map_or("/", PathAndQuery::as_str).to_owned(),
            headers: head.headers.iter().map(header).collect(),
            body: body.to_vec(),
        }
    }

    /// Returns all values of a header, in order.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.headers
            .iter()
            .filter(move |(header, _)| header == name)
            .map(|(_, value)| value.as_slice())
    }

    /// Returns the first value of a header, if it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values(name).next().and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Reads the next request of a connection. `buffer` holds what was read beyond the one before.
    pub(super) async fn read(
        stream: &mut (impl AsyncRead + Unpin),
        buffer: &mut Vec<u8>,
    ) -> Result<Self, Unreadable> {
        let end = loop {
            if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            if buffer.len() > HEAD_LIMIT || stream.read_buf(buffer).await? == 0 {
                return Err(Unreadable::Closed);
            }
        };
        let head: Vec<u8> = buffer.drain(..end + 4).take(end).collect();
        let mut request = Self::parse(&head).ok_or(Unreadable::Closed)?;
        let length = match request.text("content-length").map(str::parse) {
            Some(Ok(length)) => length,
            None if request.may_be_bodyless() => 0,
            Some(Err(_)) | None => return Err(Unreadable::LengthRequired),
        };
        if length > BODY_LIMIT {
            return Err(Unreadable::TooLarge);
        }
        while buffer.len() < length {
            if stream.read_buf(buffer).await? == 0 {
                return Err(Unreadable::Closed);
            }
        }
        request.body = buffer.drain(..length).collect();
        Ok(request)
    }

    /// Returns whether a request without `content-length` is one without a body.
    fn may_be_bodyless(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD" | "DELETE")
            && self.values("transfer-encoding").next().is_none()
    }

    fn parse(head: &[u8]) -> Option<Self> {
        let mut lines =
            head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let mut start = std::str::from_utf8(lines.next()?).ok()?.split(' ');
        let (method, target) = (start.next()?.to_owned(), start.next()?.to_owned());
        let header = |line: &[u8]| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (name, value) = line.split_at_checked(colon)?;
            let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
            Some((name, value.get(1..)?.trim_ascii().to_vec()))
        };
        let headers = lines.map(header).collect::<Option<_>>()?;
        Some(Self { method, target, headers, body: Vec::new() })
    }
}
