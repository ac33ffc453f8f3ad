//! The emulated trace collector: which spans it takes, and the ways in which it fails.

use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use emulator::collector::{Behaviour, Collector, Kind};
use emulator::deployment::{Authority, Certificate};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

use super::client::{Answer, Connection, bounded, connector};

const PATIENCE: Duration = Duration::from_secs(20);
const TRACE: &str = "0af7651916cd43dd";

struct Setup {
    collector: Collector,
    connector: TlsConnector,
    port: u16,
    target: String,
}

impl Setup {
    async fn new() -> Self {
        let authority = Authority::new();
        let collector = Collector::start(&authority, Certificate::Valid).await.unwrap();
        let url = collector.url("localhost");
        let (authority_part, path) =
            url.strip_prefix("https://localhost:").unwrap().split_once('/').unwrap();
        let (port, target) = (authority_part.parse().unwrap(), format!("/{path}"));
        Self { connector: connector(&authority), collector, port, target }
    }

    async fn connect(&self) -> Connection {
        Connection::to(self.port, &self.connector).await
    }

    fn post(&self, spans: &Value) -> Vec<u8> {
        post(&self.target, "content-type: application/json\r\n", &spans.to_string())
    }

    async fn send(&self, request: &[u8]) -> Answer {
        self.connect().await.call(request).await.unwrap()
    }

    /// Whether these spans are taken: the status, and what is said.
    async fn judge(&self, spans: &Value) -> (u16, String) {
        let answer = self.send(&self.post(spans)).await;
        (answer.status, answer.text())
    }
}

fn post(target: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!("POST {target} HTTP/1.1\r\nhost: localhost\r\n{headers}");
    format!("{head}content-length: {length}\r\n\r\n{body}").into_bytes()
}

fn span() -> Value {
    json!({
        "traceId": TRACE,
        "id": "b7ad6b7169203331",
        "parentId": TRACE,
        "name": "call",
        "kind": "SERVER",
        "timestamp": 1_795_522_139_123_456_u64,
        "duration": 1500,
        "localEndpoint": { "serviceName": "app::func" },
        "tags": { "generatedBy": "faas" },
    })
}

/// A span with one member replaced, or without it for null.
fn with(name: &str, value: Value) -> Value {
    let mut span = span();
    let members = span.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(name);
    } else {
        members.insert(name.to_owned(), value);
    }
    json!([span])
}

#[tokio::test]
async fn spans_are_taken_with_200_and_nothing_and_kept_as_they_came() {
    let setup = Setup::new().await;
    let begin = Instant::now();
    let body = json!([span()]);
    let mut connection = setup.connect().await;
    let answer = connection.call(&setup.post(&body)).await.unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (200, ""));
    let private = setup.target.replace("public-span", "private-span");
    let json = "content-type: application/json; charset=utf-8\r\n";
    let request = post(&private, json, "[]");
    assert_eq!(connection.call(&request).await.unwrap().status, 200);
    assert_eq!(setup.send(&setup.post(&json!([]))).await.status, 200);

    let received = setup.collector.received();
    let connections: Vec<u64> = received.iter().map(|one| one.connection).collect();
    assert_eq!((connections, setup.collector.connections()), (vec![1, 1, 2], 2));
    assert_eq!(received[0].request.body, body.to_string().as_bytes());
    assert_eq!(received[1].request.target, private);
    assert!(begin < received[0].at && received[0].at < received[1].at);
    let spans = setup.collector.trace(TRACE);
    assert_eq!(spans, *received[0].spans.as_ref().unwrap());
    assert_eq!((spans[0].kind, spans[0].duration), (Some(Kind::Server), Some(1500)));
    assert_eq!(spans[0].tags["generatedBy"], "faas");
    assert_eq!(setup.collector.trace("0af7651916cd43de"), []);
    assert_eq!(setup.collector.trace_since(TRACE, received[0].at).len(), 1);
    assert_eq!(setup.collector.trace_since(TRACE, received[1].at).len(), 0);
}

#[tokio::test]
async fn a_span_may_have_every_member_of_the_schema_or_only_its_ids() {
    let setup = Setup::new().await;
    let mut full = span();
    full["traceId"] = "0af7651916cd43dd8448eb211c80319c".into();
    full["debug"] = true.into();
    full["shared"] = true.into();
    full["remoteEndpoint"] = json!({ "ipv4": "10.0.0.1", "ipv6": "2001:db8::c001", "port": 443 });
    full["annotations"] = json!([{ "timestamp": 1_795_522_139_123_457_u64, "value": "ws" }]);
    let ids = json!({ "traceId": TRACE, "id": "b7ad6b7169203331" });
    assert_eq!(setup.judge(&json!([full, ids])).await, (200, String::new()));
}

