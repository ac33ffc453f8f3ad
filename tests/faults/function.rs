//! The real binary in a process of its own, as the agent and the operating system see it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::agent::{Answer, Connection, PATIENCE};
use crate::cloud::call;

/// The binary of this build, or that in `FAULTS_FUNCTION`: the released one, the static one.
fn program() -> PathBuf {
    let other = std::env::var_os("FAULTS_FUNCTION").map(PathBuf::from);
    other.unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_func")))
}

/// The function, about to be started.
pub(crate) struct Start {
    directory: TempDir,
    copy: TempDir,
    socket: PathBuf,
    vars: BTreeMap<&'static str, String>,
    before: Vec<String>,
    program: PathBuf,
}

impl Start {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("lsnr.sock");
        let start = Self {
            socket: socket.clone(),
            directory,
            copy: tempfile::tempdir().unwrap(),
            vars: BTreeMap::new(),
            before: Vec::new(),
            program: program(),
        };
        start.with("FN_LISTENER", format!("unix:{}", socket.display()))
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.vars.insert(name, value.into());
        self
    }

    /// Started by this command, which becomes the function: its arguments follow.
    pub(crate) fn through(mut self, command: &[&str]) -> Self {
        self.before.extend(command.iter().map(ToString::to_string));
        self
    }

    /// As a user of this number who owns nothing; where the tests are not root, as themselves.
    pub(crate) fn by_nobody(mut self, user: u32) -> Self {
        if !is_root() {
            return self;
        }
        // Where the program was built may be closed to others.
        let program = self.copy.path().join("func");
        // By another process: a fork beside this one would keep the copy open for writing, and nobody could start it.
        let copied = std::process::Command::new("cp").args([&self.program, &program]).status();
        assert!(copied.unwrap().success());
        self.program = program;
        for (directory, mode) in [(self.copy.path(), 0o755), (self.directory.path(), 0o777)] {
            fs::set_permissions(directory, Permissions::from_mode(mode)).unwrap();
        }
        let [user, group] = ["--reuid", "--regid"].map(|option| format!("{option}={user}"));
        self.through(&["setpriv", &user, &group, "--clear-groups"])
    }

    /// Where the socket will be.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn command(&self) -> Command {
        let line: Vec<&str> = self.before.iter().map(String::as_str).collect();
        let mut command = match line.split_first() {
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(&self.program);
                command
            }
            None => Command::new(&self.program),
        };
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").envs(&self.vars);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        command
    }

    /// Started, and ready for its first call.
    pub(crate) async fn ready(self) -> Function {
        let mut child = self.command().spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(String::new()));
        loop {
            let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
            let line = line.unwrap_or_else(|| panic!("it did not start: {}", log.lock().unwrap()));
            writeln!(log.lock().unwrap(), "{line}").unwrap();
            if ["message=ready", "\"message\":\"ready\""].iter().any(|said| line.contains(said)) {
                break;
            }
        }
        tokio::spawn(keep(lines, log.clone()));
        Function {
            child,
            socket: self.socket.clone(),
            log,
            calls: AtomicUsize::new(0),
            _start: self,
        }
    }

    /// Starts what must not start: its exit code, and what it said.
    pub(crate) async fn refused(&self) -> (i32, String) {
        let run = self.command().spawn().unwrap().wait_with_output();
        let Output { status, stderr, .. } = timeout(PATIENCE, run).await.unwrap().unwrap();
        let left = fs::read_dir(self.directory()).unwrap().count();
        assert_eq!(left, 0, "files were left beside the socket");
        (status.code().unwrap(), String::from_utf8(stderr).unwrap())
    }
}

async fn keep(mut lines: tokio::io::Lines<BufReader<ChildStderr>>, log: Arc<Mutex<String>>) {
    while let Ok(Some(line)) = lines.next_line().await {
        writeln!(log.lock().unwrap(), "{line}").unwrap();
    }
}

/// A function that runs.
pub(crate) struct Function {
    child: Child,
    pub(crate) socket: PathBuf,
    log: Arc<Mutex<String>>,
    calls: AtomicUsize,
    _start: Start,
}

