//! `fn-conformance` against functions that break the contract in known ways: what it finds, prints
//! and ends with.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use serde_json::{Value, json};

const OK: &str =
    "HTTP/1.1 200 OK\r\nFn-Fdk-Version: x/1\r\nFn-Fdk-Runtime: y/2\r\nContent-Length: 2\r\n\r\nok";

/// The example of the emulator whose arguments say how it misbehaves.
fn misbehave() -> PathBuf {
    let tests = env::current_exe().unwrap();
    let path = tests.ancestors().nth(2).unwrap().join("examples/misbehave");
    assert!(
        path.exists(),
        "{} is built by `cargo build --package emulator --examples`",
        path.display()
    );
    path
}

/// Runs the command with these options; the function is `misbehave` with these arguments.
fn check(options: &[&str], function: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fn-conformance"));
    command.args(options).arg("--").arg(misbehave()).args(function);
    command.output().unwrap()
}

/// The outcomes of these items, by number.
fn outcomes(items: &str, function: &[&str]) -> (Vec<(u64, String)>, Option<i32>) {
    let output = check(&["--json", "--only", items], function);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let outcome = |item: &Value| {
        (item["number"].as_u64().unwrap(), item["outcome"].as_str().unwrap().to_owned())
    };
    let outcomes = report["items"].as_array().unwrap().iter().map(outcome).collect();
    (outcomes, output.status.code())
}