#[tokio::test]
async fn what_is_not_zipkin_2_is_refused_with_what_is_wrong() {
    let setup = Setup::new().await;
    for (spans, said) in [
        (span(), "no list of spans: invalid type: map, expected a sequence"),
        (json!([[]]), "no list of spans: invalid length 0"),
        (with("traceId", Value::Null), "missing field `traceId`"),
        (with("id", Value::Null), "missing field `id`"),
        (with("traceId", "0AF7651916CD43DD".into()), "span 0: `traceId` is not"),
        (with("traceId", "0af7651916cd43dd8448".into()), "span 0: `traceId` is not"),
        (with("traceId", "0000000000000000".into()), "span 0: `traceId` is not"),
        (with("id", "b7ad6b716920333".into()), "span 0: `id` is not"),
        (with("id", "g7ad6b7169203331".into()), "span 0: `id` is not"),
        (with("parentId", "".into()), "span 0: `parentId` is not"),
        (with("parentId", "b7ad6b7169203331".into()), "span 0: `parentId` is its own `id`"),
        (with("kind", "server".into()), "unknown variant `server`"),
        (with("timestamp", 1_795_522_139_123_u64.into()), "span 0: `timestamp` is not in micro"),
        (with("timestamp", 1_795_522_139_123_456.5_f64.into()), "invalid type: floating point"),
        (with("timestamp", "1795522139123456".into()), "invalid type: string"),
        (with("duration", 0.into()), "span 0: `duration` is less than one microsecond"),
        (with("duration", (-1).into()), "invalid value: integer `-1`"),
        (with("localEndpoint", "app::func".into()), "expected struct Endpoint"),
        (with("localEndpoint", json!({ "service": "x" })), "unknown field `service`"),
        (with("localEndpoint", json!({ "ipv4": "localhost" })), "invalid IPv4 address syntax"),
        (with("tags", json!({ "http.status_code": 200 })), "invalid type: integer `200`"),
        (with("tags", json!({ "error": null })), "invalid type: null"),
        (with("name", json!({})), "invalid type: map"),
        (with("parent", TRACE.into()), "unknown field `parent`"),
        (json!([span(), span()]), "span 1: `id` is that of a span before it"),
    ] {
        let (status, text) = setup.judge(&spans).await;
        assert!(status == 400 && text.contains(said), "{spans}: {status} {text}");
    }
    let null = span().to_string().replace("\"call\"", "null");
    let json = "content-type: application/json\r\n";
    let answer = setup.send(&post(&setup.target, json, &format!("[{null}]"))).await;
    assert!(answer.status == 400 && answer.text().contains("invalid type: null"), "{answer:?}");
    let refusals = setup.collector.received();
    assert!(refusals.iter().all(|received| received.spans.is_err()), "{refusals:?}");
}

#[tokio::test]
async fn a_request_needs_path_format_data_key_and_content_type() {
    let setup = Setup::new().await;
    let (target, json) = (&setup.target, "content-type: application/json\r\n");
    let key = setup.collector.data_key();
    for (status, request) in [
        (404, post(&target.replace("public", "other"), json, "[]")),
        (405, format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes()),
        (400, post(&target.replace("zipkin", "otlp"), json, "[]")),
        (400, post(&target.replace("Version=2", "Version=1"), json, "[]")),
        (400, post(target.split_once('?').unwrap().0, json, "[]")),
        (401, post(&target.replace(key, "another"), json, "[]")),
        (401, post(&format!("{target}&more=1"), json, "[]")),
        (400, post(target, "content-type: text/plain\r\n", "[]")),
        (400, post(target, &json.repeat(2), "[]")),
        (400, post(target, "", "[]")),
        (400, post(target, json, "")),
        (413, post(target, json, &" ".repeat(1024 * 1024 + 1))),
    ] {
        let shown = String::from_utf8_lossy(&request[..request.len().min(300)]).into_owned();
        let answer = setup.send(&request).await;
        assert_eq!(answer.status, status, "{shown}");
        assert!(!answer.text().contains(key), "{shown}");
    }
}

#[tokio::test]
async fn it_fails_in_each_way_that_it_is_told_to_and_keeps_what_came() {
    let setup = Setup::new().await;
    let request = setup.post(&json!([span()]));
    setup.collector.behave(Behaviour::Refuse);
    assert_eq!(setup.send(&request).await.status, 503);

    setup.collector.behave(Behaviour::Slow(Duration::from_millis(300)));
    let begin = Instant::now();
    assert_eq!(setup.send(&request).await.status, 200);
    assert!(begin.elapsed() >= Duration::from_millis(300));

    setup.collector.behave(Behaviour::Reset);
    let broken = setup.connect().await.call(&request).await.unwrap_err();
    assert_eq!((broken.error, broken.bytes.len()), (Some(ErrorKind::ConnectionReset), 0));

    setup.collector.behave(Behaviour::Hang);
    let mut hanging = setup.connect().await;
    hanging.send(&request).await;
    assert_eq!(setup.collector.wait_for(4, PATIENCE).await.len(), 4);
    assert!(hanging.is_silent_after(b"").await);
    assert!(setup.collector.received().iter().all(|received| received.spans.is_ok()));

    setup.collector.behave(Behaviour::Answer);
    assert_eq!(setup.send(&request).await.status, 200);
}

#[tokio::test]
async fn what_never_comes_is_not_waited_for_longer_than_the_patience() {
    let setup = Setup::new().await;
    let waited = setup.collector.wait_for(1, Duration::from_millis(50));
    assert_eq!(bounded(waited).await.len(), 0);
}

#[tokio::test]
async fn a_closed_collector_has_no_port_and_still_knows_what_came() {
    let setup = Setup::new().await;
    let url = setup.collector.url("127.0.0.1");
    setup.send(&setup.post(&json!([span()]))).await;
    bounded(setup.collector.close()).await;
    // Taken at once, which nobody can where somebody listens, and so that nobody else does.
    let silent = TcpSocket::new_v4().unwrap();
    silent.set_reuseaddr(true).unwrap();
    silent.bind((Ipv4Addr::LOCALHOST, setup.port).into()).unwrap();
    let refused = TcpStream::connect(("127.0.0.1", setup.port)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(setup.collector.url("127.0.0.1"), url);
    assert_eq!(setup.collector.trace(TRACE).len(), 1);
}
