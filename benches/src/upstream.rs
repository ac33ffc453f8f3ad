//! A model deployment that answers the same to everything: no program waits for a model or a verification. Its streams begin, and
//! never end.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use emulator::deployment::{Authority, Certificate};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 28\r\n\r\n{\"prediction\":[\"virginica\"]}";
const STREAM: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n10\r\ndata: {\"n\": 0}\n\n\r\n";
/// What its threads are called.
pub(super) const THREAD: &str = "model";

/// Serves on a free port of 127.0.0.1 until the process ends; the port.
pub(super) fn start(authority: &Authority) -> u16 {
    let config = authority.server_config(Certificate::Valid);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let config = config.clone();
            let thread = thread::Builder::new().name(THREAD.to_owned());
            thread.spawn(move || serve(stream, config)).unwrap();
        }
    });
    port
}

fn serve(stream: TcpStream, config: Arc<ServerConfig>) {
    stream.set_nodelay(true).unwrap();
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    let mut buffer = Vec::new();
    let mut piece = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = stream.read(&mut piece) {
        buffer.extend(piece.iter().take(read));
        let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(buffer.get(..end).unwrap()).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if buffer.len() == end + 4 + length.parse::<usize>().unwrap() {
            let is_stream = head.lines().next().unwrap().contains("/predictwithresponsestream ");
            buffer.clear();
            stream.write_all(if is_stream { STREAM } else { ANSWER }).unwrap();
            stream.flush().unwrap();
        }
    }
}
