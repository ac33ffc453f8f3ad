//! Is a call of a deployment what it was, where other services may be called as well?

use std::collections::BTreeSet;

use emulator::agent::{Agent, Answer, Invocation, Program};
use emulator::deployment;
use serde_json::{Value, json};

use super::world::World;
use crate::addresses;
use crate::setup::{PATH, ROW, header, targeted};

/// Calls of each form that a deployment has, and those that are refused.
fn calls(world: &World) -> Vec<Invocation> {
    let url = world.setup.url();
    let base = url.trim_end_matches("/predict").to_owned();
    let of = |method: &str, path: &str, target: &str, body: &str| {
        let call = Invocation::json(body.to_owned()).through_gateway(method, path);
        header(call, "model_deployment", target)
    };
    let question = r#"{"model":"odsc-llm","messages":[{"role":"user","content":"Hello"}]}"#;
    let streamed = question.replace("}]}", "}],\"stream\":true}");
    let envelope = json!({ "ENDPOINT": url, "PAYLOAD": { "data": [[5.1, 3.5, 1.4, 0.2]] } });
    let chat = "/models/llm/v1/chat/completions";
    let mut calls = vec![
        targeted(&url, ROW),
        targeted("iris", ROW),
        header(targeted(&url, ROW), "x-model-deployment", &url),
        header(Invocation::json(ROW).through_gateway("POST", PATH), "model-deployment", &url),
        Invocation::json(ROW).through_gateway("POST", PATH),
        Invocation::json(ROW),
        header(Invocation::json(ROW), "model_deployment", &url),
        Invocation::json(envelope.to_string()).through_gateway("POST", PATH),
        Invocation::json(r#"{"ENDPOINT":7}"#).through_gateway("POST", PATH),
        of("POST", chat, &base, question),
        of("POST", chat, &base, &streamed),
        of("GET", "/models/llm/v1/models", &base, ""),
        of("POST", "/models/llm/v1/files", &base, "{}"),
        of("GET", "/models/llm/v1/models", &base, "{}"),
        of("PATCH", PATH, &url, ROW),
        of("HEAD", PATH, &url, ""),
        of("POST", PATH, &url, "{"),
        of("POST", PATH, &url, ""),
        of("POST", &format!("{PATH}?a=b"), &url, ROW),
        header(targeted(&url, ROW), "content-encoding", "gzip"),
    ];
    let hostile = addresses::hostile().into_iter();
    calls.extend(hostile.filter(|target| target.is_ascii()).map(|target| targeted(&target, ROW)));
    calls
}

/// What of an answer is the same each time.
fn plain(answer: &Answer) -> (u16, Vec<String>, String) {
    let once = ["date", "fn-call-id", "opc-request-id"];
    let headers = answer.headers.iter().map(|(name, value)| (name.to_lowercase(), value));
    let headers = headers.filter(|(name, _)| !once.contains(&name.as_str()));
    let headers =
        headers.map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)));
    (answer.status, headers.collect(), without_ids(&String::from_utf8_lossy(&answer.body)))
}

/// A text without what a model makes up for each answer.
fn without_ids(text: &str) -> String {
    let part = |part: &str| !part.contains("\"id\"") && !part.contains("\"created\"");
    text.split_inclusive(',').filter(|text| part(text)).collect()
}

/// What a deployment got, but for time, ids and signature.
fn received(one: &deployment::Received) -> (String, String, BTreeSet<String>, Vec<u8>) {
    let once = ["authorization", "date", "x-date", "opc-request-id"];
    let request = &one.request;
    let headers = request.headers.iter().filter(|(name, _)| !once.contains(&name.as_str()));
    let headers =
        headers.map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)));
    (request.method.clone(), request.target.clone(), headers.collect(), request.body.clone())
}

/// What a line of the log says of any call like this one.
fn line(function: &Agent) -> Vec<Value> {
    let line: Value = serde_json::from_str(&function.lines().pop().unwrap()).unwrap();
    let names = ["level", "message", "intent", "deployment", "target", "path", "status", "code"];
    names.map(|name| line[name].clone()).into()
}

#[tokio::test]
async fn deployments_are_called_alike_with_services_and_without() {
    let world = World::new().await;
    let aliases = json!({ "iris": world.setup.url() }).to_string();
    let start = async |program: &Program| {
        let program = program.clone().config("LOG_FORMAT", "json");
        let program = program.config("ALLOWED_PATHS", "openai").config("ACCEPT_ENVELOPE", "true");
        Agent::start(program.config("MODEL_DEPLOYMENTS", &aliases)).await.unwrap()
    };
    let (without, with) = (start(&world.setup.program).await, start(&world.program).await);
    let (mut statuses, mut count) = (BTreeSet::new(), 0);
    for call in calls(&world) {
        let mut seen = Vec::new();
        for function in [&without, &with] {
            let before = world.setup.deployment.received().len();
            let answer = function.call(call.clone()).await;
            let arrived = world.setup.deployment.received().split_off(before);
            assert!(arrived.iter().all(|one| one.verdict.is_ok()), "{call:?}");
            let arrived: Vec<_> = arrived.iter().map(received).collect();
            seen.push((plain(&answer), arrived, line(function)));
        }
        assert_eq!(seen[0], seen[1], "{call:?}");
        statuses.insert(seen[0].0.0);
        count += 1;
    }
    // There was something to compare.
    assert!(statuses.is_superset(&[200, 400, 403, 404, 405, 415].into()), "{statuses:?}");
    assert!(count > 250 && world.services.received().is_empty(), "{count}");
}
