//! A client that keeps the framing of an answer in sight.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use emulator::clock::now;
use emulator::deployment::{Authority, Certificate, ModelDeployment, OCID};
use emulator::keys::Key;
use emulator::principal::Issuer;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// The bound of every wait in a test.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn bounded<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap()
}

/// Trusts `authority` and nobody else.
pub(crate) fn connector(authority: &Authority) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config).into()
}

/// A deployment, and someone whom it lets in.
pub(crate) struct Setup {
    pub(crate) deployment: ModelDeployment,
    connector: TlsConnector,
    session: Key,
    token: String,
}

impl Setup {
    pub(crate) async fn new() -> Self {
        let (issuer, authority, session) = (Issuer::new(), Authority::new(), Key::generate());
        let deployment =
            ModelDeployment::start(issuer.clone(), &authority, Certificate::Valid).await.unwrap();
        let token = issuer.token(&session, 600);
        Self { deployment, connector: connector(&authority), session, token }
    }

    pub(crate) async fn connect(&self) -> Connection {
        Connection::to(self.deployment.port(), &self.connector).await
    }

    /// One call on a connection of its own: `path` follows the OCID.
    pub(crate) async fn call(&self, call: Call<'_>) -> Answer {
        self.connect().await.call(&self.sign(call)).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Call { path, ..Call::BODYLESS }).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Call { path, body: body.to_string().as_bytes(), ..Call::PREDICT }).await
    }

    /// The bytes of a call.
    pub(crate) fn sign(&self, call: Call<'_>) -> Vec<u8> {
        let target = format!("/{OCID}{}", call.path);
        call.signed(&target, &self.session, &format!("ST${}", self.token))
    }
}

/// A call before it is signed.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) body: &'a [u8],
    /// Header lines that are not signed.
    pub(crate) further: &'a str,
}

impl Call<'_> {
    /// The bytes of the call for `target`, signed with a key that services know by `key_id`; with
    /// the body of a POST or PUT, unless the header lines that are not signed have its length.
    pub(crate) fn signed(&self, target: &str, key: &Key, key_id: &str) -> Vec<u8> {
        let mut signed = vec![
            ("date", httpdate::fmt_http_date(now())),
            ("(request-target)", format!("{} {target}", self.method.to_lowercase())),
            ("host", "localhost".to_owned()),
        ];
        if matches!(self.method, "POST" | "PUT") && !self.further.contains("content-length") {
            signed.push(("content-length", self.body.len().to_string()));
            signed.push(("content-type", self.content_type.to_owned()));
            signed.push(("x-content-sha256", STANDARD.encode(Sha256::digest(self.body))));
        }
        let lines = signed.iter().map(|(name, value)| format!("{name}: {value}"));
        let signature = key.sign(lines.collect::<Vec<_>>().join("\n").as_bytes());
        let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
        let sent = signed.iter().filter(|(name, _)| *name != "(request-target)");
        let lines =
            sent.map(|(name, value)| format!("{name}: {value}\r\n")).collect::<Vec<_>>().concat();
        let authorization = format!(
            "Signature version=\"1\",headers=\"{}\",keyId=\"{key_id}\",algorithm=\"rsa-sha256\",signature=\"{}\"",
            names.join(" "),
            STANDARD.encode(signature),
        );
        let head = format!(
            "{} {target} HTTP/1.1\r\n{lines}authorization: {authorization}\r\n{}\r\n",
            self.method, self.further,
        );
        [head.as_bytes(), self.body].concat()
    }

    /// A prediction.
    pub(crate) const PREDICT: Call<'static> = Call {
        method: "POST",
        path: "/predict",
        content_type: "application/json",
        body: br#"{"data": [[6.3, 3.3, 6.0, 2.5]]}"#,
        further: "",
    };

    /// A call without a body.
    pub(crate) const BODYLESS: Call<'static> =
        Call { method: "GET", content_type: "", body: b"", ..Self::PREDICT };
}

/// A connection to one of the services.
pub(crate) struct Connection(TlsStream<TcpStream>);

/// An answer that never became whole: what came of it, and why there is no more.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) bytes: Vec<u8>,
    pub(crate) error: Option<io::ErrorKind>,
}

impl Connection {
    pub(crate) async fn to(port: u16, connector: &TlsConnector) -> Self {
        bounded(async {
            let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let name = ServerName::try_from("localhost").unwrap();
            Self(connector.connect(name, stream).await.unwrap())
        })
        .await
    }

