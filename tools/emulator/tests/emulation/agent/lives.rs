//! The life of a container.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use emulator::agent::{Invocation, Program};
use tokio::join;
use tokio::time::timeout;

use super::{OK, agent, bounded, call, failure, message, misbehave, start, state, until};

#[tokio::test]
async fn one_container_serves_call_after_call() {
    let agent = agent("report", "").await;
    let pid = agent.pid();
    for _ in 0..20 {
        assert_eq!(call(&agent).await.status, 200);
    }
    assert_eq!((agent.starts(), agent.pid()), (1, pid));
    let lines = agent.lines();
    assert_eq!(lines.iter().filter(|line| *line == "called err").count(), 20);
    assert_eq!(lines.iter().filter(|line| *line == "called out").count(), 20);
}

#[tokio::test]
async fn calls_at_the_same_time_wait_for_each_other() {
    let agent = agent("report", "").await;
    let calls = async { join!(call(&agent), call(&agent), call(&agent)) };
    let (one, two, three) = Box::pin(calls).await;
    assert_eq!([one.status, two.status, three.status], [200; 3]);
    assert_eq!(agent.starts(), 1);
}

#[tokio::test]
async fn a_container_is_frozen_between_calls_and_works_after() {
    let agent = agent("report", "").await;
    let pid = agent.pid().unwrap();
    for _ in 0..3 {
        assert_eq!(call(&agent).await.status, 200);
        until(|| state(pid).as_deref() == Some("T")).await;
    }
    assert_eq!(agent.starts(), 1);
}

#[tokio::test]
async fn a_container_is_not_frozen_where_that_is_switched_off() {
    let agent = start(misbehave(&["link", "report"]).never_frozen()).await;
    let pid = agent.pid().unwrap();
    let since = Instant::now();
    until(|| {
        assert_ne!(state(pid).unwrap(), "T");
        since.elapsed() > Duration::from_millis(150)
    })
    .await;
}

#[tokio::test]
async fn a_connection_is_dropped_after_a_second_and_the_next_call_has_a_new_one() {
    let agent = start(misbehave(&["link", "report"]).never_frozen()).await;
    let count = |line| agent.lines().iter().filter(|other| *other == line).count();
    assert_eq!(call(&agent).await.status, 200);
    let idle = Instant::now();
    assert_eq!((count("connected out"), count("closed out")), (1, 0));
    until(|| count("closed out") == 1).await;
    assert!(idle.elapsed() >= Duration::from_millis(900));
    assert_eq!(call(&agent).await.status, 200);
    until(|| count("connected out") == 2).await;
    assert_eq!(agent.starts(), 1);
}

#[tokio::test]
async fn after_a_kill_the_next_call_has_a_new_container() {
    let agent = start(misbehave(&["link", "reply-then-exit", OK])).await;
    let first = agent.pid();
    assert_eq!(call(&agent).await.status, 200);
    let answer = call(&agent).await;
    assert_eq!(message(&answer), failure(502, "error receiving function response", false));
    assert_eq!(call(&agent).await.status, 200);
    assert_eq!(agent.starts(), 2);
    assert_ne!(agent.pid(), first);
}

#[tokio::test]
async fn a_caller_who_goes_away_kills_the_container() {
    let agent = agent("hang", "").await;
    let pid = agent.pid().unwrap();
    let gone = timeout(Duration::from_millis(100), agent.call(Invocation::json("{}"))).await;
    assert!(gone.is_err());
    until(|| state(pid).is_none_or(|state| state == "Z")).await;
    assert_eq!(agent.pid(), None);
}

#[tokio::test]
async fn a_failed_restart_is_the_answer_of_the_call_that_needed_it() {
    let directory = tempfile::tempdir().unwrap();
    let script = format!(
        "[ -e {0} ] && exit 1; touch {0}; exec \"$0\" link exit",
        directory.path().join("x").display()
    );
    let path = misbehave(&[]).path;
    let agent = start(Program::new("/bin/sh").arguments([
        "-c".into(),
        script.into(),
        path.into_os_string(),
    ]))
    .await;
    assert_eq!(
        message(&call(&agent).await),
        failure(502, "error receiving function response", false)
    );
    let (status, text, kept) = message(&call(&agent).await);
    assert!(text.starts_with("Container failed to initialize"), "{text}");
    assert_eq!((status, kept, agent.starts()), (502, false, 2));
}

#[tokio::test]
async fn dropping_and_stopping_leave_no_process_and_no_directory() {
    let agents = [agent("report", "").await, agent("report", "").await];
    let left = agents.each_ref().map(|agent| {
        let lines = agent.lines();
        let listener = lines.first().unwrap().strip_prefix("unix:").unwrap();
        (agent.pid().unwrap(), PathBuf::from(listener).parent().unwrap().to_owned())
    });
    let [dropped, stopped] = agents;
    drop(dropped);
    bounded(stopped.stop()).await;
    for (pid, directory) in left {
        until(|| state(pid).is_none_or(|state| state == "Z")).await;
        assert!(!directory.exists());
    }
}

#[tokio::test]
async fn a_frozen_function_can_be_asked_to_end() {
    let agent = start(misbehave(&["orderly", "report"])).await;
    let pid = agent.pid().unwrap();
    until(|| state(pid).as_deref() == Some("T")).await;
    assert_eq!(bounded(agent.terminate()).await.unwrap().code(), Some(7));
    let agent = start(misbehave(&["link", "report"])).await;
    assert_eq!(bounded(agent.terminate()).await.unwrap().signal(), Some(15));
}
