//! Somebody ends it: what was made is deleted, and what is known is told.

use std::fs::File;
use std::process::{Child, Command, Stdio};

use emulator::functions::{Fate, Fault};
use http::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::task::spawn_blocking;

use super::{FIXED, Setup, hash, until};
use crate::BOUND;

/// Begins to ask the first question.
fn begun(setup: &Setup, more: &[&str]) -> Child {
    let archive = setup.path("fixed.zip");
    let known = ["--application", &setup.application, "--yes", "--archive", &archive];
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdfn"));
    command.args(setup.arguments(&[&known[..], more].concat())).env_clear();
    let out = File::create(setup.path("out")).unwrap();
    command.env("SSL_CERT_FILE", setup.path("ca.pem")).stdin(Stdio::null()).stdout(out);
    command.spawn().unwrap()
}

/// Sends it a signal, and waits for its exit code; none if the signal ended it at once.
async fn ended_by(mut child: Child, signal: Signal) -> Option<i32> {
    kill_process(Pid::from_child(&child), signal).unwrap();
    spawn_blocking(move || child.wait()).await.unwrap().unwrap().code()
}

#[tokio::test]
async fn ctrl_c_and_a_terminal_that_is_gone_end_it_and_what_was_made_is_deleted() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let setup = Setup::new().await;
        let long = Fate { cold_start: BOUND * 2, ..Fate::default() };
        setup.functions.set_fate(&hash(&FIXED), long);
        let child = begun(&setup, &[]);
        // It is in its first call, which takes too long.
        until(|| setup.functions.calls() > 0).await;
        assert_eq!(ended_by(child, signal).await, Some(1), "{signal:?}");
        assert!(setup.functions.functions().is_empty());
        let report = setup.report();
        assert_eq!((&report["stopped"], &report["left"]), (&json!(true), &json!([])));
        assert_eq!(setup.question(3)["answer"]["go"], json!(["emulated-go-ol9"]));
        assert_eq!(setup.question(1)["not_asked"], "it was stopped before its end");
    }
}

#[tokio::test]
async fn ctrl_c_ends_the_look_for_what_is_kept() {
    let setup = Setup::new().await;
    setup.functions.add_fault(Method::POST, Fault::BreaksOff(100));
    let child = begun(&setup, &["--only", "1", "--keep"]);
    until(|| setup.looks() > 0).await;
    assert_eq!(ended_by(child, Signal::INT).await, Some(3));
    assert!(setup.looks() < 6);
    let left = setup.report()["left"][0].clone();
    assert_eq!((&left["id"], &left["why"]), (&json!(null), &json!("the look for it was stopped")));
}

#[tokio::test]
async fn a_terminal_that_is_gone_does_not_end_the_deletion() {
    let setup = Setup::new().await;
    setup.functions.set_deletion(3);
    let child = begun(&setup, &["--only", "1"]);
    until(|| setup.functions.asked().iter().any(|asked| asked.method == "DELETE")).await;
    assert_eq!(ended_by(child, Signal::HUP).await, Some(0));
    assert!(setup.functions.functions().is_empty());
}
