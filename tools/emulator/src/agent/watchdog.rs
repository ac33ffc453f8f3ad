//! Ends a function whose agent is gone. Against SIGKILL only another process can do that.

use std::io::{self, PipeWriter, Write};
use std::process::Stdio;

use rustix::process::Pid;
use tokio::process::Command;

use super::image::Container;

/// Reads the group to kill, and then a line that says that it has ended. The end of the input is
/// the end of the agent.
const SCRIPT: &str =
    r#"read -r group && read -r end || { [ -z "$group" ] || kill -s KILL -- "-$group"; "$@"; }"#;

/// The agent's end of a pipe, which the kernel closes with the agent.
#[derive(Debug)]
pub struct Watchdog(PipeWriter);

impl Watchdog {
    /// Starts a watchdog. It must exist before the function, since nothing else watches that in
    /// between.
    pub fn start() -> io::Result<Self> {
        Self::start_over(None)
    }

    /// The same; it also removes this container once the agent is gone.
    pub(super) fn start_over(container: Option<&Container>) -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT, "watchdog"]);
        command.args(container.map(Container::removal).into_iter().flatten());
        // In a group of its own, it outlives what a terminal sends to that of the agent.
        command.process_group(0).stdin(reader).stdout(Stdio::null()).stderr(Stdio::null());
        drop(command.spawn()?);
        Ok(Self(writer))
    }

    /// From now on it kills this group of processes once the agent is gone.
    pub(super) fn watch(&self, group: Pid) -> io::Result<()> {
        (&self.0).write_all(format!("{}\n", group.as_raw_pid()).as_bytes())
    }

    /// The function has ended: its number may belong to another process by now.
    pub(super) fn dismiss(&self) {
        // If the watchdog itself has gone, there is nothing to notify.
        (&self.0).write_all(b"\n").ok();
    }
}
