//! Does the real binary start, refuse to start and stop as the platform and the operator need it?

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::agent::{Connection, PATIENCE, gateway_request, request};
use crate::data;

/// The binary with a resource principal of its own, about to be started.
struct Program {
    directory: TempDir,
    vars: BTreeMap<&'static str, String>,
}

impl Program {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name).display().to_string();
        fs::write(directory.path().join("rpst"), data::bytes("rpst/valid.jwt")).unwrap();
        fs::write(
            directory.path().join("private.pem"),
            data::bytes("keys/test-rsa2048-a.pkcs8.pem"),
        )
        .unwrap();
        let vars = BTreeMap::from([
            ("FN_LISTENER", format!("unix:{}", path("lsnr.sock"))),
            ("OCI_RESOURCE_PRINCIPAL_VERSION", "2.2".to_owned()),
            ("OCI_RESOURCE_PRINCIPAL_RPST", path("rpst")),
            ("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", path("private.pem")),
        ]);
        Self { directory, vars }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.vars.insert(name, value.into());
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.vars.remove(name);
        self
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("lsnr.sock")
    }

    fn spawn(&self) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_func"));
        command.env_clear().envs(&self.vars).current_dir(self.directory.path());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command.spawn().unwrap()
    }

    /// Started, and its log once it said that it is ready.
    async fn ready(&self) -> (Child, Log) {
        let mut child = self.spawn();
        let mut log = Log(BufReader::new(child.stderr.take().unwrap()));
        log.until("ready").await;
        (child, log)
    }

    /// Starts what must not start: its exit code and what it said.
    async fn refused(&self) -> (i32, String) {
        let output = timeout(PATIENCE, self.spawn().wait_with_output()).await.unwrap().unwrap();
        assert!(fs::symlink_metadata(self.socket()).is_err(), "a socket was left");
        assert!(
            fs::symlink_metadata(self.socket().with_file_name(".s")).is_err(),
            "a hidden socket was left"
        );
        assert_eq!(String::from_utf8_lossy(&output.stdout), "");
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }
}

/// What a process writes to stderr.
struct Log(BufReader<tokio::process::ChildStderr>);

impl Log {
    async fn until(&mut self, word: &str) -> String {
        let mut seen = String::new();
        while !seen.lines().last().unwrap_or_default().contains(word) {
            let read = timeout(PATIENCE, self.0.read_line(&mut seen)).await.unwrap().unwrap();
            assert_ne!(read, 0, "ended without `{word}`: {seen}");
        }
        seen
    }

    async fn rest(&mut self) -> String {
        let mut seen = String::new();
        timeout(PATIENCE, self.0.read_to_string(&mut seen)).await.unwrap().unwrap();
        seen
    }
}

pub(crate) fn signal(child: &Child, name: &str) {
    let pid = child.id().unwrap().to_string();
    let status =
        std::process::Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap();
    assert!(status.success());
}

