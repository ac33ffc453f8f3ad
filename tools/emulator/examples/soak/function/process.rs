//! The function's process, and the agent's side of its socket.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use emulator::clock::{now, rfc3339};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::scenario::{Body, Call, Expected, Leaves};
use super::upstream::Upstream;
use crate::secrets::is_leak;

/// The bound of every wait.
const PATIENCE: Duration = Duration::from_secs(40);

pub(crate) struct Function {
    child: Child,
    socket: PathBuf,
    connection: Option<UnixStream>,
    frozen: bool,
    log: JoinHandle<(u64, Vec<String>)>,
    _directory: TempDir,
}

impl Function {
    /// Starts it with the principal and the root that are in `directory`; it may call `host`.
    pub(crate) fn start(path: &str, directory: TempDir, host: String) -> Self {
        let file = |name: &str| directory.path().join(name).display().to_string();
        let socket = directory.path().join("lsnr.sock");
        let mut child = Command::new(path)
            .env_clear()
            .env("FN_LISTENER", format!("unix:{}", socket.display()))
            .env("FN_FORMAT", "http-stream")
            .env("OCI_RESOURCE_PRINCIPAL_VERSION", "2.2")
            .env("OCI_RESOURCE_PRINCIPAL_RPST", file("rpst"))
            .env("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", file("private.pem"))
            .env("ALLOWED_HOSTS", host)
            .env("SSL_CERT_FILE", file("ca.pem"))
            .env("LOG_LEVEL", "debug")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = child.stderr.take().unwrap();
        let log = thread::spawn(move || watch(lines));
        let function =
            Self { child, socket, connection: None, frozen: false, log, _directory: directory };
        let start = Instant::now();
        while UnixStream::connect(&function.socket).is_err() {
            assert!(start.elapsed() < PATIENCE, "the function's socket does not appear");
            thread::yield_now();
        }
        function
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Stops it where it stands, until the next request is on its way.
    pub(crate) fn freeze(&mut self) {
        self.signal(Signal::STOP);
        self.frozen = true;
    }

    /// Gives the connection up, as the agent does with one that was not used for a second.
    pub(crate) fn close(&mut self) {
        self.connection = None;
    }

    /// Makes a call. An error says what was wrong with its answer.
    pub(crate) fn call(&mut self, call: &Call, upstream: &Upstream) -> Result<(), String> {
        let deadline = rfc3339(now() + Duration::from_secs(if call.urgent { 1 } else { 30 }));
        let head = format!(
            "POST /call HTTP/1.1\r\nHost: localhost\r\nFn-Call-Id: 01SOAK\r\nFn-Deadline: {deadline}\r\nContent-Length: {}\r\n{}\r\n",
            call.body.len(),
            call.headers
        );
        let request = [head.as_bytes(), &call.body].concat();
        let answer = match call.leaves {
            Some(leaves) => {
                let result = self.leave(&request, leaves, upstream);
                self.connection = None;
                return result.map_err(|error| error.to_string());
            }
            None => self.exchange(&request),
        };
        answer.map_err(|error| error.to_string()).and_then(|answer| answer.compare(&call.expected))
    }

    fn exchange(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.send(request)?;
        let mut connection = self.connection.take().ok_or(io::ErrorKind::NotConnected)?;
        let answer = Answer::read(&mut connection)?;
        self.connection = Some(connection);
        Ok(answer)
    }

    /// Starts a call, and is gone before its end.
    fn leave(&mut self, request: &[u8], leaves: Leaves, upstream: &Upstream) -> io::Result<()> {
        match leaves {
            Leaves::Sending(thousandths) => {
                let part = request.get(..request.len() * thousandths / 1000).unwrap_or_default();
                self.send(part)
            }
            Leaves::Waiting => {
                self.send(request)?;
                let held = upstream.holds();
                self.connection = None;
                upstream.release();
                if held { Ok(()) } else { Err(io::ErrorKind::TimedOut.into()) }
            }
        }
    }

    /// Sends on the connection there is, or on a new one; what is frozen goes on when the request
    /// is on its way.
    fn send(&mut self, request: &[u8]) -> io::Result<()> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => UnixStream::connect(&self.socket)?,
        };
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.set_write_timeout(Some(PATIENCE))?;
        // More than this does not fit into a socket that nobody reads.
        let (first, rest) = request.split_at(request.len().min(4096));
        connection.write_all(first)?;
        if std::mem::take(&mut self.frozen) {
            self.signal(Signal::CONT);
        }
        connection.write_all(rest)?;
        self.connection = Some(connection);
        Ok(())
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Ends it in order; how many lines it wrote, those that hold a secret, and how it ended.
    pub(crate) fn stop(mut self) -> (u64, Vec<String>, ExitStatus) {
        self.connection = None;
        self.signal(Signal::CONT);
        self.signal(Signal::TERM);
        let status = self.child.wait().unwrap();
        let (lines, leaks) = self.log.join().unwrap();
        (lines, leaks, status)
    }
}

/// Reads the log to its end: how many lines there were, and those that hold a secret.
fn watch(log: ChildStderr) -> (u64, Vec<String>) {
    let mut count = 0;
    let mut leaks = Vec::new();
    for line in BufReader::new(log).lines() {
        let line = line.unwrap();
        count += 1;
        if is_leak(&line) && leaks.len() < 1000 {
            leaks.push(line);
        }
    }
    (count, leaks)
}

/// An answer as it was on the socket.
struct Answer {
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn read(connection: &mut UnixStream) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let mut piece = vec![0; 64 * 1024];
        let mut more = |bytes: &mut Vec<u8>| {
            let read = connection.read(&mut piece)?;
            bytes.extend(piece.iter().take(read));
            if read == 0 { Err(io::Error::from(io::ErrorKind::UnexpectedEof)) } else { Ok(()) }
        };
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            more(&mut bytes)?;
        };
        let mut body = bytes.split_off(end + 4);
        let answer = Self { head: String::from_utf8_lossy(&bytes).into_owned(), body: Vec::new() };
        let length = answer.header("content-length").and_then(|text| text.parse().ok());
        let length: usize = length.ok_or(io::ErrorKind::InvalidData)?;
        while body.len() < length {
            more(&mut body)?;
        }
        Ok(Self { body, ..answer })
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    fn compare(&self, expected: &Expected) -> Result<(), String> {
        let wire = self.head.split(' ').nth(1).and_then(|text| text.parse().ok());
        let status = self.header("fn-http-status").and_then(|text| text.parse().ok());
        let body = match &expected.body {
            Body::Exactly(bytes) => self.body == *bytes,
            Body::Error(code) => {
                let json: serde_json::Value =
                    serde_json::from_slice(&self.body).unwrap_or_default();
                json.get("code").is_some_and(|said| said == code)
            }
        };
        if wire == Some(expected.wire) && status == expected.status && body {
            return Ok(());
        }
        let shown = self.body.get(..self.body.len().min(120)).unwrap_or_default();
        Err(format!(
            "{wire:?} {status:?} {}; expected {} {:?}",
            String::from_utf8_lossy(shown),
            expected.wire,
            expected.status
        ))
    }
}
