//! One request of the agent, as bytes.

use std::time::Duration;

use emulator::agent::ids;
use emulator::clock;

/// The most that goes into one chunk, as the platform has it.
const CHUNK_BYTES: usize = 32 * 1024;
const PREFIX: &str = "Fn-Http-H-";

/// A request about to be sent: direct, unless [`Self::gateway`] makes it one of a gateway.
#[derive(Clone, Debug)]
pub(super) struct Call {
    headers: Vec<(String, Vec<u8>)>,
    gateway: bool,
    chunk: Option<usize>,
    pub(super) body: Vec<u8>,
}

impl Call {
    /// Creates a direct call without a body, with an id and 30 s of time.
    pub(super) fn new() -> Self {
        let headers = vec![
            ("Fn-Call-Id".to_owned(), ids::call_id(clock::now()).into_bytes()),
            (
                "Fn-Deadline".to_owned(),
                clock::rfc3339(clock::now() + Duration::from_secs(30)).into_bytes(),
            ),
        ];
        Self { headers, gateway: false, chunk: Some(CHUNK_BYTES), body: Vec::new() }
    }

    /// Returns a direct call with this body.
    pub(super) fn with(body: impl Into<Vec<u8>>) -> Self {
        Self::new().body(body)
    }

    /// Sends it through a gateway that was called with this method and URL.
    pub(super) fn gateway(self, method: &str, url: &str) -> Self {
        self.bare_gateway().header("Fn-Http-Method", method).header("Fn-Http-Request-Url", url)
    }

    /// Sends it through a gateway that names neither method nor URL.
    pub(super) fn bare_gateway(mut self) -> Self {
        self.gateway = true;
        self.header("Fn-Intent", "httprequest")
    }

    /// Adds a header line of the platform.
    pub(super) fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a header of the client, in the form in which this call carries them.
    pub(super) fn client(self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        if self.gateway {
            self.header(&format!("{PREFIX}{name}"), value)
        } else {
            self.header(name, value)
        }
    }

    /// Removes the headers of this name.
    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        self
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name))
    }

    pub(super) fn deadline(self, text: &str) -> Self {
        self.without("Fn-Deadline").header("Fn-Deadline", text)
    }

    pub(super) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends the body in chunks of at most this many bytes.
    pub(super) fn chunks(mut self, size: usize) -> Self {
        self.chunk = Some(size);
        self
    }

    /// Sends the body with its length.
    pub(super) fn sized(mut self) -> Self {
        self.chunk = None;
        self
    }

    /// Returns the call's id, if it has one.
    pub(super) fn id(&self) -> Option<String> {
        let id = self.headers.iter().find(|(name, _)| name == "Fn-Call-Id")?;
        Some(String::from_utf8_lossy(&id.1).into_owned())
    }

    /// Returns the head, with its empty line.
    pub(super) fn head(&self) -> Vec<u8> {
        let framing = match self.chunk {
            Some(_) if !self.body.is_empty() => "Transfer-Encoding: chunked".to_owned(),
            Some(_) | None => format!("Content-Length: {}", self.body.len()),
        };
        let agent = "Host: localhost\r\nUser-Agent: Go-http-client/1.1";
        let mut head = format!("POST /call HTTP/1.1\r\n{agent}\r\n{framing}\r\n").into_bytes();
        for (name, value) in &self.headers {
            head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        if !self.has("Accept-Encoding") {
            head.extend(b"Accept-Encoding: gzip\r\n");
        }
        head.extend(b"\r\n");
        head
    }

    /// Returns the body in its framing.
    pub(super) fn framed_body(&self) -> Vec<u8> {
        match self.chunk {
            Some(size) if !self.body.is_empty() => {
                let mut framed = Vec::with_capacity(self.body.len() * 2);
                for chunk in self.body.chunks(size) {
                    framed.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
                    framed.extend(chunk);
                    framed.extend(b"\r\n");
                }
                framed.extend(b"0\r\n\r\n");
                framed
            }
            Some(_) | None => self.body.clone(),
        }
    }

    /// Returns the whole request.
    pub(super) fn bytes(&self) -> Vec<u8> {
        [self.head(), self.framed_body()].concat()
    }
}
