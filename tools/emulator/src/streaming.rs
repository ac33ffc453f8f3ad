//! Streaming, as far as reading a stream goes: signatures verified, cursors that move on.
//!
//! The shapes are those of Oracle's SDK for Python, version 2.189.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::{Method, Request};
use serde_json::{Value, json};

use crate::clock::now;
use crate::deployment::{self, Authority, Certificate};
use crate::http::{self, Reply, Server};
use crate::user::{Trusted, User};

const BASE: &str = "/20180418/streams/";
const MAX_BODY_BYTES: usize = 64 * 1024;

/// The messages of all streams, for the services that write them.
#[derive(Clone, Debug, Default)]
pub struct Streams(Arc<Mutex<BTreeMap<String, Vec<Vec<u8>>>>>);

impl Streams {
    /// Appends a message to a stream; a message for an unknown stream is dropped.
    pub fn put(&self, stream: &str, message: &[u8]) {
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(messages) = streams.get_mut(stream) {
            messages.push(message.to_vec());
        }
    }

    fn messages(&self, stream: &str) -> Option<Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(stream).cloned()
    }
}

/// A running service. Dropped, it closes its port.
#[derive(Debug)]
pub struct Streaming {
    server: Server,
    streams: Streams,
}

impl Streaming {
    /// Starts on a free port of 127.0.0.1, with a certificate of `tls`, trusting `user`.
    pub async fn start(user: Arc<User>, tls: &Authority) -> io::Result<Self> {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (streams, trusted) = (Streams::default(), Trusted::User(user));
        let shared = streams.clone();
        let tls = tls.server_config(Certificate::Valid);
        let server = Server::start_tls(any, tls, move |request| {
            answer(trusted.clone(), shared.clone(), request)
        });
        Ok(Self { server: server.await?, streams })
    }

    /// Returns the base URL.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.server.address.port())
    }

    /// Makes a stream with one partition, and gives its OCID.
    pub fn add_stream(&self, name: &str) -> String {
        let id = format!("ocid1.stream.oc1.sa-saopaulo-1.aaaaaaaa{name}");
        let mut streams = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        streams.insert(id.clone(), Vec::new());
        id
    }

    /// Returns the messages.
    pub fn streams(&self) -> Streams {
        self.streams.clone()
    }
}

async fn answer(trusted: Trusted, streams: Streams, request: Request<Incoming>) -> Reply {
    let (head, body) = request.into_parts();
    let Some(body) = http::body(body, MAX_BODY_BYTES).await else {
        return error(413, "PayloadTooLarge", "the body is too large, or broke off");
    };
    let verdict = trusted.verify(&deployment::Request::from_parts(&head, &body), now());
    if let Err(refusal) = verdict {
        return error(401, "NotAuthenticated", &refusal.to_string());
    }
    let path = head.uri.path().strip_prefix(BASE).unwrap_or_default();
    let (stream, rest) = path.split_once('/').map_or((path, None), |(id, rest)| (id, Some(rest)));
    let Some(messages) = streams.messages(stream) else {
        return error(404, "NotAuthorizedOrNotFound", "no such stream, or no right to it");
    };
    match (&head.method, rest) {
        (&Method::GET, None) => http::reply(200, &shown(stream, &head)),
        (&Method::POST, Some("cursors")) => cursor(&body, messages.len()),
        (&Method::GET, Some("messages")) => {
            read(stream, head.uri.query().unwrap_or_default(), &messages)
        }
        _ => error(404, "NotFound", "there is no such operation"),
    }
}

fn shown(stream: &str, head: &hyper::http::request::Parts) -> Value {
    let host = head.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    json!({
        "id": stream,
        "name": "emulated",
        "partitions": 1,
        "retentionInHours": 24,
        "lifecycleState": "ACTIVE",
        "messagesEndpoint": format!("https://{host}"),
        "timeCreated": "2026-11-28T00:00:00Z",
    })
}

/// Answers with a cursor, which is the number of the next message.
fn cursor(body: &[u8], end: usize) -> Reply {
    let asked = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let text = |name: &str| asked.get(name).and_then(Value::as_str);
    match (text("partition"), text("type")) {
        (Some("0"), Some("LATEST")) => http::reply(200, &json!({ "value": end.to_string() })),
        (Some("0"), Some("TRIM_HORIZON")) => http::reply(200, &json!({ "value": "0" })),
        _ => error(400, "InvalidParameter", "no such partition, or no such kind of cursor"),
    }
}

fn read(stream: &str, query: &str, messages: &[Vec<u8>]) -> Reply {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let cursor = pairs.find(|(name, _)| name == "cursor").map(|(_, value)| value.into_owned());
    let Some(start) = cursor.and_then(|cursor| cursor.parse::<usize>().ok()) else {
        return error(400, "InvalidParameter", "cursor is missing, or none of this stream");
    };
    let message = |(offset, bytes): (usize, &Vec<u8>)| {
        json!({
            "stream": stream,
            "partition": "0",
            "key": null,
            "value": STANDARD.encode(bytes),
            "offset": offset,
            "timestamp": "2026-11-28T00:00:00Z",
        })
    };
    let found: Vec<Value> = messages.iter().enumerate().skip(start).map(message).collect();
    let mut reply = http::reply(200, &Value::from(found));
    reply.headers_mut().insert("opc-next-cursor", HeaderValue::from(messages.len()));
    reply
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    http::reply(status, &json!({ "code": code, "message": message }))
}