#[tokio::test]
async fn fn_contract_3_to_6_and_13_oci_signing_41_a_start_that_cannot_be_served_names_its_variable()
{
    let secret = data::text("keys/test-rsa2048-a.pkcs8.pem");
    let cases = [
        (Program::new().without("FN_LISTENER"), "FN_LISTENER"),
        (Program::new().with("FN_LISTENER", "/tmp/x.sock"), "FN_LISTENER"),
        (
            Program::new().with("FN_LISTENER", "unix:/no/such/directory/x.sock"),
            "/no/such/directory/x.sock",
        ),
        (Program::new().with("FN_FORMAT", "json"), "FN_FORMAT"),
        (
            Program::new().without("OCI_RESOURCE_PRINCIPAL_VERSION"),
            "OCI_RESOURCE_PRINCIPAL_VERSION",
        ),
        (
            Program::new().with("OCI_RESOURCE_PRINCIPAL_VERSION", "1.1"),
            "OCI_RESOURCE_PRINCIPAL_VERSION",
        ),
        (Program::new().without("OCI_RESOURCE_PRINCIPAL_RPST"), "OCI_RESOURCE_PRINCIPAL_RPST"),
        (
            Program::new().with("OCI_RESOURCE_PRINCIPAL_RPST", "not.a.token"),
            "OCI_RESOURCE_PRINCIPAL_RPST",
        ),
        (
            Program::new().with("OCI_RESOURCE_PRINCIPAL_RPST", "/no/such/file"),
            "OCI_RESOURCE_PRINCIPAL_RPST",
        ),
        (
            Program::new().without("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM"),
            "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM",
        ),
        (
            Program::new().with("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", &secret[..400]),
            "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM",
        ),
        (Program::new().with("OCI_CLI_AUTH", "magic"), "OCI_CLI_AUTH"),
        (Program::new().with("MODEL_DEPLOYMENT", "https://evil.example/"), "MODEL_DEPLOYMENT"),
        (Program::new().with("SSL_CERT_FILE", "/no/such/file"), "SSL_CERT_FILE"),
        (
            Program::new()
                .with("SSL_CERT_FILE", data::path("keys/bad-not-pem.txt").to_str().unwrap()),
            "SSL_CERT_FILE",
        ),
    ];
    for (program, name) in cases {
        let (code, said) = program.refused().await;
        assert!(code == 64 || code == 1, "{name}: {code}");
        assert_eq!(said.lines().count(), 1, "{name}: {said}");
        assert!(said.contains(name), "{name}: {said}");
        assert!(
            !said.contains(&secret[40..80]) && !said.contains("not.a.token"),
            "{name}: shows a value: {said}"
        );
    }
}

#[tokio::test]
async fn mistakes_of_variables_are_told_at_once_and_those_of_files_by_themselves() {
    let (code, said) = Program::new()
        .with("OCI_CLI_AUTH", "magic")
        .with("OCI_RESOURCE_PRINCIPAL_RPST", "not.a.token")
        .with("SEND_EXPIRED_TOKENS", "yes")
        .with("LOG_LEVEL", "loud")
        .refused()
        .await;
    assert_eq!((code, said.lines().count()), (64, 1), "{said}");
    let names = ["OCI_CLI_AUTH", "OCI_RESOURCE_PRINCIPAL_RPST", "SEND_EXPIRED_TOKENS", "LOG_LEVEL"];
    assert!(
        said.contains("not started: ") && names.iter().all(|name| said.contains(name)),
        "{said}"
    );

    let program = Program::new();
    fs::write(program.directory.path().join("rpst"), "not.a.token").unwrap();
    let (code, said) = program.refused().await;
    assert!(code == 1 && said.contains("stopped: OCI_RESOURCE_PRINCIPAL_RPST"), "{said}");
}

#[tokio::test]
async fn fn_contract_1_2_14_and_15_it_serves_with_no_more_than_the_platform_sets() {
    for program in [
        Program::new(),
        Program::new().with("FN_FORMAT", ""),
        Program::new()
            .with("FN_FORMAT", "http-stream")
            .with("FN_MEMORY", "abc")
            .with("LOG_FORMAT", "json"),
    ] {
        let (_child, _log) = program.ready().await;
        let mut connection = Connection::open(&program.socket()).await;
        connection.send(gateway_request("", "{}")).await;
        let answer = connection.answer().await;
        assert_eq!((answer.status(), answer.header("fn-http-status")), (200, Some("400")));
        assert_eq!(answer.json()["code"], "MissingParameter");
    }
}