    pub(crate) async fn send(&mut self, request: &[u8]) {
        self.0.write_all(request).await.unwrap();
        self.0.flush().await.unwrap();
    }

    pub(crate) async fn call(&mut self, request: &[u8]) -> Result<Answer, Broken> {
        self.send(request).await;
        self.answer().await
    }

    /// The next answer.
    pub(crate) async fn answer(&mut self) -> Result<Answer, Broken> {
        let mut bytes = Vec::new();
        loop {
            if let Some(answer) = Answer::parse(&bytes) {
                return Ok(answer);
            }
            match bounded(self.0.read_buf(&mut bytes)).await {
                Ok(0) => return Err(Broken { bytes, error: None }),
                Err(error) => return Err(Broken { bytes, error: Some(error.kind()) }),
                Ok(_) => {}
            }
        }
    }

    /// Reads up to `end`, and forgets it.
    pub(crate) async fn until(&mut self, end: &str) {
        let mut bytes = Vec::new();
        while !bytes.windows(end.len()).any(|part| part == end.as_bytes()) {
            assert!(bounded(self.0.read_buf(&mut bytes)).await.unwrap() > 0);
        }
    }

    /// Whether nothing comes, and the connection stays, for a while after what ends with `end`.
    pub(crate) async fn is_silent_after(&mut self, end: &[u8]) -> bool {
        let mut bytes = Vec::new();
        while !bytes.ends_with(end) {
            assert!(bounded(self.0.read_buf(&mut bytes)).await.unwrap() > 0);
        }
        timeout(Duration::from_millis(200), self.0.read_buf(&mut bytes)).await.is_err()
    }
}

/// An answer, its chunks as they came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) chunks: Vec<Vec<u8>>,
    /// What followed the last chunk.
    pub(crate) trailers: String,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let (head, mut rest) = split(bytes, b"\r\n\r\n")?;
        let head = String::from_utf8(head.to_vec()).unwrap().to_ascii_lowercase();
        let status = head.split(' ').nth(1)?.parse().unwrap();
        let mut answer = Self { status, head, chunks: Vec::new(), trailers: String::new() };
        if matches!(status, 204 | 304) {
            return Some(answer);
        }
        if let Some(length) = answer.header("content-length") {
            answer.chunks.push(rest.get(..length.parse().unwrap())?.to_vec());
            return Some(answer);
        }
        loop {
            let (size, chunk) = split(rest, b"\r\n")?;
            let size = usize::from_str_radix(std::str::from_utf8(size).unwrap(), 16).unwrap();
            if size == 0 {
                let trailers = [b"\r\n", chunk].concat();
                let (trailers, _) = split(&trailers, b"\r\n\r\n")?;
                answer.trailers.push_str(String::from_utf8_lossy(trailers).trim());
                return Some(answer);
            }
            answer.chunks.push(chunk.get(..size)?.to_vec());
            rest = chunk.get(size + 2..)?;
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The first half of the body.
    pub(crate) fn half(&self) -> Vec<u8> {
        let mut body = self.chunks.concat();
        body.truncate(body.len() / 2);
        body
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.chunks.concat()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap()
    }

    /// The status, and the code of OCI's errors.
    pub(crate) fn refusal(&self) -> (u16, String) {
        let json = self.json();
        (self.status, json.get("code").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// Whether it came in chunks, with the trailer of a failure announced.
    pub(crate) fn is_streamed(&self) -> bool {
        self.header("content-length").is_none()
            && self.header("transfer-encoding") == Some("chunked")
            && self.header("trailer") == Some("streamfailure")
    }
}

fn split<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(mark.len()).position(|window| window == mark)?;
    Some((bytes.get(..at)?, bytes.get(at + mark.len()..)?))
}

/// The events of a stream, each parsed, without the `[DONE]` that must be the last.
pub(crate) fn events(text: &str) -> Vec<Value> {
    let events: Vec<&str> = text.split_terminator("\n\n").collect();
    let data: Vec<&str> =
        events.iter().map(|event| event.strip_prefix("data: ").unwrap()).collect();
    let (last, events) = data.split_last().unwrap();
    assert_eq!(*last, "[DONE]");
    events.iter().map(|event| serde_json::from_str(event).unwrap()).collect()
}
