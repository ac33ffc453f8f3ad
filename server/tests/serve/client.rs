//! A client that writes and reads bytes, and knows when each came.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The longest that any test waits for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection, and all that came over it.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    pub(crate) came: Vec<(Instant, Vec<u8>)>,
}

impl Client {
    pub(crate) async fn connect(address: &str) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), came: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    pub(crate) fn text(&self) -> String {
        let bytes: Vec<u8> = self.came.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Reads once; false at the end, in order or not.
    pub(crate) async fn read(&mut self) -> bool {
        let mut bytes = vec![0; 64 * 1024];
        let read = timeout(PATIENCE, self.stream.read(&mut bytes)).await.expect("it came in time");
        let length = read.unwrap_or(0);
        bytes.truncate(length);
        self.came.push((Instant::now(), bytes));
        length > 0
    }

    /// Reads until a text has come, and gives what came.
    pub(crate) async fn read_until(&mut self, text: &str) -> String {
        while !self.text().contains(text) {
            assert!(self.read().await, "{text} did not come: {}", self.text());
        }
        self.text()
    }

    /// Reads to the end of the connection.
    pub(crate) async fn read_to_end(&mut self) -> String {
        while self.read().await {}
        self.text()
    }
}

/// A request to a path of the target, over a connection that ends with it.
pub(crate) fn request(target: &str, path: &str, more: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST /m/{path} HTTP/1.1\r\nhost: server\r\nmodel_deployment: {target}\r\n\
         content-type: application/json\r\nconnection: close\r\n{more}content-length: {length}\r\n\r\n{body}"
    )
}

/// One exchange of bytes over a connection of its own.
pub(crate) async fn exchange(address: &str, request: impl AsRef<[u8]>) -> String {
    let mut client = Client::connect(address).await;
    client.send(request).await;
    client.read_to_end().await
}

/// The status of an answer.
pub(crate) fn status(answer: &str) -> u16 {
    let version = answer.starts_with("HTTP/1.1 ") || answer.starts_with("HTTP/1.0 ");
    let status = answer.split(' ').nth(1).filter(|_| version);
    status.unwrap_or_else(|| panic!("no answer: {answer:?}")).parse().unwrap()
}
