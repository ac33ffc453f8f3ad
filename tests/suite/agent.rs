//! Speaks to a function as the agent does, in bytes: what is on the socket is what is tested.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fn_fdk::{Call, IntoReply, Listener, LogFrame, Server};
use http::HeaderName;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The bound of every wait in a test. It ends only what hangs, on the slowest machine too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A function served in this process.
pub(crate) struct Function {
    pub(crate) socket: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
    _directory: TempDir,
}

impl Function {
    pub(crate) fn start<H, F, R>(handler: H) -> Self
    where
        H: Fn(Call) -> F + Send + Sync + 'static,
        F: Future<Output = R> + Send + 'static,
        R: IntoReply + Send,
    {
        Self::start_as(|server| server, handler)
    }

    /// The same, with what `configured` adds to the server.
    pub(crate) fn start_as<H, F, R>(configured: impl FnOnce(Server) -> Server, handler: H) -> Self
    where
        H: Fn(Call) -> F + Send + Sync + 'static,
        F: Future<Output = R> + Send + 'static,
        R: IntoReply + Send,
    {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("lsnr.sock");
        let server = Server::new(Listener::publish(&socket).unwrap());
        let header = HeaderName::from_static("opc-request-id");
        let server =
            configured(server.with_log_frame(LogFrame::new(Some("frame".into()), Some(header))));
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(async move {
            server.serve(move |call: Call| handler(call), async move { drop(stopped.await) }).await;
        });
        Self { socket, stop: Some(stop), served, _directory: directory }
    }

    pub(crate) async fn connect(&self) -> Connection {
        Connection::open(&self.socket).await
    }

    /// One request on a connection of its own.
    pub(crate) async fn exchange(&self, request: impl AsRef<[u8]>) -> Answer {
        let mut connection = self.connect().await;
        connection.send(request).await;
        connection.answer().await
    }

    pub(crate) fn order_stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub(crate) async fn stopped(self) {
        timeout(PATIENCE, self.served).await.unwrap().unwrap();
    }
}

/// One connection of the agent.
pub(crate) struct Connection(UnixStream);

impl Connection {
    pub(crate) async fn open(socket: &Path) -> Self {
        Self(UnixStream::connect(socket).await.unwrap())
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        timeout(PATIENCE, self.0.write_all(bytes.as_ref())).await.unwrap().unwrap();
    }

    /// Ends our side of the connection and leaves the other open.
    pub(crate) async fn half_close(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    /// Everything until the function closes the connection.
    pub(crate) async fn rest(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        drop(timeout(PATIENCE, self.0.read_to_end(&mut bytes)).await.unwrap());
        bytes
    }

    /// One whole answer with a sized body.
    pub(crate) async fn answer(&mut self) -> Answer {
        timeout(PATIENCE, self.read_answer()).await.expect("an answer in time")
    }

    async fn read_answer(&mut self) -> Answer {
        let mut bytes = Vec::new();
        loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
                let mut answer = Answer { head, body: bytes[end + 4..].to_vec() };
                let length: usize =
                    answer.header("content-length").expect("a sized answer").parse().unwrap();
                while answer.body.len() < length {
                    self.read_more(&mut answer.body).await;
                }
                assert_eq!(answer.body.len(), length, "bytes beyond the answer");
                return answer;
            }
            self.read_more(&mut bytes).await;
        }
    }

    async fn read_more(&mut self, bytes: &mut Vec<u8>) {
        let read = self.0.read_buf(bytes).await.unwrap();
        assert_ne!(read, 0, "closed within an answer: {:?}", String::from_utf8_lossy(bytes));
    }
}

/// An answer as it was on the socket.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// All values of a header, in order.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).first().copied()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A request as the agent writes it, with a sized body and these further header lines.
pub(crate) fn request(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "POST /call HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The same through a gateway.
pub(crate) fn gateway_request(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    request(&format!("Fn-Intent: httprequest\r\n{headers}"), body)
}

/// A body in chunks of at most `size` bytes.
pub(crate) fn chunked(headers: &str, body: &[u8], size: usize) -> Vec<u8> {
    let head = format!(
        "POST /call HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n{headers}\r\n"
    );
    let mut bytes = head.into_bytes();
    for chunk in body.chunks(size) {
        bytes.extend(
            format!("{:x}\r\n", chunk.len()).bytes().chain(chunk.iter().copied()).chain(*b"\r\n"),
        );
    }
    bytes.extend(*b"0\r\n\r\n");
    bytes
}
