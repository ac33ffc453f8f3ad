//! The server's process, its log, and what it counts.

use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::secrets::is_leak;

/// The bound of every wait.
const PATIENCE: Duration = Duration::from_secs(40);

pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    admin: SocketAddr,
    log: JoinHandle<Log>,
}

/// What the log had.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) lines: u64,
    /// How many calls have a line, by the status in it.
    pub(crate) statuses: BTreeMap<u16, u64>,
    ids: HashSet<String>,
    /// Lines with a secret, and second lines of a call.
    pub(crate) wrong: Vec<String>,
}

impl Process {
    /// Starts it with the files that are in `directory`; it may call `host`.
    pub(crate) fn start(path: &str, directory: &Path, host: &str) -> Self {
        let file = |name: &str| directory.join(name).display().to_string();
        let mut child = Command::new(path)
            .env_clear()
            .env("LISTEN_ADDRESS", "127.0.0.1:0")
            .env("ADMIN_ADDRESS", "127.0.0.1:0")
            .env("GATEWAY_SECRET_FILE", file("secret"))
            .env("TLS_CERT_FILE", file("cert.pem"))
            .env("TLS_KEY_FILE", file("key.pem"))
            .env("CALL_TIMEOUT", "3")
            .env("OCI_RESOURCE_PRINCIPAL_VERSION", "2.2")
            .env("OCI_RESOURCE_PRINCIPAL_RPST", file("rpst"))
            .env("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", file("private.pem"))
            .env("ALLOWED_HOSTS", host)
            .env("ALLOWED_PATHS", "/{}")
            .env("SSL_CERT_FILE", file("ca.pem"))
            .env("LOG_FORMAT", "json")
            .env("LOG_LEVEL", "debug")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (lines, (tell, told)) = (child.stderr.take().unwrap(), mpsc::channel());
        let log = thread::spawn(move || watch(lines, &tell));
        let ready = told.recv_timeout(PATIENCE).expect("the server is ready in time");
        let address = |name: &str| {
            ready.get(name).and_then(Value::as_str).unwrap_or_default().parse().unwrap()
        };
        Self { child, address: address("address"), admin: address("admin_address"), log }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The text of `/metrics`.
    pub(crate) async fn metrics(&self) -> String {
        let mut stream = TcpStream::connect(self.admin).await.unwrap();
        let request = b"GET /metrics HTTP/1.1\r\nhost: server\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    /// Ends it in order; its log, and how it ended.
    pub(crate) async fn stop(mut self) -> (Log, ExitStatus) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        let ordered = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(ordered.elapsed() < PATIENCE, "the server does not end after SIGTERM");
            sleep(Duration::from_millis(50)).await;
        };
        (self.log.join().unwrap(), status)
    }
}

/// Reads the log to its end, and tells the line `ready`.
fn watch(lines: ChildStderr, tell: &Sender<Value>) -> Log {
    let mut log = Log::default();
    for line in BufReader::new(lines).lines() {
        let line = line.unwrap();
        log.lines += 1;
        if is_leak(&line) {
            log.wrong.push(line.clone());
        }
        let fields: Value = serde_json::from_str(&line).unwrap();
        if fields.get("message").is_some_and(|message| message == "ready") {
            tell.send(fields).unwrap();
        } else if let Some(call) = fields.get("call").and_then(Value::as_str) {
            let status = fields.get("status").and_then(Value::as_u64).unwrap();
            *log.statuses.entry(u16::try_from(status).unwrap()).or_default() += 1;
            if !log.ids.insert(call.to_owned()) {
                log.wrong.push(line);
            }
        }
    }
    log
}
