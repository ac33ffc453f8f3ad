//! How a container starts.

use std::time::{Duration, Instant};

use emulator::agent::{Program, StartError};
use tokio::sync::mpsc::unbounded_channel;

use super::{OK, call, failed_start, misbehave, start};

#[tokio::test]
async fn a_relative_link_and_a_rename_are_good_starts() {
    for how in ["link", "dotted-link", "rename"] {
        let agent = start(misbehave(&[how, "reply", OK])).await;
        assert_eq!(call(&agent).await.body, "ok", "{how}");
        assert_eq!(agent.starts(), 1);
    }
}

#[tokio::test]
async fn anything_else_at_the_name_is_refused() {
    for how in ["absolute-link", "dangling-link", "file"] {
        let error = failed_start(misbehave(&[how])).await;
        assert!(matches!(error, StartError::Listener(_)), "{how}: {error}");
    }
}

#[tokio::test]
async fn a_name_that_appears_before_the_socket_listens_is_refused() {
    let error = failed_start(misbehave(&["deaf"])).await;
    assert!(matches!(error, StartError::Refused(_)), "{error}");
}

#[tokio::test]
async fn an_exit_before_the_socket_is_a_failure_at_once() {
    let (sender, mut written) = unbounded_channel();
    let error = failed_start(misbehave(&["exit"]).log_to(sender)).await;
    assert!(matches!(error, StartError::Ended(status) if status.code() == Some(1)), "{error}");
    let mut lines = Vec::new();
    while let Some(line) = written.recv().await {
        lines.push(line);
    }
    assert_eq!(lines.get(2..).unwrap(), ["no configuration out", "no configuration err"]);
}

#[tokio::test]
async fn a_socket_that_never_appears_ends_the_start_at_its_limit() {
    let limit = Duration::from_millis(300);
    let begun = Instant::now();
    let error = failed_start(misbehave(&["never"]).start_timeout(limit)).await;
    assert!(matches!(error, StartError::TimedOut(_)), "{error}");
    assert!(begun.elapsed() >= limit);
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_named() {
    let error = failed_start(Program::new("/nowhere/func")).await;
    assert!(error.to_string().contains("`/nowhere/func`"), "{error}");
}

#[tokio::test]
async fn the_environment_is_the_platforms_and_the_configuration_and_nothing_else() {
    let script = "env | sort; exit 1";
    let (lines, mut written) = unbounded_channel();
    let program = Program::new("/bin/sh").arguments(["-c", script]).config("MODEL", "iris");
    failed_start(program.log_to(lines)).await;
    let mut names = Vec::new();
    while let Some(line) = written.recv().await {
        names.push(line.split_once('=').unwrap().0.to_owned());
    }
    // The shell adds two of its own.
    names.retain(|name| name != "PWD" && name != "OLDPWD" && name != "_" && name != "SHLVL");
    assert_eq!(
        names,
        [
            "FN_APP_ID",
            "FN_APP_NAME",
            "FN_FN_ID",
            "FN_FN_NAME",
            "FN_FORMAT",
            "FN_LISTENER",
            "FN_LOGFRAME_HDR",
            "FN_LOGFRAME_NAME",
            "FN_MEMORY",
            "FN_TYPE",
            "HOME",
            "HOSTNAME",
            "MODEL",
            "PATH",
        ]
    );
}
