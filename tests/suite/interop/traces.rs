//! Do the Zipkin project's own libraries read our spans, and are they where the Fn project's kit for Python puts its own?

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use emulator::agent::{Agent, Program};
use emulator::collector::{Collector, Span};
use emulator::deployment::Certificate;
use serde_json::Value;

use super::python;
use crate::data;
use crate::setup::Setup;

const TRACE: &str = "5b8aa5a2d2c872e8";
const PLATFORM: &str = "00f067aa0ba902b7";

/// One call of a function whose tracing is on: what the collector was sent, and its spans.
///
/// They have half a second, which a machine that does other things as well may take from them.
async fn sent(setup: &Setup, program: Program) -> (Vec<u8>, Vec<Span>) {
    for _ in 0..2 {
        if let Some(sent) = tried(setup, program.clone()).await {
            return sent;
        }
    }
    tried(setup, program).await.expect("one call of three sends its spans in time")
}

async fn tried(setup: &Setup, program: Program) -> Option<(Vec<u8>, Vec<Span>)> {
    let collector = Collector::start(&setup.authority, Certificate::Valid).await.unwrap();
    let program = program
        .config("OCI_TRACING_ENABLED", "1")
        .config("OCI_TRACE_COLLECTOR_URL", collector.url("localhost"));
    let function = Agent::start(program).await.unwrap();
    let mut call = setup.call();
    for (name, value) in [("X-B3-TraceId", TRACE), ("X-B3-SpanId", PLATFORM)] {
        call.platform.push((name.to_owned(), value.as_bytes().to_vec()));
    }
    let answer = function.call(call).await;
    assert_eq!(answer.status, 200, "{answer:?} {:?}", function.lines());
    let received = collector.received().pop()?;
    Some((received.request.body.clone(), received.spans.unwrap()))
}

/// What a program understood of spans.
fn understood(command: &mut Command, spans: &[u8]) -> Value {
    let mut program = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    program.stdin.take().unwrap().write_all(spans).unwrap();
    let output = program.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
#[ignore = "needs the Zipkin project's libraries; .ci/interop runs it"]
async fn interop_zipkin_s_own_libraries_read_the_spans_and_would_write_the_same() {
    let setup = Setup::new().await;
    let (body, spans) = sent(&setup, setup.program.clone()).await;
    assert_eq!(spans.len(), 5);
    let ours: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(understood(&mut python("zipkin.py", &[]), &body), ours);
    let Ok(reader) = std::env::var("INTEROP_ZIPKIN_GO") else {
        // `.ci/interop` says that it was skipped.
        return;
    };
    assert_eq!(understood(&mut Command::new(reader), &body), ours);
}

/// Holds our spans against those of a kit's function that the platform calls `service`: the same trace and parents, our
/// service by the same rule, and all that theirs say of themselves.
fn hold_against(ours: &[Span], theirs: &[Span], service: &str) {
    for (name, parent) in [("call", PLATFORM), ("predict", "call")] {
        let [our, their] = [ours, theirs]
            .map(|spans| spans.iter().find(|span| span.name.as_deref() == Some(name)).unwrap());
        for (span, spans) in [(our, ours), (their, theirs)] {
            let above = span.parent_id.as_deref().unwrap();
            let known = spans.iter().find(|span| span.id == above);
            assert_eq!(known.and_then(|span| span.name.as_deref()).unwrap_or(above), parent);
            assert_eq!(span.trace_id, TRACE, "{name}");
        }
        let named = |span: &Span| span.local_endpoint.as_ref().unwrap().service_name.clone();
        assert_eq!(named(our).as_deref(), Some("emulated::func"), "{name}");
        assert_eq!(named(their).as_deref(), Some(service), "{name}");
        // The emulated platform names each function by its file.
        for (tag, value) in their.tags.iter().filter(|(tag, _)| *tag != "fnName") {
            assert_eq!(our.tags.get(tag), Some(value), "{name}");
        }
        assert!(our.tags.contains_key("fnName") >= their.tags.contains_key("fnName"), "{name}");
    }
}

#[tokio::test]
#[ignore = "needs the Fn project's kit for Python; .ci/interop runs it"]
async fn interop_spans_are_where_those_of_the_kit_for_python_are() {
    let setup = Setup::new().await;
    let (_, ours) = sent(&setup, setup.program.clone()).await;
    let python = std::env::var("INTEROP_PYTHON").unwrap();
    let kit = Path::new(&python).with_file_name("fdk");
    let function = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/traced.py");
    let program = Program::new(kit).arguments([function, "handler"]);
    let program = program
        .start_timeout(Duration::from_secs(60))
        .config("SSL_CERT_FILE", setup.program.config["SSL_CERT_FILE"].clone());
    let (_, theirs) = sent(&setup, program).await;
    hold_against(&ours, &theirs, "emulated::fdk");
}

#[tokio::test]
async fn spans_are_where_those_of_the_kit_for_go_were() {
    let setup = Setup::new().await;
    let (_, ours) = sent(&setup, setup.program.clone()).await;
    let theirs: Vec<Span> = serde_json::from_value(data::json("tracing/fdk-go.json")).unwrap();
    hold_against(&ours, &theirs, "emulated::func");
}