impl Function {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("it has not ended")
    }

    /// What it wrote so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until it has written this word, after so many bytes of its log.
    pub(crate) async fn logs(&self, word: &str, after: usize) {
        let until = Instant::now() + PATIENCE;
        while !self.log()[after..].contains(word) {
            assert!(Instant::now() < until, "no `{word}`: {}", self.last_line());
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// The last line of it, for the message of a test that fails.
    pub(crate) fn last_line(&self) -> String {
        self.log().lines().last().unwrap_or_default().to_owned()
    }

    pub(crate) fn signal(&self, name: &str) {
        run("kill", &[&format!("-{name}"), &self.pid().to_string()]);
    }

    /// Waits until the operating system has stopped it.
    pub(crate) async fn is_stopped(&self) {
        let until = Instant::now() + PATIENCE;
        let path = format!("/proc/{}/status", self.pid());
        while !fs::read_to_string(&path).unwrap().contains("State:\tT") {
            assert!(Instant::now() < until, "it is not stopped");
            sleep(Duration::from_millis(1)).await;
        }
    }

    pub(crate) async fn raw(&self) -> UnixStream {
        UnixStream::connect(&self.socket).await.unwrap()
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

    /// A body that no other call has.
    pub(crate) fn body(&self) -> String {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        format!("{{\"pid\":{},\"call\":{call}}}", self.pid())
    }

    /// A call that has to succeed, whatever was before.
    pub(crate) async fn serves(&self, url: &str, after: &str) {
        let body = self.body();
        let answer = self.exchange(call(url, "", &body)).await;
        assert!(is_echo(&answer, &body), "after {after}: {answer:?}\n{}", self.last_line());
    }

    /// How many files and sockets it holds: the size of the folder since Linux 6.2. What is in it only
    /// root sees, since the function lets nobody look into it.
    pub(crate) fn descriptors(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.pid());
        match fs::metadata(&folder).expect("it lives").len() {
            0 => fs::read_dir(folder).expect("Linux 6.2 or root").count(),
            size => usize::try_from(size).unwrap(),
        }
    }

    /// Waits until it holds as many as it can.
    pub(crate) async fn fills(&self, descriptors: usize) {
        let until = Instant::now() + PATIENCE;
        while self.descriptors() < descriptors {
            assert!(Instant::now() < until, "{} are open", self.descriptors());
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// The same, whose directory only it sees: the way there is through the process.
    pub(crate) fn inside(mut self) -> Self {
        let root = format!("/proc/{}/root{}", self.pid(), self.socket.display());
        self.socket = PathBuf::from(root);
        self
    }

    /// Waits until it holds no more than so many.
    pub(crate) async fn settles(&self, most: impl Fn() -> usize, after: &str) {
        let until = Instant::now() + PATIENCE;
        while self.descriptors() > most() {
            assert!(Instant::now() < until, "after {after}: {} are open", self.descriptors());
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// A number of `/proc/PID/status`, such as `VmHWM`, in KiB.
    pub(crate) fn status(&self, name: &str) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(&format!("{name}:"))).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Ends it as an operator does; what it wrote in all.
    pub(crate) async fn stop(self) -> String {
        self.signal("TERM");
        self.ended().await
    }

    /// The same, where it was told already.
    pub(crate) async fn ended(mut self) -> String {
        let status = timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap();
        assert_eq!(status.code(), Some(0), "{}", self.log());
        self.log()
    }
}

/// Whether an answer is that of an upstream which serves, to this very body.
pub(crate) fn is_echo(answer: &Answer, body: &str) -> bool {
    (answer.status(), answer.header("fn-http-status")) == (200, Some("200"))
        && answer.body == format!("{{\"echo\":{body}}}").as_bytes()
}

/// The caller's status and the function's own code, of an answer through a gateway.
pub(crate) fn refusal(answer: &Answer) -> (u16, String) {
    let status = answer.header("fn-http-status");
    let status = status.map_or(answer.status(), |status| status.parse().unwrap());
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    (status, json["code"].as_str().unwrap_or_default().to_owned())
}

pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Whether a process can have namespaces of its own, which root needs one more power for.
pub(crate) fn has_namespaces() -> bool {
    let unshared = std::process::Command::new("unshare").args(["-m", "-n", "true"]).output();
    unshared.is_ok_and(|output| output.status.success())
}

/// The socket of a function that was started without its log, once it is there.
pub(crate) async fn socket_of(start: &Start) -> PathBuf {
    let until = Instant::now() + PATIENCE;
    while !start.socket.exists() {
        assert!(Instant::now() < until, "it did not start");
        sleep(Duration::from_millis(1)).await;
    }
    start.socket.clone()
}

/// Runs a tool of the system that has to succeed.
pub(crate) fn run(program: &str, arguments: &[&str]) {
    let status = std::process::Command::new(program).args(arguments).status().unwrap();
    assert!(status.success(), "{program} {arguments:?}: {status}");
}
