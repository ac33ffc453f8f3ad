//! `mdfn local` as a user starts it, and a client beside it.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::agent::PATIENCE;
use crate::process::signal;

/// The longest that a client may take; some are at work for ten seconds before their first request, the first time for more.
const CLIENT: Duration = Duration::from_secs(300);

/// The running process.
pub(super) struct Local {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    gateway: String,
    token: String,
}

fn mdfn() -> Command {
    let mut command = Command::new(std::env::var("INTEROP_MDFN").expect("run .ci/interop"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
    command
}

impl Local {
    /// Starts it, and gets a token as a client does.
    pub(super) async fn start() -> Self {
        let function = ["--function", env!("CARGO_BIN_EXE_func")];
        let ports = ["--gateway-port=0", "--identity-port=0", "--page-port=0"];
        let mut process = mdfn().arg("local").args(function).args(ports).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (mut gateway, mut domain) = (String::new(), String::new());
        loop {
            let line = line(&mut lines).await.expect("it is up before it ends");
            let called = line.trim_start().strip_prefix("POST ").unwrap_or_default();
            for (path, url) in [("/iris", &mut gateway), ("/oauth2/v1/token", &mut domain)] {
                if let Some(start) = called.strip_suffix(path) {
                    start.clone_into(url);
                }
            }
            if line.starts_with("Ctrl-C") {
                break;
            }
        }
        let scope = "https://gateway.example/predict";
        let client = ["--domain", &domain, "--client-id", "iris-client", "--scope", scope];
        let mut token = mdfn();
        token.args(["token", "--no-cache"]).args(client);
        let output = token.env("MDFN_CLIENT_SECRET", "emulated-secret").output();
        let output = timeout(PATIENCE, output).await.unwrap().unwrap();
        let token = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        assert!(output.status.success() && !token.is_empty(), "{}", output.status);
        Self { process, lines, gateway, token }
    }

    /// Runs a client against the model at `path` of the gateway: the last line that it prints, which is JSON.
    pub(super) async fn serve(&self, client: std::process::Command, path: &str) -> Value {
        let mut client = Command::from(client);
        client.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        client.env("BASE_URL", format!("{}{path}", self.gateway)).env("TOKEN", &self.token);
        // It asks nobody for prices.
        client.env("LITELLM_LOCAL_MODEL_COST_MAP", "True");
        client.stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
        let output = timeout(CLIENT, client.output()).await.unwrap().unwrap();
        assert!(output.status.success(), "{}", output.status);
        let printed = String::from_utf8(output.stdout).unwrap();
        serde_json::from_str(printed.lines().last().unwrap()).unwrap()
    }

    /// Ends it after `count` calls: each with its status, as it printed them.
    pub(super) async fn calls(mut self, count: usize) -> Vec<String> {
        let mut calls = Vec::new();
        while calls.len() < count {
            let line = line(&mut self.lines).await.expect("every call has its line");
            assert!(!line.contains(&self.token), "the token was printed");
            if let Some(call) = line.strip_prefix("gateway: ") {
                calls.push(call.split(" in ").next().unwrap().to_owned());
            }
        }
        signal(&self.process, "INT");
        let status = timeout(PATIENCE, self.process.wait()).await.unwrap().unwrap();
        assert!(status.success(), "{status}");
        calls
    }
}

async fn line(lines: &mut Lines<BufReader<ChildStdout>>) -> Option<String> {
    timeout(PATIENCE, lines.next_line()).await.expect("a line in time").unwrap()
}
