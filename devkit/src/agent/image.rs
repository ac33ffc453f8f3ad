//! A function's image in a container of docker, under the limits that the platform sets.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command as Blocking, Stdio};

use tokio::process::Command;

/// The engine's client.
pub(super) const ENGINE: &str = "docker";
/// Where a container finds the directory of its socket.
pub(super) const MEETING_PLACE: &str = "/tmp/iofs";
/// How long docker may take to carry out a command, in seconds.
const PATIENCE: &str = "10";

/// What every container gets, whatever its function.
///
/// Source: Fn container contract, limits around start-up and the sandbox. The machine's network is no part of it: the
/// emulated cloud listens there.
const LIMITS: [&str; 15] = [
    "--rm",
    "--init",
    "--read-only",
    "--tmpfs=/tmp",
    "--user=1000:1000",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--pids-limit=50",
    "--ulimit=nofile=350",
    "--ulimit=memlock=65536",
    "--ulimit=msgqueue=819200",
    "--ulimit=sigpending=5000",
    "--log-driver=none",
    "--pull=never",
    "--network=host",
];

/// An image that docker has, and what it sees of this machine.
#[derive(Clone, Debug)]
pub struct Image {
    pub(super) name: String,
    mounts: Vec<(PathBuf, PathBuf)>,
}

impl Image {
    /// The image of this name or id.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), mounts: Vec::new() }
    }

    /// The same image with a directory of this machine to read from.
    #[must_use]
    pub fn mount(mut self, directory: impl Into<PathBuf>, inside: impl Into<PathBuf>) -> Self {
        self.mounts.push((directory.into(), inside.into()));
        self
    }

    /// The folder for the socket inside a private one. It is open to all, as the user of a container is another.
    pub(super) fn meeting_place(private: &Path) -> PathBuf {
        private.join("iofs")
    }

    /// The command that runs a container until it ends. It takes the values of `variables` from its own environment.
    pub(super) fn command<'a>(
        &self,
        private: &Path,
        memory: u32,
        variables: impl Iterator<Item = &'a OsString>,
    ) -> Command {
        let mut command = Command::new(ENGINE);
        command.arg("run").args(LIMITS).arg("--name").arg(Container::of(private).0);
        command.args([format!("--memory={memory}m"), format!("--memory-swap={memory}m")]);
        command.arg("--volume").arg(volume(
            &Self::meeting_place(private),
            Path::new(MEETING_PLACE),
            "rw",
        ));
        for (directory, inside) in &self.mounts {
            command.arg("--volume").arg(volume(directory, inside, "ro"));
        }
        for variable in variables {
            command.arg("--env").arg(variable);
        }
        command.arg(&self.name);
        command
    }
}

fn volume(directory: &Path, inside: &Path, mode: &str) -> OsString {
    [directory.as_os_str(), inside.as_os_str(), mode.as_ref()].join(OsStr::new(":"))
}

/// A container of docker, which signals to its client do not reach.
#[derive(Clone, Debug)]
pub(crate) struct Container(OsString);

impl Container {
    /// The container that has its name from its private folder.
    pub(super) fn of(private: &Path) -> Self {
        Self(private.file_name().unwrap_or_default().to_owned())
    }

    pub(super) fn pause(&self) {
        self.ask(&["pause"]);
    }

    pub(super) fn unpause(&self) {
        self.ask(&["unpause"]);
    }

    pub(super) fn remove(&self) {
        self.ask(&["rm", "--force"]);
    }

    /// The command that removes it, for another process.
    pub(super) fn removal(&self) -> [OsString; 4] {
        [ENGINE.into(), "rm".into(), "--force".into(), self.0.clone()]
    }

    /// Has docker do it, and blocks until it is done: no two of these may cross. It fails only where the container has
    /// ended, which its client then tells.
    fn ask(&self, command: &[&str]) {
        let mut docker = Blocking::new("timeout");
        docker.args([PATIENCE, ENGINE]).args(command).arg(&self.0);
        docker.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        docker.status().ok();
    }
}
