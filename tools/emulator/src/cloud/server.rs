//! The streaming server as a process beside the emulated cloud: started, heard, ended.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::error::Error;

/// The longest that the start may take.
const START: Duration = Duration::from_secs(30);
/// The longest that the end may take before it is brought about.
const END: Duration = Duration::from_secs(10);
/// The most lines that are told with a start that failed.
const TOLD: usize = 5;

/// The running process. Dropped, it is killed.
#[derive(Debug)]
pub struct Server {
    process: Child,
    /// Where it listens.
    pub(super) address: SocketAddr,
    _reading: JoinSet<()>,
}

impl Server {
    /// Starts a program on a free port of this machine, with these variables and no other; its lines
    /// go to `log`.
    pub(super) async fn start(
        program: &Path,
        variables: &[(String, String)],
        log: Option<UnboundedSender<String>>,
    ) -> Result<Self, Error> {
        let cannot =
            |error: std::io::Error| Error::Server(format!("{}: {error}", program.display()));
        let mut command = Command::new(program);
        command.env_clear().env("LISTEN_ADDRESS", "127.0.0.1:0").envs(variables.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.kill_on_drop(true).spawn().map_err(cannot)?;
        let (told, mut lines) = unbounded_channel();
        let mut reading = JoinSet::new();
        if let (Some(stdout), Some(stderr)) = (process.stdout.take(), process.stderr.take()) {
            reading.spawn(read(stdout, told.clone()));
            reading.spawn(read(stderr, told));
        }
        let mut seen = Vec::new();
        let address = timeout(START, address(&mut lines, &mut seen)).await.ok().flatten();
        for line in &seen {
            pass(log.as_ref(), line);
        }
        let Some(address) = address else {
            let last = seen.iter().rev().take(TOLD).rev().map(String::as_str);
            return Err(Error::Server(last.collect::<Vec<_>>().join("; ")));
        };
        reading.spawn(async move {
            while let Some(line) = lines.recv().await {
                pass(log.as_ref(), &line);
            }
        });
        Ok(Self { process, address, _reading: reading })
    }

    /// Asks it to end, and waits for that.
    pub(super) async fn stop(mut self) {
        let process = self.process.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(process) = process {
            // It fails only where it has ended.
            kill_process(process, Signal::INT).ok();
        }
        // Dropped, it is killed.
        drop(timeout(END, self.process.wait()).await);
    }
}

/// The address that the program says it listens at; None if it ends before. What it says goes into
/// `seen`.
async fn address(
    lines: &mut UnboundedReceiver<String>,
    seen: &mut Vec<String>,
) -> Option<SocketAddr> {
    loop {
        let line = lines.recv().await?;
        let address = line
            .split([' ', ',', '{', '}'])
            .map(|word| word.replace('"', ""))
            .filter_map(|word| {
                word.split_once(['=', ':']).map(|(name, value)| (name.to_owned(), value.to_owned()))
            })
            .find(|(name, _)| name == "address")
            .and_then(|(_, value)| value.parse().ok());
        seen.push(line);
        if address.is_some() {
            return address;
        }
    }
}

async fn read(stream: impl AsyncRead + Unpin, told: UnboundedSender<String>) {
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        // Nobody may listen any more.
        drop(told.send(line));
    }
}

fn pass(log: Option<&UnboundedSender<String>>, line: &str) {
    if let Some(log) = log {
        // Nobody may listen any more.
        drop(log.send(line.to_owned()));
    }
}