#[tokio::test]
async fn the_line_of_the_start_says_who_signs_until_when_and_what_is_called() {
    let ocid = "ocid1.datasciencemodeldeployment.oc1.iad.aaaaaaaaexampleexampleexampleexample";
    let url = format!("https://modeldeployment.us-ashburn-1.oci.customer-oci.com/{ocid}/predict");
    let token = data::json("rpst/index.json");
    let token = token["fixtures"].as_array().unwrap().iter().find(|one| one["file"] == "valid.jwt");
    let expires = token.unwrap()["claims"]["exp"].as_i64().unwrap();
    let expires = chrono::DateTime::from_timestamp(expires, 0).unwrap();
    let expires = format!(" expires={} ", expires.format("%Y-%m-%dT%H:%M:%SZ"));
    for (program, said) in [
        (Program::new(), " aliases=0 tracing=false\n".to_owned()),
        (
            Program::new().with("MODEL_DEPLOYMENT", &url),
            format!(" aliases=0 default={ocid} tracing=false\n"),
        ),
        (
            Program::new()
                .with("MODEL_DEPLOYMENTS", format!("{{\"iris\": \"{url}\", \"rose\": \"{url}\"}}"))
                .with("MODEL_DEPLOYMENT", "rose"),
            format!(" aliases=2 default={ocid} tracing=false\n"),
        ),
    ] {
        let mut child = program.spawn();
        let mut log = Log(BufReader::new(child.stderr.take().unwrap()));
        let line = log.until("ready").await;
        assert!(line.contains("source=resource_principal") && line.contains(&expires), "{line}");
        assert!(line.ends_with(&said), "{line}");
    }
}

#[tokio::test]
async fn fn_contract_94_a_value_that_is_no_text_is_no_panic() {
    use std::os::unix::ffi::OsStrExt;
    let program = Program::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_func"));
    let value = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    command.env_clear().envs(&program.vars).env("ALLOWED_DEPLOYMENTS", value).stdin(Stdio::null());
    let output = timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8(output.stderr).unwrap().contains("ALLOWED_DEPLOYMENTS"));
}

#[tokio::test]
async fn fn_contract_16_a_signal_stops_it_without_a_trace() {
    for name in ["TERM", "INT"] {
        let program = Program::new();
        let (mut child, mut log) = program.ready().await;
        let mut connection = Connection::open(&program.socket()).await;
        connection.send(request("", "{}")).await;
        assert_eq!(connection.answer().await.status(), 502);
        signal(&child, name);
        let status = timeout(PATIENCE, child.wait()).await.unwrap().unwrap();
        assert_eq!(status.code(), Some(0), "{name}: {}", log.rest().await);
        let left: Vec<_> = fs::read_dir(program.directory.path())
            .unwrap()
            .map(|file| file.unwrap().file_name())
            .collect();
        assert_eq!(left.len(), 2, "{name}: {left:?}");
    }
}

#[tokio::test]
async fn fn_contract_16_a_second_signal_does_not_wait_for_a_body() {
    let program = Program::new();
    let (mut child, _log) = program.ready().await;
    let mut connection = Connection::open(&program.socket()).await;
    connection.send(&request("", "{}")[..20]).await;
    let mut busy = Connection::open(&program.socket()).await;
    busy.send("POST /call HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{").await;
    // The answer to a call on a third connection says that the second has been read.
    let mut third = Connection::open(&program.socket()).await;
    third.send(request("", "{}")).await;
    third.answer().await;
    signal(&child, "TERM");
    while Path::exists(&program.socket()) {
        tokio::task::yield_now().await;
    }
    signal(&child, "TERM");
    let status = timeout(PATIENCE, child.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(1));
}

#[tokio::test]
async fn fn_contract_9_and_40_a_frozen_function_serves_after_it_wakes() {
    let program = Program::new();
    let (child, _log) = program.ready().await;
    let mut connection = Connection::open(&program.socket()).await;
    connection.send(request("", "{}")).await;
    connection.answer().await;
    signal(&child, "STOP");
    drop(connection);
    let mut next = Connection::open(&program.socket()).await;
    next.send(request("", "{}")).await;
    signal(&child, "CONT");
    assert_eq!(next.answer().await.status(), 502);
}

