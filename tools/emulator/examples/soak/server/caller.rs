//! A client: it makes one call after another, and says what was wrong with each answer.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fastrand::Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::deployment::Deployment;
use super::kind::{Kind, Manner, Seen};
use crate::secrets::SECRET;

/// The longest that a call may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// What all callers know.
pub(crate) struct World {
    pub(crate) address: std::net::SocketAddr,
    pub(crate) connector: TlsConnector,
    pub(crate) deployment: Deployment,
    pub(crate) secret: Mutex<String>,
    pub(crate) calls: AtomicU64,
}

/// A call that was made.
pub(crate) struct Made {
    pub(crate) kind: &'static Kind,
    pub(crate) took: Duration,
    pub(crate) wrong: Option<String>,
}

/// An answer, as far as it came.
struct Answer {
    status: Option<u16>,
    body: Vec<u8>,
    is_whole: bool,
    /// Whether the connection takes another request.
    is_kept: bool,
}

pub(crate) struct Caller {
    world: Arc<World>,
    rng: Rng,
    connection: Option<TlsStream<TcpStream>>,
}

impl World {
    pub(crate) async fn connect(&self) -> io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        self.connector.connect("localhost".try_into().unwrap(), stream).await
    }
}

impl Caller {
    pub(crate) fn new(world: Arc<World>, rng: Rng) -> Self {
        Self { world, rng, connection: None }
    }

    /// Calls until then.
    pub(crate) async fn run(mut self, until: Instant) -> Vec<Made> {
        let mut made = Vec::new();
        while Instant::now() < until {
            let call = self.world.calls.fetch_add(1, Ordering::Relaxed);
            let (kind, start) = (Kind::random(&mut self.rng), Instant::now());
            let result = timeout(PATIENCE, self.call(kind, call)).await;
            let wrong = match result {
                Ok(Ok(answer)) => answer.and_then(|answer| answer.compare(kind.seen, call).err()),
                Ok(Err(error)) => Some(error.to_string()),
                Err(_elapsed) => Some("it did not end".to_owned()),
            };
            let wrong = wrong.map(|why| format!("call {call}, {}: {why}", kind.name));
            made.push(Made { kind, took: start.elapsed(), wrong });
        }
        made
    }

    /// Makes a call; None if the client did not stay.
    async fn call(&mut self, kind: &Kind, call: u64) -> io::Result<Option<Answer>> {
        // Half of all calls come over a connection of their own.
        let kept = self.connection.take().filter(|_| self.rng.bool());
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.world.connect().await?,
        };
        let request = self.request(kind, call);
        match kind.manner {
            Manner::Drips => {
                for piece in request.chunks(request.len().div_ceil(20)) {
                    write(&mut connection, piece).await?;
                    sleep(Duration::from_millis(20)).await;
                }
            }
            Manner::LeavesSending => {
                let rest = self.rng.usize(1..20);
                write(&mut connection, request.get(..request.len() - rest).unwrap()).await?;
                return Ok(None);
            }
            Manner::LeavesWaiting => {
                write(&mut connection, &request).await?;
                self.world.deployment.holds(call).await;
                return Ok(None);
            }
            _ => write(&mut connection, &request).await?,
        }
        if kind.manner == Manner::LeavesReading {
            let mut came = Vec::new();
            while !contains(&came, b"\"n\": 3}") {
                if connection.read_buf(&mut came).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            return Ok(None);
        }
        let answer = Answer::read(&mut connection).await?;
        if answer.is_kept {
            self.connection = Some(connection);
        }
        Ok(Some(answer))
    }

    fn request(&mut self, kind: &Kind, call: u64) -> Vec<u8> {
        let size = self.rng.usize(..if kind.manner == Manner::Large { 300 * 1024 } else { 1500 });
        let body = format!("{{\"call\": {call}, \"{SECRET}\": \"{}\"}}", "x".repeat(size));
        let secret = match kind.manner {
            Manner::Unknown => format!("{SECRET}-unknown"),
            _ => self.world.secret.lock().unwrap().clone(),
        };
        format!(
            "POST /soak/{} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nmodel_deployment: {}\r\n\
             x-gateway-secret: {secret}\r\nauthorization: Bearer {SECRET}\r\ncontent-length: {}\r\n\r\n{body}",
            kind.path,
            self.world.deployment.url(),
            body.len()
        )
        .into_bytes()
    }
}

impl Answer {
    /// Reads an answer to its end, or to that of the connection.
    async fn read(connection: &mut TlsStream<TcpStream>) -> io::Result<Self> {
        let mut came = Vec::new();
        loop {
            let is_over = connection.read_buf(&mut came).await.unwrap_or_default() == 0;
            let answer = Self::parse(&came);
            if is_over || answer.is_whole {
                return Ok(answer);
            }
        }
    }

    /// What has come of an answer.
    fn parse(came: &[u8]) -> Self {
        let nothing = Self { status: None, body: Vec::new(), is_whole: false, is_kept: false };
        let Some(end) = came.windows(4).position(|window| window == b"\r\n\r\n") else {
            return nothing;
        };
        let (head, rest) = came.split_at(end + 4);
        let head = String::from_utf8_lossy(head).to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let (body, is_whole) = match length {
            Some(length) => (rest.to_vec(), Some(rest.len()) == length.parse().ok()),
            None => joined(rest),
        };
        let is_kept = is_whole && !head.contains("\r\nconnection: close");
        Self { status, body, is_whole, is_kept }
    }

    fn compare(&self, expected: Seen, call: u64) -> Result<(), String> {
        let is_right = match expected {
            Seen::Whole(status, text) => {
                let text = text.replace("{call}", &call.to_string());
                self.is_whole
                    && self.status == Some(status)
                    && contains(&self.body, text.as_bytes())
            }
            Seen::Broken => !self.is_whole,
            Seen::Nothing => false,
        };
        if is_right {
            return Ok(());
        }
        let shown = self.body.get(..self.body.len().min(120)).unwrap_or_default();
        let (status, shown) = (self.status, String::from_utf8_lossy(shown));
        Err(format!("{status:?}, whole: {}, {shown}; expected {expected:?}", self.is_whole))
    }
}

/// What is in chunks, and whether the last one has come.
fn joined(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let (size, after) = rest.split_at(end);
        let size = std::str::from_utf8(size).ok();
        let size = size.and_then(|size| usize::from_str_radix(size, 16).ok());
        let (Some(size), Some(after)) = (size, after.get(2..)) else { break };
        let (Some(data), Some(next)) = (after.get(..size), after.get(size + 2..)) else { break };
        if size == 0 {
            return (body, true);
        }
        body.extend_from_slice(data);
        rest = next;
    }
    (body, false)
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

async fn write(connection: &mut TlsStream<TcpStream>, bytes: &[u8]) -> io::Result<()> {
    connection.write_all(bytes).await?;
    connection.flush().await
}