fn all(outcome: &str, items: &[u64]) -> Vec<(u64, String)> {
    items.iter().map(|number| (*number, outcome.to_owned())).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn what_holds_passes_and_ends_with_0() {
    let (seen, code) = outcomes("37,38,43,54", &["link", "reply", OK]);
    assert_eq!((seen, code), (all("passed", &[37, 38, 43, 54]), Some(0)));
}

#[test]
fn what_a_plain_function_cannot_show_is_not_checked() {
    let (seen, code) = outcomes("17-19,25,64,79", &["link", "reply", OK]);
    assert_eq!((seen, code), (all("not checked", &[17, 18, 19, 25, 64, 79]), Some(0)));
}

#[test]
fn a_socket_that_appears_wrongly_fails() {
    for how in ["absolute-link", "rename"] {
        let (seen, code) = outcomes("7", &[how, "reply", OK]);
        assert_eq!((seen, code), (all("failed", &[7]), Some(1)), "{how}");
    }
    let (seen, _) = outcomes("7", &["dotted-link", "reply", OK]);
    assert_eq!(seen, all("failed", &[7]), "its mode is not 0666");
}

#[test]
fn an_environment_that_is_not_read_fails() {
    // It serves whatever FN_FORMAT says, and does not stop in order: neither is a MUST.
    let (seen, code) = outcomes("1-3,16", &["link", "reply", OK]);
    let expected = [(1, "passed"), (2, "passed"), (3, "failed"), (16, "failed")];
    assert_eq!(seen, expected.map(|(number, outcome)| (number, outcome.to_owned())));
    assert_eq!(code, Some(0));
}

#[test]
fn statuses_and_replies_that_the_platform_does_not_know_fail() {
    for reply in [
        "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
        "HTTP/2 200\r\n\r\n",
        "garbage",
    ] {
        let (seen, code) = outcomes("37,41,67", &["link", "reply-then-close", reply]);
        assert_eq!((seen, code), (all("failed", &[37, 41, 67]), Some(1)), "{reply}");
    }
}

#[test]
fn a_detached_call_that_is_answered_as_a_gateways_or_not_at_all_fails() {
    let prefixed = "HTTP/1.1 200 OK\r\nFn-Http-Status: 502\r\nContent-Length: 0\r\n\r\n";
    let accepted = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
    for reply in [prefixed, accepted] {
        let (seen, code) = outcomes("102", &["link", "reply", reply]);
        assert_eq!((seen, code), (all("failed", &[102]), Some(1)), "{reply}");
    }
    // Of a function that nobody can ask, no more is seen than that it serves.
    let (seen, code) = outcomes("101-104", &["link", "reply", OK]);
    let expected =
        [(101, "passed"), (102, "not checked"), (103, "not checked"), (104, "not checked")];
    assert_eq!(seen, expected.map(|(number, outcome)| (number, outcome.to_owned())));
    assert_eq!(code, Some(0));
}

#[test]
fn a_connection_that_the_function_closes_fails() {
    let (seen, _) = outcomes("37,39", &["link", "reply-then-close", OK]);
    assert_eq!(seen, all("failed", &[37, 39]));
}

#[test]
fn a_process_that_ends_after_its_answer_is_not_alive() {
    let (seen, _) = outcomes("36,41,100", &["link", "reply-then-exit", OK]);
    let expected = [(36, "failed"), (41, "failed"), (100, "not checked")];
    assert_eq!(seen, expected.map(|(number, outcome)| (number, outcome.to_owned())));
}

#[test]
fn a_function_that_hangs_does_not_hang_the_kit() {
    let begin = Instant::now();
    let output = check(&["--as", "plain", "--only", "17,33,37"], &["link", "hang"]);
    let report = text(&output.stdout);
    assert!(report.contains("\nMUST    0 passed, 2 failed, 0 not checked\n"), "{report}");
    assert_eq!(output.status.code(), Some(1));
    assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", begin.elapsed());
}

#[test]
fn a_report_has_one_line_an_item_and_a_summary() {
    let output = check(&["--only", "7,37"], &["absolute-link", "reply", OK]);
    let report = text(&output.stdout);
    let lines: Vec<&str> = report.lines().collect();
    assert!(report.contains("misbehave absolute-link reply HTTP/1.1 200 OK"), "{report}");
    assert!(report.contains("\nstart-up\n  7  MUST    FAILED  a relative link"), "{report}");
    let failed = lines.iter().find(|line| line.contains("FAILED")).unwrap();
    assert!(failed.ends_with(" (docs/spec/fn-container-contract.md#item-7)"), "{failed}");
    let served = "\nrequests\n 37  MUST    passed  two calls on one connection: both served\n";
    assert!(report.contains(served), "{report}");
    let counts =
        ["MUST    1 passed, 1 failed, 0 not checked", "SHOULD  0 passed, 0 failed, 0 not checked"];
    assert_eq!(lines[lines.len() - 2..], counts);
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn a_json_report_says_what_was_expected_and_seen() {
    let output = check(&["--json", "--only", "7,17,37"], &["absolute-link", "reply", OK]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["subject"], "plain");
    assert_eq!(
        (&report["passed"], &report["failed"], &report["notChecked"]),
        (&1.into(), &1.into(), &1.into())
    );
    assert_eq!(report["must"], json!({ "passed": 1, "failed": 1, "notChecked": 1 }));
    assert_eq!(report["should"], json!({ "passed": 0, "failed": 0, "notChecked": 0 }));
    let [link, body, calls] = report["items"].as_array().unwrap().as_slice() else {
        unreachable!("three items: {report}");
    };
    assert_eq!((&link["section"], &link["number"]), (&"start-up".into(), &7.into()));
    assert_eq!(link["level"], "MUST");
    assert_eq!(link["rule"], "docs/spec/fn-container-contract.md#item-7");
    assert_eq!(link["expected"], "a link text without a directory");
    assert!(link["seen"].as_str().unwrap().starts_with("/tmp/"), "{link}");
    assert!(body["reason"].as_str().unwrap().contains("conformance protocol"), "{body}");
    assert_eq!(calls["evidence"], "both served");
}

#[test]
fn a_function_that_does_not_start_ends_with_3() {
    for function in [&["exit"][..], &["file", "reply", OK], &["deaf"]] {
        let output = check(&[], function);
        assert_eq!(output.status.code(), Some(3), "{function:?} {}", text(&output.stdout));
        assert!(text(&output.stderr).starts_with("fn-conformance: the function does not start: "));
    }
    let output = Command::new(env!("CARGO_BIN_EXE_fn-conformance"))
        .args(["--", "/no/such/program"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
}

/// Runs the command with a function that takes so many seconds to load, whatever its environment.
fn slow(seconds: u32, options: &[&str]) -> Output {
    let script = format!("sleep {seconds}; exec \"$@\"");
    let mut command = Command::new(env!("CARGO_BIN_EXE_fn-conformance"));
    command.args(options).args(["--", "/bin/sh", "-c", &script, "sh"]);
    command.arg(misbehave()).args(["link", "reply", OK]).output().unwrap()
}

#[test]
fn a_function_that_is_slow_to_load_is_measured_against_its_own_start() {
    let output = slow(2, &["--json", "--only", "4,15,37"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let outcomes = report["items"].as_array().unwrap().iter().map(|item| &item["outcome"]);
    assert_eq!(outcomes.collect::<Vec<_>>(), ["passed", "not checked", "passed"], "{report}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_start_has_as_long_as_it_is_given() {
    let output = slow(2, &["--start-timeout", "1", "--only", "37"]);
    let said = text(&output.stderr);
    assert!(said.contains("nothing within 1s; `--start-timeout` gives it longer"), "{said}");
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn wrong_usage_ends_with_2() {
    for options in [
        &["--only", "0"][..],
        &["--only", "9-1"],
        &["--config", "MISSING"],
        &["--as", "x"],
        &["--jobs", "0"],
        &["--start-timeout", "0"],
    ] {
        let output = check(options, &["link", "reply", OK]);
        assert_eq!(output.status.code(), Some(2), "{options:?}: {}", text(&output.stderr));
    }
}

#[test]
fn an_interrupted_run_leaves_no_process() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fn-conformance"));
    // An argument of its own, by which the processes are known.
    let mark = format!("mark-{}", std::process::id());
    command.args(["--as", "plain", "--only", "17-24", "--"]).arg(misbehave());
    let mut checker = command.args(["link", "hang", &mark]).stderr(Stdio::null()).spawn().unwrap();
    let id = checker.id();
    let started = || processes_with(&mark, id);
    let begin = Instant::now();
    while started() < 4 {
        assert!(begin.elapsed() < Duration::from_secs(20), "{} processes", started());
        thread::yield_now();
    }
    let pid = rustix::process::Pid::from_child(&checker);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(checker.wait().unwrap().code(), Some(130));
    // It has killed them, and does not wait for their end.
    let begin = Instant::now();
    while processes_with(&mark, 0) > 0 {
        assert!(begin.elapsed() < Duration::from_secs(20), "{} are left", processes_with(&mark, 0));
        thread::yield_now();
    }
}

/// How many processes, but this one and one more, have the argument.
fn processes_with(mark: &str, other: u32) -> usize {
    let ids = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| {
        *id != other
            && fs::read(format!("/proc/{id}/cmdline"))
                .is_ok_and(|line| String::from_utf8_lossy(&line).contains(mark))
    })
    .count()
}
