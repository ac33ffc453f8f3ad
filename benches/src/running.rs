//! A started program, and the kernel's measurements of it.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::limits::Limits;
use super::upstream::THREAD;
use super::world::Program;

/// A process that ends with this value.
#[derive(Debug)]
pub struct Running(Child);

impl Running {
    /// Starts a program, within limits or without.
    pub fn start(program: &Program, socket: &Path, limits: Option<&Limits>) -> Self {
        // The second is what the Python kit links the first one to.
        for left in [socket.to_owned(), socket.with_file_name("phonylsnr.sock")] {
            drop(fs::remove_file(left));
        }
        let mut command = match limits {
            Some(limits) => limits.command(&program.path),
            None => Command::new(&program.path),
        };
        command.args(&program.arguments).env_clear().envs(&program.vars);
        Self(
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        )
    }

    /// Returns the processor time it has taken, in milliseconds, that of its threads included.
    pub fn cpu(&self) -> f64 {
        tasks_cpu(&self.0.id().to_string(), |_task| true)
    }

    /// Returns its resident memory now, in MiB.
    pub fn resident(&self) -> f64 {
        self.status("VmRSS:")
    }

    /// Returns the most that was ever resident, in MiB.
    pub fn peak(&self) -> f64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Returns the processor time that the deployment has taken in this process so far, and all else in it, in milliseconds.
pub fn own_cpu() -> [f64; 2] {
    let is_model = |task: &Path| {
        fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim_end() == THREAD)
    };
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let whole = Duration::try_from(time).unwrap().as_secs_f64() * 1e3;
    let model = tasks_cpu("self", is_model);
    [model, whole - model]
}

/// Returns the processor time of the threads of a process that live, in milliseconds.
fn tasks_cpu(process: &str, which: impl Fn(&Path) -> bool) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let tasks = tasks.map(|task| task.unwrap().path()).filter(|task| which(task));
    let nanoseconds: f64 = tasks
        .filter_map(|task| fs::read_to_string(task.join("schedstat")).ok())
        .map(|schedule| schedule.split(' ').next().unwrap().parse::<f64>().unwrap())
        .sum();
    nanoseconds / 1e6
}
