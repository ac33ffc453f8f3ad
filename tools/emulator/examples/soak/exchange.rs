//! Requests and answers as a deployment has them on the wire.

use emulator::deployment::Request;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// An answer with a body.
pub(crate) fn message(status: u16, header: &str, body: &[u8]) -> Vec<u8> {
    let location = if status == 302 { "location: https://elsewhere.example/\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 {status} Soak\r\ncontent-type: application/json\r\n{location}{header}content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The next request of a connection; None at its end.
pub(crate) async fn read(
    stream: &mut TlsStream<TcpStream>,
    buffer: &mut Vec<u8>,
) -> Option<Request> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(buffer).await.unwrap_or_default() == 0 {
            return None;
        }
    };
    let head: Vec<u8> = buffer.drain(..end + 4).collect();
    let head = std::str::from_utf8(&head).ok()?;
    let mut lines = head.trim_end().split("\r\n");
    let mut start = lines.next()?.split(' ');
    let (method, target) = (start.next()?.to_owned(), start.next()?.to_owned());
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers =
        headers.map(|(name, value)| (name.to_ascii_lowercase(), value.as_bytes().to_vec()));
    let mut request = Request { method, target, headers: headers.collect(), body: Vec::new() };
    let length = request.text("content-length")?.parse().ok()?;
    while buffer.len() < length {
        if stream.read_buf(buffer).await.unwrap_or_default() == 0 {
            return None;
        }
    }
    request.body = buffer.drain(..length).collect();
    Some(request)
}
