//! The real server as a process, its log, and what it signs with.

use std::collections::BTreeMap;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use emulator::deployment::Authority;
use emulator::keys::Key;
use emulator::principal::{Issuer, ResourcePrincipal};
use emulator::services::Services;
use emulator::user::User;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::upstream::Upstream;

const PATIENCE: Duration = Duration::from_secs(60);
static ISSUER: LazyLock<Arc<Issuer>> = LazyLock::new(Issuer::new);
static SESSION: LazyLock<Key> = LazyLock::new(Key::generate);

/// A deployment, and variables for a server that may call it.
pub(crate) struct Setup {
    pub(crate) upstream: Upstream,
    pub(crate) directory: TempDir,
    authority: Authority,
    variables: BTreeMap<String, String>,
}

impl Setup {
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        let upstream = Upstream::start(&authority).await;
        let hour = Duration::from_secs(3600);
        let principal =
            ResourcePrincipal::with(ISSUER.clone(), &SESSION, directory.path(), hour).unwrap();
        let roots = directory.path().join("ca.pem");
        std::fs::write(&roots, authority.pem()).unwrap();
        let own = [
            ("LISTEN_ADDRESS", "127.0.0.1:0".to_owned()),
            ("LOG_FORMAT", "json".to_owned()),
            ("ALLOWED_HOSTS", upstream.host()),
            ("ALLOWED_PATHS", "/{}".to_owned()),
            ("SSL_CERT_FILE", roots.display().to_string()),
        ];
        let variables = principal.variables().into_iter().chain(own);
        let variables = variables.map(|(name, value)| (name.to_owned(), value)).collect();
        Self { upstream, directory, authority, variables }
    }

    /// The services that the server may call beside the deployment.
    pub(crate) async fn services(&self) -> Services {
        Services::start(ISSUER.clone(), User::new(), &self.authority).await.unwrap()
    }

    /// The same with another variable.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    pub(crate) fn spawn(&self) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
        command.env_clear().envs(&self.variables).stderr(Stdio::piped()).kill_on_drop(true);
        command.spawn().unwrap()
    }

    /// The server, once it is ready.
    pub(crate) async fn start(&self) -> Server {
        let mut child = self.spawn();
        let log = Arc::<Log>::default();
        let (own, stderr) = (log.clone(), child.stderr.take().unwrap());
        let reader = tokio::spawn(async move {
            let mut lines = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                own.lines.lock().unwrap().push(line);
                own.changed.notify_waiters();
            }
        });
        let (address, admin) = (String::new(), String::new());
        let mut server = Server { child, log, reader, address, admin };
        let ready = server.line(|line| line["message"] == "ready").await;
        let text = |name: &str| ready[name].as_str().unwrap_or_default().to_owned();
        (server.address, server.admin) = (text("address"), text("admin_address"));
        server
    }
}

#[derive(Debug, Default)]
struct Log {
    lines: Mutex<Vec<String>>,
    changed: Notify,
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    log: Arc<Log>,
    /// Reads the log to its end.
    reader: JoinHandle<()>,
    pub(crate) address: String,
    pub(crate) admin: String,
}

impl Server {
    /// Waits for a line of the log.
    pub(crate) async fn line(&self, such: impl Fn(&Value) -> bool) -> Value {
        let found = async {
            loop {
                let changed = self.log.changed.notified();
                if let Some(line) = self.lines().into_iter().find(&such) {
                    return line;
                }
                changed.await;
            }
        };
        let found = timeout(PATIENCE, found).await;
        found.unwrap_or_else(|_| panic!("no such line: {}", self.text()))
    }

    /// The next line behind so many.
    pub(crate) async fn line_behind(&self, count: usize) -> Value {
        self.line(|_| self.lines().len() > count).await;
        self.lines()[count].clone()
    }

    /// The lines so far.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let lines = self.log.lines.lock().unwrap();
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The whole log so far.
    pub(crate) fn text(&self) -> String {
        self.log.lines.lock().unwrap().join("\n")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// The most memory that it has had, in bytes.
    pub(crate) fn peak_memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").trim().parse::<usize>().unwrap() * 1024
    }

    pub(crate) async fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        let killed = kill.args([format!("-{name}"), self.pid().to_string()]).status().await;
        assert!(killed.unwrap().success());
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> (ExitStatus, String) {
        let status = timeout(PATIENCE, self.child.wait()).await.expect("it ended in time").unwrap();
        timeout(PATIENCE, &mut self.reader).await.expect("its log ended in time").unwrap();
        (status, self.text())
    }
}
