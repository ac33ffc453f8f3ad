//! What is no plain HTTP/1.1 is refused with its status and one line, and others do not notice.

use crate::client::{Client, exchange, request, status};
use crate::server::Setup;

const SECRET: &str = "marked-as-secret";

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_has_its_status_and_its_line_and_other_streams_go_on() {
    let setup = Setup::new().await;
    let server = setup.start().await;
    let url = setup.upstream.url();
    let mut other = Client::connect(&server.address).await;
    other.send(request(&url, "endless", "", "{}")).await;
    other.read_until("\"n\": 0").await;
    let good = request(&url, "echo", "", "{}");
    let chunked = good.replace("content-length: 2", "transfer-encoding: chunked");
    let close = "connection: close\r\n\r\n";
    for (fault, expected) in [
        (good.replace("content-length", "transfer-encoding: chunked\r\ncontent-length"), 400),
        (chunked.replace("transfer-", "content-length: 2\r\ntransfer-"), 400),
        (good.replace("content-length", "content-length: 2\r\ncontent-length"), 400),
        (good.replace("content-length", "content-length: 3\r\ncontent-length"), 400),
        (good.replace("content-length: 2", "content-length: +2"), 400),
        (good.replace("content-length: 2", "content-length: 99999999999999999999999"), 400),
        (
            good.replace("content-type: application/json\r\n", "content-type: application/json\n"),
            400,
        ),
        (good.replace("host: server\r\n", "host: server\r\n folded: x\r\n"), 400),
        (good.replace("host: server\r\n", "host : server\r\n"), 400),
        (good.replace("host: server\r\n", "host: server\r\nx\u{0}y: z\r\n"), 400),
        (good.replace("host: server\r\n", ""), 400),
        (good.replace("host: server\r\n", "host: server\r\nhost: b\r\n"), 400),
        (good.replace("host: server\r\n", "host: server\r\nupgrade: websocket\r\n"), 501),
        (good.replace("POST /m/", "POST http://server/m/"), 400),
        (good.replace("HTTP/1.1", "HTTP/1.0"), 505),
        (good.replace("HTTP/1.1", "HTTP/2.0"), 400),
        (format!("CONNECT server:443 HTTP/1.1\r\nhost: server:443\r\n{close}"), 405),
        (format!("OPTIONS * HTTP/1.1\r\nhost: server\r\n{close}"), 400),
        ("GET /\r\n\r\n".to_owned(), 400),
        ("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}\r\n\r\n".to_owned(), 400),
        (format!("{chunked}fffffffffffffffff\r\n{{}}\r\n0\r\n\r\n"), 400),
        (format!("{chunked}zz\r\n{{}}\r\n0\r\n\r\n"), 400),
        (format!("{chunked}2\n{{}}\n0\n\n"), 400),
        (
            good.replace("transfer", "x").replace("content-length: 2", "transfer-encoding: gzip"),
            400,
        ),
        (good.replace("host: server", &format!("x: {}\r\nhost: server", "y".repeat(100_000))), 431),
    ] {
        let before = server.lines().len();
        let answer = exchange(&server.address, &fault).await;
        assert_eq!(status(&answer), expected, "{fault:?}: {answer}");
        let line = server.line_behind(before).await;
        assert_eq!(line["status"], expected, "{fault:?}: {line}");
    }
    // HTTP/2 from the first byte on has no answer here.
    exchange(&server.address, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    let next = format!("\"n\": {}}}", other.text().matches("data: ").count());
    other.read_until(&next).await;
    assert_eq!(status(&exchange(&server.address, good).await), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_behind_one_another_are_each_looked_at() {
    let setup = Setup::new().await;
    let server = setup.start().await;
    let good =
        request(&setup.upstream.url(), "echo", "", "{}").replace("connection: close\r\n", "");
    let smuggled = good.replace("content-length", "content-length: 2\r\ncontent-length");
    let answer = exchange(&server.address, format!("{good}{smuggled}{good}")).await;
    let statuses = ["HTTP/1.1 200", "HTTP/1.1 400"].map(|status| answer.matches(status).count());
    assert!(statuses[0] < 2 && statuses[1] == 1, "{statuses:?}: {answer}");
    // Behind a body in chunks nothing is taken.
    let chunked = good.replace("content-length: 2", "transfer-encoding: chunked");
    let chunked = chunked.trim_end_matches("{}").to_owned() + "2\r\n{}\r\n0\r\n\r\n";
    let answer = exchange(&server.address, format!("{chunked}{good}")).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_and_no_body_is_in_the_log() {
    let setup = Setup::new().await.with("LOG_LEVEL", "debug");
    let server = setup.start().await;
    let url = setup.upstream.url();
    let secrets = format!(
        "authorization: Bearer {SECRET}\r\ncookie: {SECRET}\r\nx-gateway-secret: {SECRET}\r\n\
         mcp-session-id: {SECRET}\r\n"
    );
    let body = format!("{{\"a\": \"{SECRET}\"}}");
    for path in ["echo", "ticks", "broken-events", "broken-json", "short", "failed", "error"] {
        exchange(&server.address, request(&url, path, &secrets, &body)).await;
    }
    exchange(&server.address, request(&url, "echo", &secrets, SECRET)).await;
    exchange(&server.address, request(SECRET, "echo", &secrets, &body)).await;
    exchange(&server.address, request(&url, SECRET, &secrets, &body)).await;
    exchange(&server.address, format!("{SECRET} {SECRET}\r\n{SECRET}\r\n\r\n")).await;
    server.signal("INT").await;
    let (_, log) = server.ended().await;
    let leaks: Vec<&str> =
        log.lines().filter(|line| line.contains(SECRET) && !line.contains("/predict/")).collect();
    assert!(leaks.is_empty(), "{leaks:?}");
    assert!(log.lines().count() > 10, "{log}");
}
