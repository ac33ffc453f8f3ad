//! Is nothing of what people say, name or hold in a log, a metric or a span?

use std::fs;

use emulator::agent::{Agent, Invocation};
use emulator::collector::Collector;
use emulator::deployment::Certificate;
use emulator::services::Behaviour;
use emulator::services::generative_ai::PROJECT;
use serde_json::json;

use super::world::{World, called, chat, message, streamed};
use crate::setup::header;

/// A part of every text that is nobody's business.
const KEPT: &str = "kept-secret";

/// A chat that says it, and is answered with it.
fn said(body: &serde_json::Value) -> Invocation {
    let mut body = body.clone();
    body["messages"][0]["content"] = format!("prompt-{KEPT}").into();
    chat("chat", &body)
}

/// The same with whatever else a client may send.
fn with_tokens(call: Invocation) -> Invocation {
    ["authorization", "cookie", "api-key", "x-api-key", "x-request-id", "opc-retry-token"]
        .into_iter()
        .fold(call, |call, name| header(call, name, &format!("Bearer {KEPT}-{name}")))
}

/// Calls with something to keep in every place, and what the service does with it.
fn calls() -> Vec<(Option<Behaviour>, Invocation)> {
    let (plain, events) = (message("xai.grok-4.3"), streamed("xai.grok-4.3"));
    let reply = |status, body: &str| {
        let headers = vec![("x-service".to_owned(), KEPT.to_owned())];
        Behaviour::Reply(status, headers, body.as_bytes().to_vec())
    };
    let error = json!({ "code": KEPT, "message": KEPT }).to_string();
    let llm = |method, path: &str, body: &str| {
        header(called("llm", method, path, body.to_owned()), "openai-project", PROJECT)
    };
    let question = json!({ "model": "xai.grok-4.3", "input": KEPT, "user": KEPT }).to_string();
    let object = format!("/models/reports/{KEPT}/object.txt");
    vec![
        (None, said(&plain)),
        (None, said(&events)),
        (None, with_tokens(said(&plain))),
        (None, said(&message(&format!("model-{KEPT}")))),
        (Some(Behaviour::EndAfter(2)), said(&events)),
        (Some(Behaviour::ErrorAfter(2)), said(&events)),
        (Some(Behaviour::Cut), said(&plain)),
        (Some(Behaviour::Redirect(format!("https://{KEPT}.example/"))), said(&plain)),
        (Some(reply(400, &error)), said(&plain)),
        (Some(reply(500, &error)), said(&plain)),
        (None, llm("POST", "/models/llm/responses", &question)),
        (None, llm("GET", &format!("/models/llm/responses/{KEPT}"), "")),
        (None, header(llm("GET", "/models/llm/files", ""), "openai-project", KEPT)),
        (None, called("reports", "PUT", &object, KEPT)),
        (None, called("reports", "GET", &object, "")),
        (None, called("reports", "GET", &format!("{object}?{KEPT}={KEPT}"), "")),
        (None, called("reports", "GET", &format!("/models/{KEPT}"), "")),
        (None, called(&format!("reports/n/x/{KEPT}"), "GET", "/models/reports", "")),
        (None, called(&format!("https://{KEPT}.example"), "GET", "/models/reports", "")),
        (None, called(KEPT, "GET", &format!("/models/{KEPT}?key={KEPT}"), "")),
        (None, called("language", "POST", "/x", format!("{{\"{KEPT}\": "))),
    ]
}

/// Makes the calls; whether all of them were told. Spans have half a second, which a busy machine may take.
async fn told() -> bool {
    let world = World::new().await;
    let collector = Collector::start(&world.setup.authority, Certificate::Valid).await.unwrap();
    let token = fs::read_to_string(world.setup.directory().join("rpst")).unwrap();
    let mut is_told = true;
    for format in ["text", "json"] {
        let (monitoring, program) = world.monitored().await;
        let program = program
            .config("LOG_FORMAT", format)
            .config("OCI_TRACING_ENABLED", "1")
            .config("OCI_TRACE_COLLECTOR_URL", collector.url("localhost"));
        let function = Agent::start(program).await.unwrap();
        let before = collector.received().len();
        let calls = calls();
        let count = calls.len();
        for (behaviour, call) in calls {
            if let Some(behaviour) = behaviour {
                world.behave(behaviour);
            }
            function.call(call).await;
        }
        let spans = collector.received().split_off(before);
        let (log, metrics) = (function.lines().join("\n"), format!("{:?}", monitoring.taken()));
        let told: String = spans
            .iter()
            .map(|one| format!("{}\n", String::from_utf8_lossy(&one.request.body)))
            .collect();
        for (kind, text, known) in [
            ("log", &log, "/n/emulated/b/predictions/o/{*}"),
            ("metrics", &metrics, "xai.grok-4.3"),
            ("spans", &told, "/n/emulated/b/predictions/o/{*}"),
        ] {
            is_told &= text.contains(known);
            for kept in [KEPT, "You said", token.trim(), "ST$"] {
                assert!(!text.contains(kept), "{kind} {kept}: {text}");
            }
        }
        // Every call was told, the refused ones too.
        is_told &= spans.len() == count;
        assert!(spans.iter().all(|one| one.spans.is_ok()), "{told}");
    }
    // What was looked for had been said.
    let received = world.services.received();
    let bodies = received.iter().map(|one| String::from_utf8_lossy(&one.request.body));
    let bodies: Vec<_> = bodies.filter(|body| body.contains(KEPT)).collect();
    assert!(bodies.len() > 10 && received.iter().any(|one| one.request.target.contains(KEPT)));
    is_told
}

#[tokio::test]
async fn no_prompt_answer_name_or_token_is_in_a_log_a_metric_or_a_span() {
    for _ in 0..3 {
        if told().await {
            return;
        }
    }
    panic!("a call was not told, three times");
}
