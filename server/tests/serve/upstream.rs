//! A deployment over TLS that answers by the end of the path: at a pace, in part, too much, never.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use emulator::deployment::{Authority, Certificate, OCID};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

const EVENTS: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const JSON: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n";
/// The longest that any test waits for anything.
const PATIENCE: Duration = Duration::from_secs(60);
/// How large the answer of `flood` is, in bytes.
pub(crate) const FLOOD: usize = 100 * 1024 * 1024;

/// What came of the connections.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// When each event of `ticks` was written.
    pub(crate) written: Mutex<Vec<Instant>>,
    /// When connections ended in the middle of an answer.
    closed: Mutex<Vec<Instant>>,
    /// How many requests came.
    received: AtomicUsize,
    changed: Notify,
}

/// A running deployment.
#[derive(Debug)]
pub(crate) struct Upstream {
    port: u16,
    pub(crate) seen: Arc<Seen>,
}

impl Upstream {
    pub(crate) async fn start(authority: &Authority) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = TlsAcceptor::from(authority.server_config(Certificate::Valid));
        let seen = Arc::<Seen>::default();
        let own = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, seen) = (acceptor.clone(), own.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, &seen).await;
                    }
                });
            }
        });
        Self { port, seen }
    }

    pub(crate) fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// Its base URL.
    pub(crate) fn url(&self) -> String {
        format!("https://{}/{OCID}", self.host())
    }

    /// Waits until so many requests have come.
    pub(crate) async fn received(&self, count: usize) {
        let received = async {
            loop {
                let changed = self.seen.changed.notified();
                if self.seen.received.load(Ordering::SeqCst) >= count {
                    return;
                }
                changed.await;
            }
        };
        timeout(PATIENCE, received).await.expect("the requests came in time");
    }

    /// Waits until so many connections have ended in the middle of an answer, and says when.
    pub(crate) async fn closed(&self, count: usize) -> Instant {
        let closed = async {
            loop {
                let changed = self.seen.changed.notified();
                if let Some(at) = self.seen.closed.lock().unwrap().get(count - 1) {
                    return *at;
                }
                changed.await;
            }
        };
        timeout(PATIENCE, closed).await.expect("the connections ended in time")
    }
}

/// Answers requests, one after another.
async fn serve(mut stream: TlsStream<TcpStream>, seen: &Seen) {
    while let Some(head) = head(&mut stream).await {
        seen.received.fetch_add(1, Ordering::SeqCst);
        seen.changed.notify_waiters();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let (mut reader, mut writer) = split(stream);
        let closed = async { reader.read(&mut [0; 1]).await };
        // Of a client that is gone either may tell: a write that fails, or the end of what it sends.
        let answered = tokio::select! {
            answered = answer(&path, &head, &mut writer, seen) => answered,
            _closed = closed => None,
        };
        if answered.is_none() {
            seen.closed.lock().unwrap().push(Instant::now());
            seen.changed.notify_waiters();
            return;
        }
        stream = reader.unsplit(writer);
    }
}

/// The head of a request whose body is read; None at the end.
async fn head(stream: &mut TlsStream<TcpStream>) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    Some(head)
}

/// Writes the answer; None if the connection ends with it.
async fn answer(
    path: &str,
    head: &str,
    stream: &mut (impl AsyncWriteExt + Unpin),
    seen: &Seen,
) -> Option<()> {
    let event = |number: usize| chunk(&format!("data: {{\"n\": {number}}}\n\n"));
    match path.rsplit('/').next()? {
        "ticks" => {
            write(stream, EVENTS).await?;
            for number in 0..10 {
                seen.written.lock().unwrap().push(Instant::now());
                write(stream, &event(number)).await?;
                sleep(Duration::from_millis(100)).await;
            }
            write(stream, "0\r\n\r\n").await
        }
        endless @ ("endless" | "slow") => {
            let pause = Duration::from_millis(if endless == "slow" { 1000 } else { 20 });
            write(stream, EVENTS).await?;
            for number in 0.. {
                write(stream, &event(number)).await?;
                sleep(pause).await;
            }
            None
        }
        "quiet" => {
            write(stream, &format!("{EVENTS}{}", event(0))).await?;
            sleep(Duration::from_secs(16)).await;
            write(stream, &format!("{}0\r\n\r\n", event(1))).await
        }
        "partial" => {
            write(stream, &format!("{EVENTS}{}", chunk("data: {\"n\""))).await?;
            sleep(Duration::from_secs(16)).await;
            write(stream, &format!("{}0\r\n\r\n", chunk(": 0}\n\n"))).await
        }
        "broken-events" => {
            write(stream, &format!("{EVENTS}{}{}", event(0), chunk("data: {\"n\""))).await?;
            None
        }
        "broken-json" => {
            write(stream, &format!("{JSON}\r\n{}", chunk("{\"a\": "))).await?;
            None
        }
        "short" => {
            write(stream, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"a\": ").await?;
            None
        }
        "failed" => {
            let end = "0\r\nStreamFailure: the model died\r\n\r\n";
            let start = format!("{JSON}trailer: StreamFailure\r\n\r\n{}", chunk("{\"a\": 1}"));
            write(stream, &format!("{start}{end}")).await
        }
        "flood" => {
            write(stream, &format!("HTTP/1.1 200 OK\r\ncontent-length: {FLOOD}\r\n\r\n")).await?;
            let piece = "x".repeat(64 * 1024);
            for _ in 0..FLOOD / piece.len() {
                write(stream, &piece).await?;
            }
            Some(())
        }
        "silent" => {
            sleep(Duration::from_secs(600)).await;
            None
        }
        "error" => {
            let body = json!({ "code": "Own", "message": "the model's own" }).to_string();
            let length = body.len();
            write(stream, &format!("HTTP/1.1 422 X\r\ncontent-length: {length}\r\n\r\n{body}"))
                .await
        }
        // What came, and an id for a session.
        _ => {
            let body = json!(head).to_string();
            let length = body.len();
            let head = "HTTP/1.1 200 OK\r\nmcp-session-id: s-1\r\nset-cookie: a=b\r\n\
                        content-type: application/json\r\n";
            write(stream, &format!("{head}content-length: {length}\r\n\r\n{body}")).await
        }
    }
}

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

async fn write(stream: &mut (impl AsyncWriteExt + Unpin), text: &str) -> Option<()> {
    stream.write_all(text.as_bytes()).await.ok()?;
    stream.flush().await.ok()
}
