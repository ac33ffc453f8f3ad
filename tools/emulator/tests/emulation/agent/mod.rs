//! The agent against functions that break the contract, each in one way.

mod calls;
mod detached;
mod lives;
mod replies;
mod starts;

use std::env;
use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use emulator::agent::{Agent, Answer, Invocation, Program, StartError};
use tokio::task::yield_now;
use tokio::time::timeout;

/// The bound of every wait in a test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// The function whose arguments say how it misbehaves.
pub(crate) fn misbehave(arguments: &[&str]) -> Program {
    let tests = env::current_exe().unwrap();
    let path: PathBuf = tests.ancestors().nth(2).unwrap().join("examples/misbehave");
    assert!(
        path.exists(),
        "{} is built by `cargo build --package emulator --examples`",
        path.display()
    );
    Program::new(path).arguments(arguments)
}

pub(crate) async fn agent(call: &str, reply: &str) -> Agent {
    start(misbehave(&["link", call, reply])).await
}

pub(crate) async fn start(program: Program) -> Agent {
    bounded(Agent::start(program)).await.unwrap()
}

pub(crate) async fn failed_start(program: Program) -> StartError {
    match bounded(Agent::start(program)).await {
        Ok(agent) => panic!("{agent:?} started"),
        Err(error) => error,
    }
}

pub(crate) async fn bounded<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap()
}

pub(crate) async fn call(agent: &Agent) -> Answer {
    bounded(agent.call(Invocation::json("{}"))).await
}

pub(crate) async fn call_through_gateway(agent: &Agent) -> Answer {
    bounded(agent.call(Invocation::json("{}").through_gateway("POST", "/p"))).await
}

pub(crate) fn message(answer: &Answer) -> (u16, String, bool) {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer.header("content-type").unwrap(), b"application/json; charset=utf-8");
    assert_eq!(answer.header("fn-call-id").unwrap().len(), 26);
    let message = body.get("message").and_then(|text| text.as_str()).unwrap();
    (answer.status, message.to_owned(), answer.container_kept)
}

pub(crate) fn failure(status: u16, message: &str, kept: bool) -> (u16, String, bool) {
    (status, message.to_owned(), kept)
}

/// The state letter of a process: `T` is stopped, `S` waits for something.
pub(crate) fn state(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').next().map(str::to_owned)
}

pub(crate) async fn until(condition: impl Fn() -> bool) {
    bounded(async {
        while !condition() {
            yield_now().await;
        }
    })
    .await;
}
