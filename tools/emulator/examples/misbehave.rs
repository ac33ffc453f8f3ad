//! A function for the tests of the agent: it breaks the contract in the way that its arguments say.
//!
//! `misbehave SOCKET CALL [REPLY]`: how the socket appears, what is done with each call, and the
//! bytes of the reply.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::exit,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test's function reads its own environment, speaks to its streams and fails by ending"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::{env, fs, process, thread};

use tokio::signal::unix::{SignalKind, signal};

fn main() {
    let mut arguments = env::args().skip(1);
    let mut argument = || arguments.next().unwrap_or_default();
    let (socket, call, reply) = (argument(), argument(), argument());
    let listener = publish(&socket);
    for connection in listener.incoming() {
        println_both("connected");
        let (connection, call, reply) = (connection.unwrap(), call.clone(), reply.clone());
        thread::spawn(move || serve(connection, &call, reply.as_bytes()));
    }
}

/// Makes the socket appear, rightly or in the way that is asked for.
fn publish(how: &str) -> UnixListener {
    let public = env::var("FN_LISTENER").unwrap();
    println_both(&public);
    let public = PathBuf::from(public.strip_prefix("unix:").unwrap());
    let hidden = public.with_file_name("h");
    let bind = || UnixListener::bind(&hidden).unwrap();
    match how {
        "link" => linked(bind(), "h", &public),
        "dotted-link" => linked(bind(), "./h", &public),
        "absolute-link" => linked(bind(), &hidden, &public),
        "rename" => {
            let listener = bind();
            fs::rename(hidden, public).unwrap();
            listener
        }
        "dangling-link" => {
            symlink("h", &public).unwrap();
            UnixListener::bind(public.with_file_name("other")).unwrap()
        }
        "file" => {
            fs::write(&public, "").unwrap();
            bind()
        }
        // The socket's file stays behind, and nobody listens.
        "deaf" => {
            drop(bind());
            symlink("h", &public).unwrap();
            UnixListener::bind(public.with_file_name("other")).unwrap()
        }
        "never" => bind(),
        "exit" => {
            println_both("no configuration");
            process::exit(1)
        }
        "orderly" => {
            let listener = bind();
            thread::spawn(end_at_sigterm);
            linked(listener, "h", &public)
        }
        other => panic!("{other}"),
    }
}

fn linked(listener: UnixListener, target: impl AsRef<Path>, public: &Path) -> UnixListener {
    symlink(target, public).unwrap();
    listener
}

fn end_at_sigterm() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        signal(SignalKind::terminate()).unwrap().recv().await;
    });
    process::exit(7);
}

/// Serves one connection, call after call.
fn serve(mut connection: UnixStream, call: &str, reply: &[u8]) {
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    while let Some(head) = read_head(&mut reader) {
        let mut send = |bytes: &[u8]| connection.write_all(bytes).unwrap_or_default();
        match call {
            "reply" => {
                read_body(&mut reader, &head);
                send(reply);
            }
            "reply-then-close" => {
                read_body(&mut reader, &head);
                send(reply);
                return;
            }
            "reply-then-read" => {
                send(reply);
                read_body(&mut reader, &head);
            }
            "reply-unread" => {
                send(reply);
                return;
            }
            "reply-then-exit" => {
                read_body(&mut reader, &head);
                send(reply);
                process::exit(0);
            }
            "exit" => process::exit(1),
            "hang" => drop(read_body(&mut reader, &head)),
            "report" => {
                let body = read_body(&mut reader, &head);
                let length = head.len() + body.len();
                println_both("called");
                send(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").as_bytes());
                send(&head);
                send(&body);
            }
            "endless-head" => {
                read_body(&mut reader, &head);
                send(b"HTTP/1.1 200 OK\r\n");
                send_forever(&mut connection, b"X-Long: ");
            }
            "endless-body" => {
                read_body(&mut reader, &head);
                send(b"HTTP/1.1 200 OK\r\n\r\n");
                send_forever(&mut connection, b"");
            }
            other => panic!("{other}"),
        }
    }
    println_both("closed");
}

/// Sends the start of a line and then no end of it, until nobody listens any more.
fn send_forever(connection: &mut UnixStream, line: &[u8]) {
    let mut sent = connection.write_all(line);
    while sent.is_ok() {
        sent = connection.write_all(&[b'x'; 8192]);
    }
}

/// The bytes of a request to its empty line; none at the end of the connection.
fn read_head(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if reader.read_until(b'\n', &mut head).unwrap_or_default() == 0 {
            return None;
        }
    }
    Some(head)
}

/// The bytes of a chunked body, its framing included.
fn read_body(reader: &mut impl Read, head: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    let chunked = String::from_utf8_lossy(head).contains("Transfer-Encoding: chunked");
    let mut buffer = [0; 8192];
    while chunked && !body.ends_with(b"0\r\n\r\n") {
        match reader.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => body.extend(buffer.iter().take(count)),
        }
    }
    body
}

fn println_both(line: &str) {
    println!("{line} out");
    eprintln!("{line} err");
}
