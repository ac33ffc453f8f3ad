//! An agent in bytes: what is on the socket is what is tested.

use std::time::Duration;

use fn_fdk::{Call, IntoReply, Listener, Server};
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// A direct call with these further header lines.
pub(crate) fn direct(headers: &str, body: &str) -> String {
    let length = body.len();
    format!("POST /call HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
}

/// The same through a gateway.
pub(crate) fn gateway(headers: &str, body: &str) -> String {
    direct(&format!("Fn-Intent: httprequest\r\n{headers}"), body)
}

/// What a function answers to these requests, each on a connection of its own and all at once.
pub(crate) async fn answered<H, R, const N: usize>(handler: H, requests: [String; N]) -> [Answer; N]
where
    H: AsyncFn(Call) -> R,
    R: IntoReply,
{
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("lsnr.sock");
    let server = Server::new(Listener::publish(&socket).unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let calls = async {
        let exchanges = requests.iter().map(async |request| {
            let mut stream = UnixStream::connect(&socket).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).await.unwrap();
            Answer::read(&bytes)
        });
        let answers = join_all(exchanges).await;
        stop.send(()).unwrap();
        answers
    };
    let served = server.serve(handler, async { drop(stopped.await) });
    let limit = Duration::from_secs(20);
    let (answers, ()) = timeout(limit, async { tokio::join!(calls, served) }).await.unwrap();
    assert!(!socket.exists(), "the socket stays after the stop");
    answers.try_into().unwrap()
}

/// An answer as it was on the socket, its body out of its chunks.
#[derive(Debug)]
pub(crate) struct Answer {
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn read(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let (head, body) = (String::from_utf8(bytes[..end].to_vec()).unwrap(), &bytes[end + 4..]);
        let mut answer = Self { head, body: body.to_vec() };
        if answer.header("transfer-encoding") == Some("chunked") {
            let text = String::from_utf8(body.to_vec()).unwrap();
            let mut rest = text.as_str();
            answer.body.clear();
            while let Some((size, more)) = rest.split_once("\r\n") {
                let size = usize::from_str_radix(size, 16).unwrap();
                answer.body.extend_from_slice(&more.as_bytes()[..size]);
                rest = &more[size + 2..];
            }
        }
        answer
    }

    /// The status on the socket.
    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// The status that a gateway passes on.
    pub(crate) fn fn_status(&self) -> u16 {
        self.header("fn-http-status").unwrap().parse().unwrap()
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
