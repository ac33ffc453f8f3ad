//! A server on hyper, and clients that do not play by the rules.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::time::Duration;

use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use strict_http1::{Bounds, Strict};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::Instant;

/// Serves a connection: the answer to each request has so many bytes, and may be written for so long.
async fn serve(
    stream: DuplexStream,
    bytes: usize,
    answer_time: Option<Duration>,
) -> hyper::Result<()> {
    let (stream, guard) = Strict::new(stream, Bounds::default());
    let service = service_fn(|request: Request<Incoming>| {
        if let Some(time) = answer_time {
            guard.set_deadline(Instant::now() + time);
        }
        let mut response = Response::new("x".repeat(bytes));
        if let Err(fault) = guard.check(&request.into_parts().0) {
            *response.status_mut() = fault.status();
        }
        if guard.is_last() {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        async { Ok::<_, Infallible>(response) }
    });
    let mut http = http1::Builder::new();
    http.half_close(true).serve_connection(TokioIo::new(stream), service).await
}

/// The statuses of what a client gets for these bytes, after which it says no more.
async fn statuses(sent: &str) -> Vec<StatusCode> {
    let (mut client, server) = duplex(128 * 1024);
    client.write_all(sent.as_bytes()).await.unwrap();
    client.shutdown().await.unwrap();
    let mut answers = String::new();
    let (_served, read) = tokio::join!(serve(server, 1, None), client.read_to_string(&mut answers));
    read.unwrap();
    let statuses = answers.split("HTTP/1.").skip(1);
    statuses.map(|answer| answer.split(' ').nth(1).unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn each_request_of_a_connection_is_looked_at() {
    let good = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}";
    assert_eq!(statuses(&good.repeat(3)).await, [200, 200, 200]);
    for bad in [
        good.replace("host: a\r\n", "host: a\n"),
        good.replace("content-length", "content-length: 2\r\ncontent-length"),
        good.replace("content-length", "transfer-encoding: chunked\r\ncontent-length"),
    ] {
        let given = statuses(&format!("{good}{bad}{good}")).await;
        assert_eq!(given.last().unwrap(), &400, "{bad}: {given:?}");
        assert!(given.len() <= 2, "{bad}: {given:?}");
    }
    for (bad, status) in [
        (good.replace("host: a\r\n", ""), 400),
        (good.replace("host: a\r\n", "host: a\r\nhost: b\r\n"), 400),
        (good.replace("host: a\r\n", "host: a\r\nupgrade: websocket\r\n"), 501),
        (good.replace("POST /", "POST http://a/"), 400),
        (good.replace("HTTP/1.1", "HTTP/1.0"), 505),
        ("CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\nconnection: close\r\n\r\n".to_owned(), 405),
    ] {
        let text = statuses(&bad).await;
        assert_eq!(text, [status], "{bad}");
    }
}

#[tokio::test]
async fn a_head_with_a_line_that_nobody_looked_at_is_refused() {
    let long = "y".repeat(70_000);
    let both = "content-length: 4\r\ntransfer-encoding: chunked";
    let bad = format!("POST / HTTP/1.1\r\nhost: a\r\nx: {long}\r\n{both}\r\n\r\n0\r\n\r\n");
    assert_eq!(statuses(&bad).await, [431]);
}

#[tokio::test]
async fn nothing_is_taken_behind_a_body_in_chunks() {
    let chunked = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(statuses(&chunked.repeat(2)).await, [200]);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_takes_too_long_ends_the_connection() {
    let (mut client, server) = duplex(1024);
    let begin = Instant::now();
    client.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
    assert!(serve(server, 1, None).await.is_err());
    assert_eq!(begin.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_ends_it_and_so_does_the_deadline_of_an_answer() {
    for (answer_time, expected) in
        [(None, 60), (Some(Duration::from_secs(7)), 7), (Some(Duration::from_secs(300)), 60)]
    {
        let (mut client, server) = duplex(128);
        let begin = Instant::now();
        client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        assert!(serve(server, 100_000, answer_time).await.is_err());
        assert_eq!(begin.elapsed().as_secs(), expected);
    }
}