#[tokio::test]
async fn fn_contract_82_85_and_86_a_call_is_framed_and_logged_in_one_line_before_its_answer() {
    let program = Program::new()
        .with("FN_LOGFRAME_NAME", "01FRAME")
        .with("FN_LOGFRAME_HDR", "Opc-Request-Id")
        .with("LOG_FORMAT", "json");
    let (mut child, mut log) = program.ready().await;
    let mut connection = Connection::open(&program.socket()).await;
    connection.send(gateway_request("Fn-Call-Id: 01CALL\r\nOpc-Request-Id: /a/b\r\n", "{}")).await;
    connection.answer().await;
    signal(&child, "KILL");
    let mut stdout = String::new();
    child.stdout.take().unwrap().read_to_string(&mut stdout).await.unwrap();
    assert_eq!(stdout, "\n01FRAME=/a/b\n");
    let stderr = log.rest().await;
    let (frame, line) = stderr.split_at("\n01FRAME=/a/b\n".len());
    assert_eq!((frame, line.lines().count()), ("\n01FRAME=/a/b\n", 1), "{stderr}");
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(
        (&line["call"], &line["code"], &line["status"]),
        (&"01CALL".into(), &"MissingParameter".into(), &400.into())
    );
}

#[tokio::test]
async fn every_mistake_of_every_variable_is_in_one_line_and_the_exit_code_is_64() {
    let program = Program::new()
        .with("OCI_CLI_AUTH", "magic")
        .with("LOG_LEVEL", "loud")
        .with("LOG_FORMAT", "JSON")
        .with("SEND_EXPIRED_TOKENS", "perhaps")
        .with("OCI_REGION_METADATA", "{}")
        .with("ALLOWED_HOSTS", "localhost:")
        .with("ALLOWED_DEPLOYMENT", "x")
        .with("SSL_CERT_FILE", "/nonexistent");
    let (code, said) = program.refused().await;
    assert_eq!((code, said.lines().count()), (64, 1), "{said}");
    let line: serde_json::Value = serde_json::from_str(&said).unwrap();
    let message = line["message"].as_str().unwrap();
    assert!(message.starts_with("not started: "), "{message}");
    for part in [
        "OCI_CLI_AUTH is not",
        "LOG_LEVEL is not",
        "SEND_EXPIRED_TOKENS is not",
        "OCI_REGION_METADATA is not",
        "ALLOWED_HOSTS: entry 1 is not",
        "ALLOWED_DEPLOYMENT is not a variable",
        "SSL_CERT_FILE",
    ] {
        assert_eq!(message.matches(part).count(), 1, "{part}: {message}");
    }
}

#[tokio::test]
async fn a_variable_that_is_not_text_is_named_and_one_that_is_empty_is_absent() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let program = Program::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_func"));
    command.env_clear().envs(&program.vars).env("MODEL_DEPLOYMENT", OsStr::from_bytes(b"\xff"));
    let output = timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(64), "{said}");
    assert!(said.contains("MODEL_DEPLOYMENT is not a text in UTF-8"), "{said}");
    let empty = ["OCI_CLI_AUTH", "LOG_LEVEL", "SSL_CERT_FILE", "MODEL_DEPLOYMENTS", "OCI_CLI_USER"];
    let program = empty.into_iter().fold(program, |program, name| program.with(name, " "));
    drop(program.ready().await);
}

#[tokio::test]
async fn what_a_credential_file_holds_stops_the_function_with_1() {
    let program = Program::new();
    fs::write(program.directory.path().join("private.pem"), "no key").unwrap();
    let (code, said) = program.refused().await;
    assert!(code == 1 && said.contains("stopped: "), "{code} {said}");
    let inside = program.with("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", "no key");
    let inside = inside.with("OCI_RESOURCE_PRINCIPAL_RPST", "no token");
    let (code, said) = inside.refused().await;
    assert!(code == 64 && said.contains("not started: "), "{code} {said}");
    for name in ["OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", "OCI_RESOURCE_PRINCIPAL_RPST"] {
        assert!(said.contains(name), "{said}");
    }
}
