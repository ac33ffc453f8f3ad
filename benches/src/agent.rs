//! The agent's side: calls over the socket, one after another or at once.

use std::io::{Read, Write};
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

/// A call as `fn invoke` makes it, with a body of so many bytes.
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

fn with_head(head: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST /call HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n{head}\r\n{body}"
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

/// One connection of the agent.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    answer: Vec<u8>,
}

impl Connection {
    /// Connects as soon as there is something to connect to.
    pub fn open(socket: &Path) -> Self {
        let start = Instant::now();
        let stream = loop {
            match UnixStream::connect(socket) {
                Ok(stream) => break stream,
                Err(_) if start.elapsed() < PATIENCE => thread::sleep(Duration::from_micros(20)),
                Err(error) => panic!("nothing listens: {error}"),
            }
        };
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream, answer: vec![0; 64 * 1024] }
    }

    /// One call, answered to its end; how long it took.
    pub fn call(&mut self, request: &[u8]) -> Duration {
        let start = Instant::now();
        self.stream.write_all(request).unwrap();
        let (mut length, mut whole) = (0, usize::MAX);
        while length < whole {
            let read = self.stream.read(&mut self.answer[length..]).unwrap();
            assert_ne!(
                read,
                0,
                "closed after {:?}",
                String::from_utf8_lossy(&self.answer[..length])
            );
            length += read;
            whole = expected(&self.answer[..length]).unwrap_or(usize::MAX);
        }
        assert!(
            self.answer.starts_with(b"HTTP/1.1 200"),
            "{:?}",
            String::from_utf8_lossy(&self.answer[..length])
        );
        start.elapsed()
    }
}

/// Calls a second over so many connections at once.
pub fn rate(socket: &Path, connections: usize, calls: usize, request: &[u8]) -> f64 {
    let each = calls.div_ceil(connections);
    let ready = Barrier::new(connections + 1);
    let start = thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let mut connection = Connection::open(socket);
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

/// The length of an answer, its head included, once its head is there.
fn expected(answer: &[u8]) -> Option<usize> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    Some(end + length.map_or(0, |length| length.trim().parse::<usize>().unwrap()))
}
