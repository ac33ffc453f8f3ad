//! `mdfn invoke`, as a person uses it: what it prints and how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

pub(crate) fn misbehave() -> PathBuf {
    let tests = env::current_exe().unwrap();
    let path = tests.ancestors().nth(2).unwrap().join("examples/misbehave");
    assert!(
        path.exists(),
        "{} is built by `cargo build --package emulator --examples`",
        path.display()
    );
    path
}

/// Runs the command with this standard input; the function is `misbehave` with the arguments after
/// `--`.
fn mdfn(options: &[&str], function: &[&str], body: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdfn"));
    command.arg("invoke").args(options).arg("--").arg(misbehave()).args(function);
    command.env("OWN", "mine").env_remove("MISSING");
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Wrong usage ends before standard input is read.
    child.stdin.take().unwrap().write_all(body).unwrap_or_default();
    child.wait_with_output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn the_body_of_a_success_is_all_that_is_printed() {
    let output = mdfn(&[], &["link", "reply", OK], b"{}");
    assert_eq!(output.stdout, b"ok");
    assert_eq!((stderr(&output).as_str(), output.status.code()), ("", Some(0)));
}

#[test]
fn standard_input_and_headers_reach_the_function() {
    let output = mdfn(
        &["--header", "model_deployment: https://x", "-H", "X-Two:2", "--content-type", "text/csv"],
        &["link", "report"],
        b"1,2",
    );
    let report = String::from_utf8(output.stdout).unwrap();
    for part in [
        "\r\nModel_deployment: https://x\r\n",
        "\r\nX-Two: 2\r\n",
        "\r\nContent-Type: text/csv\r\n",
    ] {
        assert!(report.contains(part), "{part} in {report}");
    }
    assert!(report.ends_with("\r\n\r\n3\r\n1,2\r\n0\r\n\r\n"), "{report}");
}

#[test]
fn an_error_of_the_function_is_shown_and_ends_with_1() {
    let reply = "HTTP/1.1 200 OK\r\nFn-Http-Status: 404\r\nContent-Length: 4\r\n\r\nnone";
    let output =
        mdfn(&["--gateway", "--method", "GET", "--path", "/x"], &["link", "reply", reply], b"");
    assert_eq!(output.stdout, b"none");
    let stderr_text = stderr(&output);
    assert!(stderr_text.starts_with("mdfn: the function answered 404"), "{stderr_text}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_breach_of_the_contract_is_explained() {
    let reply = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    let output = mdfn(&[], &["link", "reply", reply], b"{}");
    assert_eq!(output.stdout, b"{\"message\":\"invalid function response\"}\n");
    let text = stderr(&output);
    assert!(text.contains("replied 400 on its socket") && text.contains("was killed"), "{text}");
    assert_eq!((text.lines().count(), output.status.code()), (1, Some(1)));
}

#[test]
fn verbose_shows_status_headers_and_lines() {
    let output = mdfn(&["--verbose"], &["link", "report"], b"{}");
    let text = stderr(&output);
    for line in ["| called out\n", "| called err\n", "< 200\n", "< Fn-Call-Id: "] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[test]
fn only_named_configuration_passes() {
    let options = ["--config", "OWN", "--config", "OTHER=a=b"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdfn"));
    command.arg("invoke").arg("--verbose").args(options).args([
        "--",
        "/bin/sh",
        "-c",
        "env >&2; exit 1",
    ]);
    let output =
        command.env("OWN", "mine").env("NOT", "passed").stdin(Stdio::null()).output().unwrap();
    let text = stderr(&output);
    assert!(text.contains("| OWN=mine\n") && text.contains("| OTHER=a=b\n"), "{text}");
    assert!(!text.contains("NOT="), "{text}");
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn an_fn_server_names_no_function_and_frames_no_log() {
    for (options, names) in [(&["--verbose"][..], 4), (&["--verbose", "--fn-server"], 0)] {
        let script = "env >&2; exit 1";
        let output = spawn(options, &["/bin/sh", "-c", script]).wait_with_output().unwrap();
        let text = stderr(&output);
        let oci = ["| FN_FN_NAME=", "| FN_APP_NAME=", "| FN_LOGFRAME_NAME=", "| FN_LOGFRAME_HDR="];
        assert_eq!(oci.iter().filter(|name| text.contains(**name)).count(), names, "{text}");
        assert!(text.contains("| FN_FN_ID=") && text.contains("| FN_MEMORY=128\n"), "{text}");
    }
}

/// Makes a program of the script. Another process writes it: children of other tests would hold it
/// open here, and an open file does not start.
pub(crate) fn write_program(path: &Path, script: &str) {
    let write = "printf '#!/bin/sh\\n%s\\n' \"$2\" > \"$1\" && chmod 755 \"$1\"";
    let mut shell = Command::new("/bin/sh");
    let written = shell.args(["-c", write, "sh"]).arg(path).arg(script).status().unwrap();
    assert!(written.success());
}

/// What the command says where the engine is this script, or where there is none.
fn with_engine(name: &str, script: Option<&str>) -> (String, Option<i32>) {
    let folder = tempfile::tempdir().unwrap();
    if let Some(script) = script {
        write_program(&folder.path().join(name), script);
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdfn"));
    command.args(["invoke", "--image", "func:1", "--engine", name]).env("PATH", folder.path());
    let output = command.stdin(Stdio::null()).output().unwrap();
    (stderr(&output), output.status.code())
}

#[test]
fn an_engine_that_is_missing_or_down_gives_its_own_reason() {
    let down = "echo 'docker: Cannot connect to the Docker daemon. Is it running?' >&2
echo >&2
echo \"Run 'docker run --help' for more information\" >&2
exit 125";
    let no_image = "echo 'Error: func:1: image not known' >&2; exit 125";
    for (engine, script, said) in [
        (
            "docker",
            Some(down),
            "line: docker: Cannot connect to the Docker daemon. Is it running?\n",
        ),
        ("podman", Some(no_image), "line: Error: func:1: image not known\n"),
        ("docker", None, "an image needs docker, or podman with `--engine podman`\n"),
        ("podman", None, "mdfn: `podman` does not start: No such file"),
    ] {
        let (text, code) = with_engine(engine, script);
        assert!(text.contains(said) && text.lines().count() == 1, "{text}");
        assert_eq!(code, Some(3));
    }
}

#[test]
fn the_open_folder_of_an_image_is_inside_a_closed_one() {
    let script = "PATH=/usr/bin:/bin
for word; do case $word in
*:/tmp/iofs:*) folder=${word%%:*}; echo $(stat -c %a \"$folder\" \"$(dirname \"$folder\")\") >&2;;
esac; done
exit 1";
    let (text, _) = with_engine("docker", Some(script));
    assert!(text.ends_with("its last line: 777 700\n"), "{text}");
}

#[test]
fn the_container_of_a_command_that_is_killed_is_removed() {
    // An engine that never starts the function, and tells who asked for what.
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().join("told");
    let script = format!("echo \"$1 $2\" >> {}; [ $1 = rm ] || sleep 60", told.display());
    write_program(&folder.path().join("docker"), &script);
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdfn"));
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    command.args(["invoke", "--image", "func:1"]).env("PATH", path).stdin(Stdio::null());
    let mut command = command.stderr(Stdio::piped()).spawn().unwrap();
    let told = |what: &str| fs::read_to_string(&told).is_ok_and(|told| told.contains(what));
    let mut stderr = command.stderr.take().unwrap();
    stderr.read_exact(&mut [0; "mdfn: waiting for the function's socket".len()]).unwrap();
    assert!(told("run --rm") && !told("rm --force"));
    command.kill().unwrap();
    command.wait().unwrap();
    until(|| told("rm --force"));
}

#[test]
fn wrong_usage_ends_with_2() {
    for options in [
        &["--header", "no colon"][..],
        &["--config", "1A=b"],
        &["--config", "MISSING"],
        &["--timeout", "301"],
        &["--path", "/without-gateway"],
        &["--engine", "podman"],
    ] {
        let output = mdfn(options, &["link", "reply", OK], b"");
        assert_eq!(output.status.code(), Some(2), "{options:?}: {}", stderr(&output));
    }
}

#[test]
fn a_function_that_does_not_start_ends_with_3_and_says_what_it_said() {
    let output = mdfn(&[], &["exit"], b"");
    let text = stderr(&output);
    assert!(text.contains("exit status: 1") && text.contains("no configuration"), "{text}");
    assert_eq!((text.lines().count(), output.status.code()), (1, Some(3)));
}

/// Starts the command with an open pipe for its standard input.
fn spawn(options: &[&str], function: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdfn"));
    command.arg("invoke").args(options).arg("--").args(function);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// How many processes have this word in their command line.
fn processes_with(word: &str) -> usize {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(word)).count()
}

fn until(condition: impl Fn() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < Duration::from_secs(20), "it does not come");
        thread::yield_now();
    }
}

#[test]
fn the_folder_of_the_socket_is_closed_to_others() {
    let script = "stat -c %a $(dirname ${FN_LISTENER#unix:}) >&2; exit 1";
    let output = spawn(&["--verbose"], &["/bin/sh", "-c", script]).wait_with_output().unwrap();
    assert!(stderr(&output).contains("| 700\n"), "{}", stderr(&output));
}

#[test]
fn a_function_ends_with_a_command_that_is_killed() {
    let mark = format!("mark-{}", std::process::id());
    let function = misbehave().display().to_string();
    // The function is a child of the shell, and not the command's own.
    let script = format!("{function} link hang '' {mark}; true");
    let mut command = spawn(&["--verbose"], &["/bin/sh", "-c", &script, &mark]);
    drop(command.stdin.take());
    let mut stderr = BufReader::new(command.stderr.take().unwrap());
    let said = stderr.by_ref().lines().find(|line| line.as_ref().unwrap() == "| connected out");
    assert!(said.is_some() && processes_with(&mark) == 3);
    command.kill().unwrap();
    command.wait().unwrap();
    until(|| processes_with(&mark) == 0);
}

#[test]
fn a_command_that_waits_for_standard_input_says_so() {
    let path = misbehave().display().to_string();
    let mut command = spawn(&[], &[&path, "link", "reply", OK]);
    let mut stderr = command.stderr.take().unwrap();
    let mut said = [0; 50];
    stderr.read_exact(&mut said).unwrap();
    assert_eq!(&said, b"mdfn: waiting for the end of standard input, the b");
    drop(command.stdin.take());
    assert_eq!(command.wait().unwrap().code(), Some(0));
}

#[test]
fn standard_input_without_an_end_is_refused() {
    let path = misbehave().display().to_string();
    let mut command = spawn(&[], &[&path, "link", "reply", OK]);
    let mut stdin = command.stdin.take().unwrap();
    while stdin.write_all(&[b'x'; 8192]).is_ok() {}
    let output = command.wait_with_output().unwrap();
    assert!(stderr(&output).contains("larger than 10 MiB"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_slow_start_is_said_and_has_as_long_as_it_is_given() {
    let (path, script) = (misbehave().display().to_string(), "sleep 3; exec \"$@\"");
    let function = ["/bin/sh", "-c", script, "sh", &path, "link", "reply", OK];
    for (limit, code, said) in [
        ("30", 0, "mdfn: waiting for the function's socket, for up to 30s\n"),
        ("1", 3, "mdfn: the function's socket did not appear within 1s; `--start-timeout` gives"),
    ] {
        let output = spawn(&["--start-timeout", limit], &function).wait_with_output().unwrap();
        let text = stderr(&output);
        assert!(text.starts_with(said), "{text}");
        assert_eq!(output.status.code(), Some(code));
    }
}

#[test]
fn a_program_without_dashes_before_it_is_told_of_them() {
    for command in ["invoke", "conformance"] {
        let mut mdfn = Command::new(env!("CARGO_BIN_EXE_mdfn"));
        let output = mdfn.args([command, "target/func", "--config", "A=b"]).output().unwrap();
        assert!(stderr(&output).contains("write `--` before the program"), "{}", stderr(&output));
        assert_eq!(output.status.code(), Some(2));
    }
}
