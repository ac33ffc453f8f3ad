//! A tenth of a core and 128 MB, as the smallest function has: a cgroup of either version.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

/// What a cgroup is limited by: version 2, or version 1 with one hierarchy for each controller.
const UNIFIED: (&str, &[(&str, &str)]) =
    ("/sys/fs/cgroup", &[("cpu.max", "10000 100000"), ("memory.max", "134217728")]);
const CPU: (&str, &[(&str, &str)]) =
    ("/sys/fs/cgroup/cpu", &[("cpu.cfs_period_us", "100000"), ("cpu.cfs_quota_us", "10000")]);
const MEMORY: (&str, &[(&str, &str)]) =
    ("/sys/fs/cgroup/memory", &[("memory.limit_in_bytes", "134217728")]);

/// Groups of this process; removed with this value.
#[derive(Debug)]
pub struct Limits(Vec<PathBuf>);

impl Limits {
    /// Makes the groups, where the system lets it.
    pub fn new() -> io::Result<Self> {
        let unified = Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
        let wanted = if unified { vec![UNIFIED] } else { vec![CPU, MEMORY] };
        let mut limits = Self(Vec::new());
        for (hierarchy, values) in wanted {
            let group = Path::new(hierarchy).join(format!("benches-{}", process::id()));
            fs::create_dir(&group)?;
            limits.0.push(group.clone());
            for (name, value) in values {
                fs::write(group.join(name), value)?;
            }
        }
        Ok(limits)
    }

    /// Returns a command that enters the groups and becomes the program.
    pub fn command(&self, program: &Path) -> Command {
        let enter = "for group in $GROUPS_TO_ENTER; do echo $$ > $group/cgroup.procs; done; exec \"$0\" \"$@\"";
        let groups: Vec<String> = self.0.iter().map(|group| group.display().to_string()).collect();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &enter.replace("$GROUPS_TO_ENTER", &groups.join(" "))]).arg(program);
        command
    }
}

impl Drop for Limits {
    fn drop(&mut self) {
        for group in &self.0 {
            if let Err(error) = fs::remove_dir(group) {
                println!("{} was left: {error}", group.display());
            }
        }
    }
}
