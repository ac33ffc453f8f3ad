//! The callers' side: calls over a socket, as the agent of a function makes them, or over a port, as a gateway does; one after
//! another or at once.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// What a body of JSON is made of.
#[derive(Clone, Copy, Debug)]
pub enum Json {
    /// One text, as an image in base64 is.
    Text,
    /// Numbers of 17 digits, as an embedding has.
    Floats,
    /// Short numbers in short rows: more syntax to check than anything else.
    Rows,
}

/// Returns a call as `fn invoke` makes it, with a body of this many bytes.
pub fn request(json: Json, size: usize) -> Vec<u8> {
    with_head("content-type: application/json\r\n", &body(json, size))
}

/// The same with the header that names the deployment.
pub fn named_request(deployment: &str, size: usize) -> Vec<u8> {
    let head = format!("content-type: application/json\r\nmodel_deployment: {deployment}\r\n");
    with_head(&head, &body(Json::Rows, size))
}

/// The same as API Gateway makes it, with twenty headers of a client.
pub fn gateway_request(size: usize) -> Vec<u8> {
    let mut head = String::from(
        "fn-intent: httprequest\r\nfn-call-id: 01M0XZ\r\nfn-http-method: POST\r\nfn-http-request-url: /iris\r\nfn-http-h-content-type: application/json\r\n",
    );
    head.extend((0..20).map(|number| format!("fn-http-h-x-header-{number}: 0123456789abcdef\r\n")));
    with_head(&head, &body(Json::Rows, size))
}

/// A call as API Gateway makes it of a server, with the headers that its route sets.
pub fn server_request(path: &str, head: &str, size: usize) -> Vec<u8> {
    let head = format!("content-type: application/json\r\n{head}");
    post(path, &head, &body(Json::Rows, size))
}

fn with_head(head: &str, body: &str) -> Vec<u8> {
    post("/call", head, body)
}

fn post(path: &str, head: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n{head}\r\n{body}"
    )
    .into_bytes()
}

fn body(json: Json, size: usize) -> String {
    let (start, piece, end) = match json {
        Json::Text => ("{\"image\":\"", "QUJDREVGR0hJSktM", "\"}"),
        Json::Floats => ("{\"data\":[0", ",0.12345678901234567", "]}"),
        Json::Rows => ("{\"data\":[[]", ",[6.3,3.3,6.0,2.5]", "]}"),
    };
    let room = size - start.len() - end.len();
    let (pieces, rest) = (room / piece.len(), room % piece.len());
    format!("{start}{}{end}{}", piece.repeat(pieces), " ".repeat(rest))
}

/// One connection of a caller.
#[derive(Debug)]
pub struct Connection<S> {
    stream: S,
    answer: Vec<u8>,
}

impl Connection<UnixStream> {
    /// Connects as soon as there is something to connect to.
    pub fn open(socket: &Path) -> Self {
        let stream = patiently(|| UnixStream::connect(socket));
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self::over(stream)
    }
}

impl Connection<TcpStream> {
    /// Connects as soon as there is something to connect to.
    pub fn dial(address: SocketAddr) -> Self {
        let stream = patiently(|| TcpStream::connect(address));
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self::over(stream)
    }
}

impl<S: Read + Write> Connection<S> {
    fn over(stream: S) -> Self {
        Self { stream, answer: vec![0; 64 * 1024] }
    }

    /// Returns one call, answered to its end; how long it took.
    pub fn call(&mut self, request: &[u8]) -> Duration {
        let start = Instant::now();
        self.stream.write_all(request).unwrap();
        let (mut length, mut whole) = (0, usize::MAX);
        while length < whole {
            length += self.read_after(length);
            whole = expected(&self.answer[..length]).unwrap_or(usize::MAX);
        }
        assert!(
            self.answer.starts_with(b"HTTP/1.1 200"),
            "{:?}",
            String::from_utf8_lossy(&self.answer[..length])
        );
        start.elapsed()
    }

    /// Reads more of an answer of which so much is there, and returns how much came.
    fn read_after(&mut self, length: usize) -> usize {
        let read = self.stream.read(&mut self.answer[length..]).unwrap();
        assert_ne!(read, 0, "closed after {:?}", String::from_utf8_lossy(&self.answer[..length]));
        read
    }

    /// Makes a call whose answer does not end, and returns when it has begun.
    pub fn begin(&mut self, request: &[u8]) {
        self.stream.write_all(request).unwrap();
        let mut length = 0;
        while !self.answer[..length].windows(6).any(|window| window == b"data: ") {
            length += self.read_after(length);
        }
    }
}

/// Returns what connects, once something listens.
fn patiently<S>(connect: impl Fn() -> io::Result<S>) -> S {
    let start = Instant::now();
    loop {
        match connect() {
            Ok(stream) => return stream,
            Err(_) if start.elapsed() < PATIENCE => thread::sleep(Duration::from_micros(20)),
            Err(error) => panic!("nothing listens: {error}"),
        }
    }
}

/// Returns the calls a second over this many connections at once.
pub fn rate<S: Read + Write>(
    open: impl Fn() -> Connection<S> + Sync,
    connections: usize,
    calls: usize,
    request: &[u8],
) -> f64 {
    let each = calls.div_ceil(connections);
    let ready = Barrier::new(connections + 1);
    let start = thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let mut connection = open();
                connection.call(request);
                ready.wait();
                for _ in 0..each {
                    connection.call(request);
                }
            });
        }
        ready.wait();
        Instant::now()
    });
    let calls = u32::try_from(each * connections).unwrap();
    f64::from(calls) / start.elapsed().as_secs_f64()
}

/// Returns the length of an answer, its head included, once the head has arrived.
fn expected(answer: &[u8]) -> Option<usize> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    Some(end + length.map_or(0, |length| length.trim().parse::<usize>().unwrap()))
}
