//! `mdfn invoke --detached`: what is said at once, and how it ends.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::invoke::misbehave;
use super::{Done, mdfn};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn detached(options: &[&str], function: &[&str]) -> Done {
    let path = misbehave().display().to_string();
    let invoke = ["invoke", "--detached"];
    mdfn(&[&invoke, options, &["--", &path], function].concat(), "{}")
}

/// The id of the call that was accepted, and what was said after it.
fn accepted(stderr: &str) -> (&str, &str) {
    let (first, rest) = stderr.split_once('\n').unwrap();
    let id = first.strip_prefix("mdfn: 202, call ").unwrap();
    assert_eq!(id.len(), 26, "{stderr}");
    (id, rest)
}

#[test]
fn a_success_is_printed_as_that_of_any_call() {
    let done = detached(&[], &["link", "reply", OK]);
    assert_eq!((done.stdout.as_str(), done.code), ("ok", 0));
    assert_eq!(accepted(&done.stderr).1, "");
}

#[test]
fn the_function_gets_the_type_the_id_and_an_hour() {
    let before = emulator::clock::now();
    let done = detached(&["--timeout", "3600"], &["link", "report"]);
    let value = |name: &str| {
        let mut lines = done.stdout.split("\r\n");
        lines.find_map(|line| line.strip_prefix(name)).unwrap().to_owned()
    };
    assert_eq!(value("Fn-Invoke-Type: "), "detached");
    assert_eq!(value("Fn-Call-Id: "), accepted(&done.stderr).0);
    let hour = std::time::Duration::from_secs(3600);
    let (first, last) = (before + hour, emulator::clock::now() + hour);
    let deadline = value("Fn-Deadline: ");
    assert!(emulator::clock::rfc3339(first) <= deadline, "{deadline}");
    assert!(deadline <= emulator::clock::rfc3339(last), "{deadline}");
}

#[test]
fn a_failure_ends_with_1_and_says_that_the_call_failed() {
    for (function, said) in [
        (
            &["link", "reply", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"][..],
            "mdfn: the function replied 502 on its socket, the detached call failed with 502, and the container continues",
        ),
        (
            &["link", "reply-then-close", "garbage"],
            "mdfn: the function gave no whole reply, the detached call failed with 502, and the container was killed",
        ),
    ] {
        let done = detached(&[], function);
        assert!(accepted(&done.stderr).1.starts_with(said), "{}", done.stderr);
        assert_eq!(done.code, 1);
    }
}

#[test]
fn the_id_is_said_before_the_call_has_ended() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdfn"));
    command.args(["invoke", "--detached", "--"]).arg(misbehave()).args(["link", "hang"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut said = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut said).unwrap();
    accepted(&said);
    assert!(child.try_wait().unwrap().is_none());
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn what_no_platform_does_is_refused_before_anything_starts() {
    for (options, said) in [
        (
            &["--gateway"][..],
            "mdfn: `--detached` with `--gateway`: API Gateway waits for every answer and cannot invoke detached; leave one of them out\n",
        ),
        (
            &["--fn-server"],
            "mdfn: `--detached` with `--fn-server`: an Fn server has no detached calls, its callers wait; leave one of them out\n",
        ),
        (
            &["--timeout", "4"],
            "mdfn: `--timeout 4`: expected 5 to 3600 seconds with `--detached`\n",
        ),
    ] {
        // A start would say that this one ended.
        let done = detached(options, &["exit"]);
        assert_eq!((done.stderr.as_str(), done.stdout.as_str(), done.code), (said, "", 2));
    }
    let done = detached(&["--timeout", "3601"], &["exit"]);
    assert!(done.stderr.contains("3601 is not in 1..=3600"), "{}", done.stderr);
    assert_eq!(done.code, 2);
}

#[test]
fn a_call_that_is_waited_for_has_no_more_than_300_s() {
    let done = mdfn(&["invoke", "--timeout", "301", "--", "/no/such/program"], "");
    let said = "mdfn: `--timeout 301`: expected 1 to 300 seconds; only a call with `--detached` may take up to 3600\n";
    assert_eq!((done.stderr.as_str(), done.code), (said, 2));
}
