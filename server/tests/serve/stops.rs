//! Does the end come in order: no stream cut before its time, none that looks whole, and exit code 0?

use std::time::{Duration, Instant};

use tokio::net::{TcpSocket, TcpStream};
use tokio::time::sleep;

use crate::client::{Client, exchange, request, status};
use crate::server::{Server, Setup};

/// How many streams are open at SIGTERM.
const STREAMS: usize = 50;

/// `DRAIN_TIMEOUT` where it is waited for.
const DRAIN: Duration = Duration::from_secs(15);

async fn streaming(server: &Server, url: &str, path: &str) -> Client {
    let mut client = Client::connect(&server.address).await;
    client.send(request(url, path, "", "{}")).await;
    client.read_until("\"n\": 0").await;
    client
}

async fn ready(server: &Server) -> u16 {
    let probe = "GET /readyz HTTP/1.1\r\nhost: server\r\nconnection: close\r\n\r\n";
    status(&exchange(&server.admin, probe).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_gives_streams_their_time_and_then_ends_them_with_an_error() {
    let setup = Setup::new().await.with("DRAIN_TIMEOUT", "15").with("ADMIN_ADDRESS", "127.0.0.1:0");
    let server = setup.start().await;
    let url = setup.upstream.url();
    assert_eq!(ready(&server).await, 200);
    let mut endless = Vec::new();
    for _ in 0..STREAMS {
        endless.push(streaming(&server, &url, "slow").await);
    }
    let mut short = streaming(&server, &url, "ticks").await;
    let ordered = Instant::now();
    server.signal("TERM").await;
    server.line(|line| line["message"] == "stopping after SIGTERM").await;
    assert_eq!(ready(&server).await, 503);
    // Balancers need a while: who still comes is served.
    let late = exchange(&server.address, request(&url, "echo", "", "{}")).await;
    assert_eq!(status(&late), 200);
    assert!(short.read_to_end().await.ends_with("\r\n0\r\n\r\n"));
    // Its port is free long before the streams are ended. Then nobody else can have it.
    let silent = TcpSocket::new_v4().unwrap();
    silent.set_reuseaddr(true).unwrap();
    while silent.bind(server.address.parse().unwrap()).is_err() {
        assert!(ordered.elapsed() < DRAIN, "it takes connections");
        sleep(Duration::from_millis(50)).await;
    }
    assert!(TcpStream::connect(&server.address).await.is_err(), "it takes connections");
    for client in &mut endless {
        let whole = client.read_to_end().await;
        let least = DRAIN.saturating_sub(Duration::from_millis(100));
        assert!(ordered.elapsed() >= least, "{:?}", ordered.elapsed());
        assert!(whole.contains("event: error") && whole.contains("ServerStopping"), "{whole}");
    }
    let (code, log) = server.ended().await;
    assert!(code.success() && ordered.elapsed() < Duration::from_secs(40), "{code} {log}");
    assert_eq!(log.matches("ServerStopping").count(), STREAMS, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_streams_it_ends_as_soon_as_no_connection_is_taken() {
    let setup = Setup::new().await;
    let server = setup.start().await;
    let idle = Client::connect(&server.address).await;
    let ordered = Instant::now();
    server.signal("TERM").await;
    let (code, log) = server.ended().await;
    assert!(code.success() && (4..8).contains(&ordered.elapsed().as_secs()), "{code} {log}");
    drop(idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigint_and_a_second_signal_end_at_once_and_calls_without_an_answer_are_told() {
    let setup = Setup::new().await;
    for (signals, requests) in [(&["INT"][..], 2), (&["TERM", "INT"], 4)] {
        let server = setup.start().await;
        let url = setup.upstream.url();
        let mut stream = streaming(&server, &url, "endless").await;
        let mut silent = Client::connect(&server.address).await;
        silent.send(request(&url, "silent", "", "{}")).await;
        setup.upstream.received(requests).await;
        let ordered = Instant::now();
        for signal in signals {
            server.signal(signal).await;
            server.line(|line| line["message"].as_str().unwrap().starts_with("stopping")).await;
        }
        let (whole, silent) = (stream.read_to_end().await, silent.read_to_end().await);
        assert!(whole.contains("event: error") && whole.contains("ServerStopping"), "{whole}");
        assert!(status(&silent) == 503 && silent.contains("ServerStopping"), "{silent}");
        assert!(silent.contains("retry-after: 1\r\n"), "{silent}");
        let (code, log) = server.ended().await;
        assert!(code.success() && ordered.elapsed() < Duration::from_secs(4), "{code} {log}");
        assert_eq!(log.matches("ServerStopping").count(), 2, "{log}");
    }
}
