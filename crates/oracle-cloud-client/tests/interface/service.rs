//! A service of this machine in plain HTTP: it keeps what it received, and answers what a test
//! says.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oracle_cloud_client::{Client, ClientBuilder, Credentials, KeyId, PrivateKey, Retry};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The names that the signature covers.
    pub(crate) fn covered(&self) -> String {
        let authorization = self.header("authorization").unwrap();
        authorization.split("headers=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }

    /// The name that it was signed under.
    pub(crate) fn key_id(&self) -> String {
        let authorization = self.header("authorization").unwrap();
        authorization.split("keyId=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }
}

/// What is written back: bytes, each piece after a pause; nothing is a connection that is closed.
pub(crate) type Answer = Vec<(Duration, Vec<u8>)>;

/// An answer with this status, these headers and this body.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut lines = vec![format!("HTTP/1.1 {status} X")];
    lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.push(format!("content-length: {}\r\n\r\n{body}", body.len()));
    vec![(Duration::ZERO, lines.join("\r\n").into_bytes())]
}

/// A running service.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
    connections: Arc<Mutex<usize>>,
}

impl Service {
    /// Answers the request of this number, from 0 on, as `answering` says.
    pub(crate) async fn start(
        answering: impl Fn(usize, &Received) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = Self { url, received: Arc::default(), connections: Arc::default() };
        let (own, answering) = (service.clone(), Arc::new(answering));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *own.connections.lock().unwrap() += 1;
                let (own, answering) = (own.clone(), answering.clone());
                tokio::spawn(async move { own.serve(stream, &*answering).await });
            }
        });
        service
    }

    /// Answers every request with a success and this body.
    pub(crate) async fn saying(body: &'static str) -> Self {
        Self::start(move |_, _| answer(200, &[], body)).await
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    /// A client's view of it.
    pub(crate) async fn service(&self) -> oracle_cloud_client::Service {
        client().await.endpoint(&self.url).unwrap()
    }

    async fn serve(
        &self,
        mut stream: TcpStream,
        answering: &(dyn Fn(usize, &Received) -> Answer + Send + Sync),
    ) {
        while let Some(received) = read(&mut stream).await {
            let number = {
                let mut all = self.received.lock().unwrap();
                all.push(received.clone());
                all.len() - 1
            };
            let pieces = answering(number, &received);
            if pieces.is_empty() {
                return;
            }
            for (pause, bytes) in pieces {
                sleep(pause).await;
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// A whole request; None if the other side ends before.
async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let mut lines = text.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut received = Received { method, target, headers, body: bytes.split_off(head) };
    let length = received.header("content-length").map_or(0, |text| text.parse().unwrap());
    while received.body.len() < length {
        if stream.read_buf(&mut received.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(received)
}

/// An API key of a user.
pub(crate) fn credentials() -> Arc<Credentials> {
    let pem = include_bytes!("../../testdata/rsa2048.pkcs8.pem");
    let key = PrivateKey::from_pem(pem, None).unwrap();
    Arc::new(Credentials::api_key(KeyId::new("tenancy/user/fingerprint").unwrap(), key))
}

/// A builder with that key, whose waits are short.
pub(crate) fn builder() -> ClientBuilder {
    let retry = Retry::new().first_wait(Duration::from_millis(5));
    Client::builder().credentials(credentials()).retry(retry)
}

pub(crate) async fn client() -> Client {
    builder().build().await.unwrap()
}

/// A session token that expires at this second of 1970 and later.
pub(crate) fn token(expires: u64, number: usize) -> String {
    let claims = format!("{{\"exp\":{expires},\"jti\":\"{number}\"}}");
    format!("e30.{}.", URL_SAFE_NO_PAD.encode(claims))
}

/// What an error says, and all of its causes.
pub(crate) fn causes(error: &dyn std::error::Error) -> Vec<String> {
    let mut causes = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes
}
