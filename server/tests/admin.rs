//! The operator's port.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::StatusCode;
use model_deployment_server::admin::{self, Health};
use model_deployment_server::metrics::Metrics;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{self, timeout};

#[derive(Default)]
struct State {
    is_draining: AtomicBool,
    lacks_credentials: AtomicBool,
    hangs: AtomicBool,
    /// For longer than a probe waits, once.
    is_slow: AtomicBool,
}

impl Health for State {
    fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::SeqCst)
    }

    async fn has_credentials(&self) -> bool {
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.is_slow.load(Ordering::SeqCst) {
            time::sleep(Duration::from_secs(5)).await;
            self.is_slow.store(false, Ordering::SeqCst);
        }
        !self.lacks_credentials.load(Ordering::SeqCst)
    }
}

struct Port {
    address: SocketAddr,
    state: Arc<State>,
    metrics: Arc<Metrics>,
    _server: JoinSet<()>,
}

impl Port {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (state, metrics) = (Arc::<State>::default(), Arc::new(Metrics::new()));
        let mut server = JoinSet::new();
        server.spawn(admin::serve(listener, state.clone(), metrics.clone()));
        Self { address, state, metrics, _server: server }
    }

    /// What a request is answered with, head and body.
    async fn ask(&self, method: &str, path: &str) -> (StatusCode, String, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_owned(), body.to_owned())
    }

    async fn ready(&self) -> (u16, Value) {
        let (status, head, body) = self.ask("GET", "/readyz").await;
        assert!(head.contains("content-type: application/json"), "{head}");
        (status.as_u16(), serde_json::from_str(&body).unwrap())
    }
}

fn state(status: &str, has_credentials: bool, is_draining: bool) -> Value {
    json!({
        "status": status,
        "version": env!("CARGO_PKG_VERSION"),
        "has_credentials": has_credentials,
        "is_draining": is_draining,
    })
}

#[tokio::test]
async fn it_lives_whatever_it_lacks() {
    let port = Port::open().await;
    port.state.is_draining.store(true, Ordering::SeqCst);
    port.state.lacks_credentials.store(true, Ordering::SeqCst);
    let (status, head, body) = port.ask("GET", "/livez").await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, r#"{"status":"ok"}"#));
    assert!(head.contains("cache-control: no-store"), "{head}");
    let (status, head, body) = port.ask("HEAD", "/livez").await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, ""));
    assert!(head.contains("content-length: 15"), "{head}");
}

#[tokio::test]
async fn it_is_ready_with_credentials_until_it_drains() {
    let port = Port::open().await;
    assert_eq!(port.ready().await, (200, state("ok", true, false)));
    port.state.lacks_credentials.store(true, Ordering::SeqCst);
    assert_eq!(port.ready().await, (503, state("unavailable", false, false)));
    port.state.lacks_credentials.store(false, Ordering::SeqCst);
    port.state.is_draining.store(true, Ordering::SeqCst);
    assert_eq!(port.ready().await, (503, state("unavailable", true, true)));
}

#[tokio::test]
async fn credentials_that_a_probe_would_wait_for_are_none() {
    let port = Port::open().await;
    port.state.hangs.store(true, Ordering::SeqCst);
    assert_eq!(port.ready().await, (503, state("unavailable", false, false)));
}

#[tokio::test]
async fn credentials_that_take_longer_than_a_probe_are_there_for_a_later_one() {
    let port = Port::open().await;
    port.state.is_slow.store(true, Ordering::SeqCst);
    assert_eq!(port.ready().await, (503, state("unavailable", false, false)));
    let mut later = port.ready().await;
    for _ in 0..20 {
        if later.0 == 503 {
            later = port.ready().await;
        }
    }
    assert_eq!(later, (200, state("ok", true, false)));
}

#[tokio::test]
async fn prometheus_reads_what_was_counted() {
    let port = Port::open().await;
    port.metrics.refused("NotAuthenticated");
    let (status, head, body) = port.ask("GET", "/metrics").await;
    assert_eq!(status, StatusCode::OK);
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    assert!(
        body.contains("model_deployment_refusals_total{code=\"NotAuthenticated\"} 1\n"),
        "{body}"
    );
}

#[tokio::test]
async fn nothing_else_is_there() {
    let port = Port::open().await;
    for path in
        ["/", "/healthz", "/livez/", "/livez/x", "/LIVEZ", "//livez", "/predict", "/metrics/..%2f"]
    {
        assert_eq!(port.ask("GET", path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
        let (status, head, _) = port.ask(method, "/metrics").await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert!(head.contains("allow: GET, HEAD"), "{head}");
    }
    assert_eq!(port.ask("GET", "/livez?verbose").await.0, StatusCode::OK);
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_and_those_that_say_nothing_are_closed() {
    let port = Port::open().await;
    let mut silent = Vec::new();
    for _ in 0..64 {
        let mut stream = TcpStream::connect(port.address).await.unwrap();
        stream.write_all(b"GET /livez HTTP/1.1\r\nhost:").await.unwrap();
        silent.push(stream);
    }
    // Sockets are taken in order: all 64 have their turn before this one.
    let mut waiting = TcpStream::connect(port.address).await.unwrap();
    waiting
        .write_all(b"GET /livez HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    let early = timeout(Duration::from_millis(200), waiting.read_to_string(&mut answer)).await;
    assert!(early.is_err(), "{answer}");
    // With all of them silent the clock goes on by itself to the end of their time.
    time::pause();
    waiting.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    for mut stream in silent {
        let mut rest = Vec::new();
        drop(stream.read_to_end(&mut rest).await);
    }
}

#[tokio::test]
async fn a_head_that_is_too_long_or_no_http_harms_nobody() {
    let port = Port::open().await;
    for noise in [
        format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(100_000)),
        "\u{16}\u{3}\u{1}".to_owned(),
        "no http\r\n\r\n".to_owned(),
    ] {
        let mut stream = TcpStream::connect(port.address).await.unwrap();
        // It may be closed before all is written.
        drop(stream.write_all(noise.as_bytes()).await);
        drop(stream.shutdown().await);
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer).await);
        assert!(!answer.starts_with(b"HTTP/1.1 2"), "{answer:?}");
    }
    assert_eq!(port.ask("GET", "/livez").await.0, StatusCode::OK);
}
