//! Ends a function whose agent is gone. Against SIGKILL only another process can do that.

use std::io::{self, PipeWriter, Write};
use std::process::Stdio;

use rustix::process::Pid;
use tokio::process::Command;

use super::image::Container;

/// Waits for a line, which says that the function has ended. The end of the input without one is the end of the agent.
const SCRIPT: &str = r#"group=$1; shift; read -r line || { kill -s KILL -- "-$group"; "$@"; }"#;

/// The agent's end of a pipe, which the kernel closes with the agent.
#[derive(Debug)]
pub(super) struct Watchdog(PipeWriter);

impl Watchdog {
    /// Kills this group of processes, and removes this container, once the agent is gone.
    pub(super) fn over(group: Pid, container: Option<&Container>) -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT, "watchdog"]).arg(group.as_raw_pid().to_string());
        command.args(container.map(Container::removal).into_iter().flatten());
        // In a group of its own, it outlives what a terminal sends to that of the agent.
        command.process_group(0).stdin(reader).stdout(Stdio::null()).stderr(Stdio::null());
        drop(command.spawn()?);
        Ok(Self(writer))
    }

    /// The function has ended: its number may belong to another process by now.
    pub(super) fn dismiss(&self) {
        // Where the watchdog is gone itself, nothing is left to be told.
        (&self.0).write_all(b"\n").ok();
    }
}
