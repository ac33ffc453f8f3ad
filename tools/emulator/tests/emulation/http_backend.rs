//! Does the gateway pass a server's answer through as it comes, and give it up as it says?

use std::sync::Arc;
use std::time::Duration;

use emulator::deployment::{Authority, Certificate};
use emulator::gateway::spec::Specification;
use emulator::gateway::{Exchange, Gateway, Setup};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;

const PATIENCE: Duration = Duration::from_secs(20);
const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

async fn bounded<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap()
}

/// A server whose every byte a test writes, and a gateway with a route to it.
struct Setting {
    listener: TcpListener,
    gateway: Gateway,
    exchanges: UnboundedReceiver<Exchange>,
}

impl Setting {
    /// A route `/v1/to/{rest*}` with this path of the server, and more in its back end.
    async fn new(path: &str, more: Value) -> Self {
        Self::with(path, more, json!({}), json!({})).await
    }

    async fn with(path: &str, more: Value, requests: Value, answers: Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = listener.local_addr().unwrap();
        let mut backend = json!({ "type": "HTTP_BACKEND", "url": format!("http://{place}{path}") });
        backend.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let route = json!({ "path": "/to/{rest*}", "methods": ["ANY"], "backend": backend,
            "requestPolicies": requests, "responsePolicies": answers });
        let (gateway, exchanges) = gateway(&route, vec![]).await;
        Self { listener, gateway, exchanges }
    }

    /// Sends a request, as it stands.
    async fn send(&self, request: &str) -> Peer<TcpStream> {
        let mut client = Peer::to(&self.gateway).await;
        client.write(request).await;
        client
    }

    async fn get(&self, target: &str) -> Peer<TcpStream> {
        self.send(&format!("GET {target} HTTP/1.1\r\nhost: gw\r\n\r\n")).await
    }

    /// The next request that the server gets: the connection, and the head.
    async fn asked(&self) -> (Peer<TcpStream>, String) {
        let mut server = Peer::new(bounded(self.listener.accept()).await.unwrap().0);
        let head = server.head().await;
        (server, head)
    }
}

async fn gateway(
    route: &Value,
    authorities: Vec<String>,
) -> (Gateway, UnboundedReceiver<Exchange>) {
    let specification = json!({ "routes": [route] }).to_string();
    let (told, exchanges) = unbounded_channel();
    let setup = Setup { authorities, exchanges: Some(told), ..Setup::default() };
    let specification = Specification::parse(&specification).unwrap();
    (Gateway::start_with(0, "/v1", specification, setup).await.unwrap(), exchanges)
}

/// One side of a connection.
struct Peer<S> {
    stream: S,
    read: Vec<u8>,
}

