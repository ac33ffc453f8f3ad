//! A function's image in a container, under the limits that the platform sets.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command as Blocking, Stdio};

use tokio::process::Command;

/// Where a container finds the directory of its socket.
pub(super) const MEETING_PLACE: &str = "/tmp/iofs";
/// How long the engine may take to carry out a command, in seconds.
const COMMAND_TIMEOUT_SECONDS: &str = "10";

/// The options of every container.
///
/// Source: docs/spec/fn-container-contract.md#sandbox. The machine's network is no part of it: the emulated
/// cloud listens there.
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

/// What runs containers.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Engine {
    /// Docker
    #[default]
    Docker,
    /// Podman, which takes the same commands
    Podman,
}

impl Engine {
    /// Returns the one with a client of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Docker, Self::Podman].into_iter().find(|engine| engine.program() == name)
    }

    /// Returns its client.
    pub(super) fn program(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }
}

/// An image that the engine has, and what it sees of this machine.
#[derive(Clone, Debug)]
pub struct Image {
    pub(super) name: String,
    pub(super) engine: Engine,
    /// Whether `SELinux` enforces its rules here: then a container sees only what is labelled as
    /// its own.
    is_labelled: bool,
    mounts: Vec<(PathBuf, PathBuf)>,
}

impl Image {
    /// Creates the image of this name or id.
    pub fn new(name: impl Into<String>) -> Self {
        let enforced = fs::read("/sys/fs/selinux/enforce");
        let is_labelled = enforced.is_ok_and(|enforced| enforced.starts_with(b"1"));
        Self { name: name.into(), engine: Engine::default(), is_labelled, mounts: Vec::new() }
    }

    /// The same image, run by another engine.
    #[must_use]
    pub fn engine(mut self, engine: Engine) -> Self {
        self.engine = engine;
        self
    }

    /// The same image with a directory of this machine to read from.
    #[must_use]
    pub fn mount(mut self, directory: impl Into<PathBuf>, inside: impl Into<PathBuf>) -> Self {
        self.mounts.push((directory.into(), inside.into()));
        self
    }

    /// Returns the folder for the socket inside a private one. It is open to all, as the user of a
    /// container is another.
    pub(super) fn meeting_place(private: &Path) -> PathBuf {
        private.join("iofs")
    }

    /// Returns the command that runs a container until it ends. It takes the values of `variables`
    /// from its own environment.
    pub(super) fn command<'a>(
        &self,
        private: &Path,
        memory: u32,
        variables: impl Iterator<Item = &'a OsString>,
    ) -> Command {
        let mut command = Command::new(self.engine.program());
        command.arg("run").args(LIMITS).arg("--name").arg(self.container(private).name);
        command.args([format!("--memory={memory}m"), format!("--memory-swap={memory}m")]);
        command.arg("--volume").arg(self.volume(
            &Self::meeting_place(private),
            Path::new(MEETING_PLACE),
            "rw",
        ));
        for (directory, inside) in &self.mounts {
            command.arg("--volume").arg(self.volume(directory, inside, "ro"));
        }
        for variable in variables {
            command.arg("--env").arg(variable);
        }
        command.arg(&self.name);
        command
    }

    /// Returns the container that has its name from its private folder.
    pub(super) fn container(&self, private: &Path) -> Container {
        let name = private.file_name().unwrap_or_default().to_owned();
        Container { engine: self.engine, name }
    }

    fn volume(&self, directory: &Path, inside: &Path, mode: &str) -> OsString {
        let label = if self.is_labelled { ",Z" } else { "" };
        let mode = format!("{mode}{label}");
        [directory.as_os_str(), inside.as_os_str(), mode.as_ref()].join(OsStr::new(":"))
    }
}

/// A container, which signals to its engine's client do not reach.
#[derive(Clone, Debug)]
pub(crate) struct Container {
    engine: Engine,
    name: OsString,
}

impl Container {
    pub(super) fn pause(&self) {
        self.ask(&["pause"]);
    }

    pub(super) fn unpause(&self) {
        self.ask(&["unpause"]);
    }

    pub(super) fn remove(&self) {
        self.ask(&["rm", "--force"]);
    }

    /// Returns the command that removes it, for another process.
    pub(super) fn removal(&self) -> [OsString; 4] {
        [self.engine.program().into(), "rm".into(), "--force".into(), self.name.clone()]
    }

    /// Has the engine do it, and blocks until it is done: no two of these may cross. It fails only
    /// where the container has ended, which its client then tells.
    fn ask(&self, command: &[&str]) {
        let mut engine = Blocking::new("timeout");
        engine.args([COMMAND_TIMEOUT_SECONDS, self.engine.program()]).args(command).arg(&self.name);
        engine.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        engine.status().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_labelled_where_selinux_enforces() {
        let image = Image::new("func:1").mount("/home/me/c", "/.oci-credentials");
        for (is_labelled, volumes) in [
            (true, ["/tmp/fn1/iofs:/tmp/iofs:rw,Z", "/home/me/c:/.oci-credentials:ro,Z"]),
            (false, ["/tmp/fn1/iofs:/tmp/iofs:rw", "/home/me/c:/.oci-credentials:ro"]),
        ] {
            let image = Image { is_labelled, ..image.clone() };
            let command = image.command(Path::new("/tmp/fn1"), 128, [].iter());
            let words: Vec<_> = command.as_std().get_args().collect();
            for volume in volumes {
                assert!(words.contains(&OsStr::new(volume)), "{words:?}");
            }
        }
    }

    #[test]
    fn another_engine_runs_pauses_and_removes_the_container() {
        let image = Image::new("func:1").engine(Engine::Podman);
        let private = Path::new("/tmp/fn1");
        let command = image.command(private, 128, [].iter());
        assert_eq!(command.as_std().get_program(), "podman");
        assert_eq!(image.container(private).removal(), ["podman", "rm", "--force", "fn1"]);
    }
}
