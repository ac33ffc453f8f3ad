//! Start-up within the limits of a container.

use std::fs;
use std::os::unix::fs::chown;

use tokio::process::Command;

use crate::call::Call;
use crate::harness::Harness;
use crate::item::Item;
use crate::launch::Launch;
use crate::verdict::{Problem, Verdict};

pub(super) const ITEMS: &[Item] =
    &[Item::must(14, "it serves within the limits of a container", |harness| {
        Box::pin(limits(harness))
    })];

/// The user of every container.
const USER: u32 = 1000;
/// How many processes and threads a container may have.
const PROCESSES: usize = 50;
/// The shell that removes all rights: number of processes, then the command.
const SHELL: &str = "mount --make-rprivate / && mount -o remount,bind,ro / || exit 125; limit=$1; shift; \
    exec prlimit --nofile=350 --nproc=\"$limit\" setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps=-all \
    --bounding-set=-all --no-new-privs \"$@\"";

async fn limits(harness: Harness) -> Verdict {
    // The kernel counts all threads of a user, also those outside the container.
    let limit = (threads_of(USER) + PROCESSES).to_string();
    let allowed = Command::new("unshare")
        .args(["--mount", "/bin/sh", "-c", SHELL, "sh", &limit, "true"])
        .output()
        .await;
    if !allowed.is_ok_and(|output| output.status.success()) {
        return Err(Problem::not_checked(
            "a read-only root and another user need root's rights, and unshare, prlimit and setpriv",
        ));
    }
    let wrapper = ["unshare", "--mount", "/bin/sh", "-c", SHELL, "sh", &limit];
    let launch = Launch::new(&harness).await?;
    chown(launch.directory(), Some(USER), Some(USER)).map_err(Problem::machine("another owner"))?;
    // A socket is made in a file system of its own there, as the root is read-only.
    let directory = launch.directory().display().to_string();
    let bind = format!(
        "mount --bind '{directory}' '{directory}' && mount -o remount,bind,rw '{directory}' && {SHELL}"
    );
    let mut wrapper = wrapper;
    wrapper[4] = &bind;
    let instance = launch.wrapped(&wrapper).start().await?;
    for _ in 0..3 {
        instance.served(Call::with("{}")).await?;
    }
    let group = instance.process.id().unwrap_or_default();
    let threads = fs::read_dir(format!("/proc/{group}/task")).map_or(0, Iterator::count);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    Ok(format!(
        "read-only root, user 1000, no capabilities, 50 pids, 350 files: {threads} threads on {cores} cores"
    ))
}

/// Returns how many threads a user has.
fn threads_of(user: u32) -> usize {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let count = |status: String| {
        let line =
            |name: &str| status.lines().find_map(|line| line.strip_prefix(name).map(str::trim));
        let owner = line("Uid:")?.split_whitespace().next()?.parse();
        if owner == Ok(user) { line("Threads:")?.parse::<usize>().ok() } else { None }
    };
    let statuses =
        processes.filter_map(|entry| fs::read_to_string(entry.path().join("status")).ok());
    statuses.filter_map(count).sum::<usize>()
}