impl Peer<TcpStream> {
    async fn to(gateway: &Gateway) -> Self {
        let place = gateway.url().trim_start_matches("http://").to_owned();
        Self::new(TcpStream::connect(place).await.unwrap())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    fn new(stream: S) -> Self {
        Self { stream, read: Vec::new() }
    }

    async fn write(&mut self, text: &str) {
        bounded(self.stream.write_all(text.as_bytes())).await.unwrap();
        bounded(self.stream.flush()).await.unwrap();
    }

    /// What comes up to `end`, with it.
    async fn until(&mut self, end: &str) -> String {
        loop {
            let found = self.read.windows(end.len()).position(|part| part == end.as_bytes());
            if let Some(at) = found {
                let read = self.read.drain(..at + end.len()).collect();
                return String::from_utf8(read).unwrap();
            }
            let more = bounded(self.stream.read_buf(&mut self.read)).await.unwrap();
            assert!(more > 0, "it ended: {}", String::from_utf8_lossy(&self.read));
        }
    }

    async fn head(&mut self) -> String {
        self.until("\r\n\r\n").await.to_ascii_lowercase()
    }

    /// So many bytes of a body.
    async fn body(&mut self, length: usize) -> Vec<u8> {
        while self.read.len() < length {
            assert!(bounded(self.stream.read_buf(&mut self.read)).await.unwrap() > 0);
        }
        self.read.drain(..length).collect()
    }

    /// What else comes before the connection is closed.
    async fn rest(&mut self) -> String {
        // A reset is an end, too.
        while bounded(self.stream.read_buf(&mut self.read)).await.is_ok_and(|more| more > 0) {}
        String::from_utf8(std::mem::take(&mut self.read)).unwrap()
    }

    /// Whether the other side closed.
    async fn is_left(&mut self) -> bool {
        self.rest().await.is_empty()
    }
}

fn chunk(text: &str) -> String {
    format!("{:X}\r\n{text}\r\n", text.len())
}

fn status(head: &str) -> u16 {
    head.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn every_piece_of_a_stream_comes_before_the_next_one_is_written() {
    let mut setting = Setting::new("/", json!({})).await;
    let mut client = setting.get("/v1/to/x").await;
    let (mut server, _) = setting.asked().await;
    server.write(CHUNKED).await;
    let head = client.head().await;
    assert!(status(&head) == 200 && head.contains("content-type: text/event-stream"), "{head}");
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    for number in 0..100 {
        let event = format!("data: {number}\n\n");
        server.write(&chunk(&event)).await;
        assert_eq!(client.until("\n\n\r\n").await, chunk(&event));
    }
    server.write("0\r\nStreamFailure: none\r\n\r\n").await;
    assert_eq!(client.until("0\r\n\r\n").await, "0\r\n\r\n", "trailers end at the gateway");
    let told = bounded(setting.exchanges.recv()).await.unwrap();
    let relayed = told.relayed.unwrap();
    assert!(relayed.is_whole && relayed.count == 100, "{relayed:?}");
    assert_eq!(relayed.pieces[0].bytes, "data: 0\n\n".len());
    assert!(relayed.pieces.is_sorted_by_key(|piece| piece.after), "{relayed:?}");
    assert!(relayed.pieces[0].after >= relayed.head && told.took >= relayed.pieces[99].after);
}

#[tokio::test]
async fn a_server_that_is_silent_is_504_before_the_head_and_a_broken_answer_after_it() {
    let mut setting = Setting::new("/", json!({ "readTimeoutInSeconds": 4 })).await;
    let (mut client, begin) = (setting.get("/v1/to/x").await, Instant::now());
    let (mut server, _) = setting.asked().await;
    assert_eq!(status(&client.head().await), 504);
    assert!(begin.elapsed() >= Duration::from_secs(4));
    assert!(server.is_left().await);

    let mut client = setting.get("/v1/to/x").await;
    let (mut server, _) = setting.asked().await;
    server.write(CHUNKED).await;
    // Each gap is below the timeout, all together are not.
    for _ in 0..5 {
        sleep(Duration::from_secs(1)).await;
        server.write(&chunk("a")).await;
    }
    assert_eq!(status(&client.head().await), 200);
    assert_eq!(client.rest().await, chunk("a").repeat(5));
    assert!(server.is_left().await);
    assert_eq!(bounded(setting.exchanges.recv()).await.unwrap().status, 504);
    assert!(!bounded(setting.exchanges.recv()).await.unwrap().relayed.unwrap().is_whole);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_502_before_the_head_and_never_looks_whole_after_it() {
    let setting = Setting::new("/", json!({})).await;
    let mut client = setting.get("/v1/to/x").await;
    drop(setting.asked().await);
    assert_eq!(status(&client.head().await), 502);
    for (head, piece) in
        [(CHUNKED, chunk("a")), ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", "a".to_owned())]
    {
        let mut client = setting.get("/v1/to/x").await;
        let (mut server, _) = setting.asked().await;
        server.write(&format!("{head}{piece}")).await;
        assert_eq!(status(&client.head().await), 200);
        assert_eq!(client.until(&piece).await, piece);
        drop(server);
        assert_eq!(client.rest().await, "");
    }
}

#[tokio::test]
async fn a_server_sees_that_the_client_left_before_the_head_and_after_it() {
    let setting = Setting::new("/", json!({ "readTimeoutInSeconds": 300 })).await;
    let client = setting.get("/v1/to/x").await;
    let (mut server, _) = setting.asked().await;
    drop(client);
    assert!(server.is_left().await);
    let mut client = setting.get("/v1/to/x").await;
    let (mut server, _) = setting.asked().await;
    server.write(&format!("{CHUNKED}{}", chunk("a"))).await;
    client.until(&chunk("a")).await;
    drop(client);
    assert!(server.is_left().await);
}

#[tokio::test]
async fn a_client_that_reads_slowly_holds_the_server_back_and_is_not_taken_for_its_silence() {
    const PIECES: usize = 1024;
    let setting = Setting::new("/", json!({ "readTimeoutInSeconds": 1 })).await;
    let mut client = setting.get("/v1/to/x").await;
    let (mut server, _) = setting.asked().await;
    let piece = chunk(&"x".repeat(64 * 1024));
    server.write(CHUNKED).await;
    let (written, mut progress) = tokio::sync::watch::channel(0);
    let writing = tokio::spawn(async move {
        for number in 1..=PIECES {
            server.write(&piece).await;
            written.send_replace(number);
        }
        server.write("0\r\n\r\n").await;
    });
    // Until nothing is written for longer than the server may be silent.
    while timeout(Duration::from_millis(1500), progress.changed()).await.is_ok() {}
    let held = *progress.borrow();
    assert!(held < PIECES / 2, "{held} pieces of 64 KiB went somewhere");
    assert_eq!(status(&client.head().await), 200);
    let mut bytes = 0;
    loop {
        let size = client.until("\r\n").await;
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        client.body(size + 2).await;
        bytes += size;
        if size == 0 {
            break;
        }
    }
    assert_eq!(bytes, PIECES * 64 * 1024);
    writing.await.unwrap();
}

#[tokio::test]
async fn a_body_of_20_mib_passes_and_one_byte_more_is_413() {
    const LIMIT: usize = 20 * 1024 * 1024;
    let setting = Setting::new("/", json!({})).await;
    let request = |length: usize| {
        let head =
            format!("POST /v1/to/x HTTP/1.1\r\nhost: gw\r\ncontent-length: {length}\r\n\r\n");
        head + &"x".repeat(length)
    };
    let (mut client, mut server) = {
        let body = request(LIMIT);
        let (client, (mut server, head)) = tokio::join!(setting.send(&body), setting.asked());
        assert!(head.contains(&format!("content-length: {LIMIT}")), "{head}");
        server.body(LIMIT).await;
        (client, server)
    };
    server.write("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(status(&client.head().await), 204);
    let mut client = setting.send(&request(LIMIT + 1)).await;
    assert_eq!(status(&client.head().await), 413);
    let asked = timeout(Duration::from_millis(100), setting.listener.accept()).await;
    assert!(asked.is_err(), "the server was asked");
}

#[tokio::test]
async fn a_server_that_takes_nothing_of_a_body_is_504() {
    let setting =
        Setting::new("/", json!({ "sendTimeoutInSeconds": 1, "readTimeoutInSeconds": 300 })).await;
    let length = 20 * 1024 * 1024;
    let head = format!("POST /v1/to/x HTTP/1.1\r\nhost: gw\r\ncontent-length: {length}\r\n\r\n");
    let mut client = setting.send(&(head + &"x".repeat(length))).await;
    let server = bounded(setting.listener.accept()).await.unwrap();
    assert_eq!(status(&client.head().await), 504);
    drop(server);
}

#[tokio::test]
async fn the_url_has_variables_and_the_clients_query() {
    for (path, target, asked) in [
        ("/fixed", "/v1/to/x?a=1", "/fixed?a=1"),
        ("/v1/${request.path[rest]}", "/v1/to/a/b%20c", "/v1/a/b%20c"),
        ("/?own=1", "/v1/to/?a=1&b=2", "/?own=1&a=1&b=2"),
        ("/${request.headers[x-tenant]}/${request.query[m]}", "/v1/to/x?m=n", "/t1/n?m=n"),
    ] {
        let setting = Setting::new(path, json!({})).await;
        let request = format!("GET {target} HTTP/1.1\r\nhost: gw\r\nx-tenant: t1\r\n\r\n");
        let _client = setting.send(&request).await;
        let (_, head) = setting.asked().await;
        assert!(head.starts_with(&format!("get {asked} http/1.1\r\n")), "{head}");
    }
    let setting = Setting::new("${request.path[rest]}", json!({})).await;
    let mut client = setting.get("/v1/to/no-port").await;
    assert_eq!(status(&client.head().await), 500);
}

#[tokio::test]
async fn headers_are_changed_on_both_ways_and_those_of_a_connection_end() {
    let item = |name: &str, value: &str| json!({ "name": name, "values": [value], "ifExists": "OVERWRITE" });
    let requests = json!({ "headerTransformations": {
        "setHeaders": { "items": [item("x-gateway-secret", "s"), item("x-model", "${request.path[rest]}")] },
        "filterHeaders": { "type": "BLOCK", "items": [{ "name": "x-own" }] } } });
    let answers = json!({ "headerTransformations": {
        "setHeaders": { "items": [item("x-set", "1"), item("retry-after", "9")] },
        "renameHeaders": { "items": [{ "from": "x-old", "to": "x-new" }] },
        "filterHeaders": { "type": "BLOCK", "items": [{ "name": "server" }] } } });
    let setting = Setting::with("/", json!({}), requests, answers).await;
    let sent = "x-gateway-secret: mine\r\nx-own: 1\r\nte: trailers\r\nx-forwarded-for: 192.0.2.7\r\nuser-agent: c/1\r\n";
    let mut client =
        setting.send(&format!("POST /v1/to/iris HTTP/1.1\r\nhost: gw\r\nopc-request-id: 7\r\ncontent-length: 0\r\n{sent}\r\n")).await;
    let (mut server, head) = setting.asked().await;
    let place = setting.listener.local_addr().unwrap();
    let lines: Vec<&str> = head.lines().collect();
    for line in [
        &format!("host: {place}"),
        "x-gateway-secret: s",
        "x-model: iris",
        "x-forwarded-for: 192.0.2.7",
        "x-forwarded-for: 127.0.0.1",
        "x-real-ip: 127.0.0.1",
        "forwarded: for=127.0.0.1",
        "user-agent: c/1",
        "opc-request-id: 7",
        "content-length: 0",
    ] {
        assert_eq!(lines.iter().filter(|known| **known == line).count(), 1, "{line} {head}");
    }
    assert!(!head.contains("x-own") && !head.contains("te:") && !head.contains("mine"), "{head}");
    server
        .write("HTTP/1.1 429 Busy\r\nserver: s\r\nretry-after: 3\r\nx-old: o\r\nkeep-alive: 5\r\ncontent-length: 1\r\n\r\nb")
        .await;
    let head = client.head().await;
    let lines: Vec<&str> = head.lines().collect();
    for line in ["x-set: 1", "x-new: o", "retry-after: 3", "content-length: 1", "opc-request-id: 7"]
    {
        assert!(lines.contains(&line), "{line} {head}");
    }
    assert!(
        status(&head) == 429 && !head.contains("server:") && !head.contains("keep-alive"),
        "{head}"
    );
    assert_eq!(client.body(1).await, b"b");
}

#[tokio::test]
async fn a_server_with_tls_is_believed_by_its_authority_or_by_a_word_of_the_route() {
    let (known, other) = (Authority::new(), Authority::new());
    for (authority, certificate, unchecked, expected) in [
        (&known, Certificate::Valid, false, 200),
        (&other, Certificate::Valid, false, 502),
        (&known, Certificate::Expired, false, 502),
        (&known, Certificate::OtherName, false, 502),
        (&other, Certificate::Expired, true, 200),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
        let backend =
            json!({ "type": "HTTP_BACKEND", "url": url, "isSslVerifyDisabled": unchecked });
        let route = json!({ "path": "/to", "methods": ["GET"], "backend": backend });
        let (gateway, _told) = gateway(&route, vec![known.pem().to_owned()]).await;
        let acceptor = TlsAcceptor::from(Arc::clone(&authority.server_config(certificate)));
        let serving = tokio::spawn(async move {
            let stream = listener.accept().await.unwrap().0;
            if let Ok(stream) = acceptor.accept(stream).await {
                let mut server = Peer::new(stream);
                server.head().await;
                server.write(&format!("{CHUNKED}{}0\r\n\r\n", chunk("a"))).await;
            }
        });
        let mut client = Peer::to(&gateway).await;
        client.write("GET /v1/to HTTP/1.1\r\nhost: gw\r\nconnection: close\r\n\r\n").await;
        let (head, body) = (client.head().await, client.rest().await);
        assert_eq!(status(&head), expected, "{certificate:?} {unchecked}");
        assert!(expected != 200 || body == format!("{}0\r\n\r\n", chunk("a")), "{body}");
        serving.await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_502_and_one_that_never_gets_to_speak_tls_is_504() {
    let (refusing, silent) = (
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
    );
    let [nobody, somebody] = [&refusing, &silent].map(|listener| listener.local_addr().unwrap());
    drop(refusing);
    for (url, expected) in
        [(format!("http://{nobody}/"), 502), (format!("https://{somebody}/"), 504)]
    {
        let backend = json!({ "type": "HTTP_BACKEND", "url": url, "connectTimeoutInSeconds": 1 });
        let route = json!({ "path": "/to", "methods": ["GET"], "backend": backend });
        let (gateway, _told) = gateway(&route, vec![]).await;
        let mut client = Peer::to(&gateway).await;
        client.write("GET /v1/to HTTP/1.1\r\nhost: gw\r\n\r\n").await;
        assert_eq!(status(&client.head().await), expected, "{url}");
    }
}
