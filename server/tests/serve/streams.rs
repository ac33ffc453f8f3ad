//! Do answers arrive as they are written, and does whoever gets a part of one notice?

use std::time::{Duration, Instant};

use emulator::deployment::OCID;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::time::sleep;

use crate::client::{Client, exchange, request, status};
use crate::server::{Server, Setup};
use crate::upstream::FLOOD;

const END: &str = "\r\n0\r\n\r\n";
/// The longest that a deployment is held whose client is gone.
const LET_GO: Duration = Duration::from_millis(100);

/// How often something is tried that has to be quick, on a machine that does other things as well.
const ATTEMPTS: usize = 5;

/// How many of ten events came before the next one was written.
async fn events_in_time(setup: &Setup, server: &Server) -> usize {
    setup.upstream.seen.written.lock().unwrap().clear();
    let mut client = Client::connect(&server.address).await;
    client.send(request(&setup.upstream.url(), "ticks", "", "{}")).await;
    let mut came = Vec::new();
    for number in 0..10 {
        client.read_until(&format!("\"n\": {number}}}")).await;
        came.push(client.came.last().unwrap().0);
    }
    assert!(client.read_to_end().await.ends_with(END));
    let written = setup.upstream.seen.written.lock().unwrap().clone();
    came.iter().zip(written.iter().skip(1)).filter(|(came, next)| came < next).count() + 1
}

/// What the log says of calls so far.
fn predicted(server: &Server) -> Vec<Value> {
    let lines = server.lines().into_iter();
    lines.filter(|line| line["message"] == "predicted").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_arrives_before_the_next_one_is_written() {
    let setup = Setup::new().await;
    let server = setup.start().await;
    let mut in_time = Vec::new();
    while !in_time.contains(&10) && in_time.len() < ATTEMPTS {
        in_time.push(events_in_time(&setup, &server).await);
    }
    assert!(in_time.contains(&10), "{in_time:?}");
    // Of the attempt that was quick enough, which is the last one.
    server.line(|_| predicted(&server).len() == in_time.len()).await;
    let line = predicted(&server).pop().unwrap();
    let number = |name: &str| line[name].as_f64().unwrap_or_else(|| panic!("{name}: {line}"));
    assert_eq!((&line["stream"], &line["status"]), (&true.into(), &200.into()));
    assert!(number("ttfb_ms") < 900.0 && number("ms") > 900.0, "{line}");
    assert!(number("wait_ms") < 900.0 && number("bytes_out") > 100.0, "{line}");
    assert_eq!(line["call"].as_str().unwrap().len(), 32, "{line}");
    assert_eq!(line["trace_id"].as_str().unwrap().len(), 32, "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn silences_between_events_have_a_comment_and_those_within_one_have_none() {
    let setup = Setup::new().await;
    let server = setup.start().await;
    let (url, address) = (setup.upstream.url(), server.address.clone());
    let quiet = exchange(&address, request(&url, "quiet", "", "{}"));
    let partial = exchange(&address, request(&url, "partial", "", "{}"));
    let (quiet, partial) = tokio::join!(quiet, partial);
    let (before, behind) = quiet.split_once(": keep-alive\n\n").unwrap();
    assert!(before.contains("\"n\": 0") && behind.contains("\"n\": 1"), "{quiet}");
    assert!(!partial.contains("keep-alive") && partial.contains(": 0}"), "{partial}");
    assert!(quiet.ends_with(END) && partial.ends_with(END));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_in_the_middle_never_looks_whole() {
    let setup = Setup::new().await;
    let server = setup.start().await;
    let call = async |path: &str| {
        exchange(&server.address, request(&setup.upstream.url(), path, "", "{}")).await
    };
    let events = call("broken-events").await;
    let (_, error) = events.split_once("\nevent: error\ndata: ").unwrap();
    let error: Value = serde_json::from_str(error.split("\n\n").next().unwrap()).unwrap();
    assert_eq!(error["code"], "DeploymentAnswerInvalid");
    assert_eq!(error["error"]["message"], "the model deployment gave no usable answer");
    for path in ["broken-json", "failed"] {
        let answer = call(path).await;
        assert!(status(&answer) == 200 && answer.contains("{\"a\": "), "{answer}");
        assert!(!answer.ends_with(END), "{path}: {answer}");
    }
    let short = call("short").await;
    assert!(short.contains("content-length: 100") && short.ends_with("{\"a\": "), "{short}");
    for code in ["DeploymentAnswerInvalid", "DeploymentStreamFailed"] {
        let line = server.line(|line| line["code"] == code).await;
        assert_eq!((&line["status"], &line["level"]), (&502.into(), &"error".into()), "{line}");
    }
    // What has its end before its begin is an answer like any other.
    let error = call("error").await;
    assert!(status(&error) == 422 && error.contains("the model's own"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_is_let_go_when_the_client_goes() {
    let setup = Setup::new().await;
    let server = setup.start().await;
    let mut number = 0;
    for (path, begins) in [("endless", "\"n\": 3"), ("silent", "")] {
        let mut took = Vec::new();
        while took.iter().all(|took| *took > LET_GO) && took.len() < ATTEMPTS {
            number += 1;
            let mut client = Client::connect(&server.address).await;
            client.send(request(&setup.upstream.url(), path, "", "{}")).await;
            // Without an event it waits for the head of the answer.
            setup.upstream.received(number).await;
            client.read_until(begins).await;
            let left = Instant::now();
            drop(client);
            took.push(setup.upstream.closed(number).await - left);
        }
        assert!(took.iter().any(|took| *took < LET_GO), "{path}: {took:?}");
        let custom = format!("/predict/{path}");
        let line = server.line(|line| line["status"] == 499 && line["path"] == custom).await;
        assert_eq!(line["code"], "ClientClosedRequest", "{line}");
        // It was sent, whether an answer had begun or not: a call, and no refusal.
        assert_eq!(line["tries"], 1, "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_100_mib_passes_through_little_memory_however_slowly_it_is_read() {
    let setup = Setup::new().await;
    let server = setup.start().await;
    let mut clients = Vec::new();
    for _ in 0..8 {
        let mut client = Client::connect(&server.address).await;
        client.send(request(&setup.upstream.url(), "flood", "", "{}")).await;
        client.read_until("content-length").await;
        clients.push(client);
    }
    // Eight that read nothing, and one that reads everything.
    sleep(Duration::from_millis(500)).await;
    let mut client = Client::connect(&server.address).await;
    client.send(request(&setup.upstream.url(), "flood", "", "{}")).await;
    let (mut size, mut bytes) = (0, vec![0; 1 << 20]);
    loop {
        match client.stream.read(&mut bytes).await.unwrap() {
            0 => break,
            length => size += length,
        }
    }
    assert!(size > FLOOD && size < FLOOD + 1000, "{size}");
    let peak = server.peak_memory();
    assert!(peak < 100 << 20, "{peak}");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_of_the_model_context_protocol_and_of_a_trace_pass() {
    let setup = Setup::new().await;
    let server = setup.start().await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let more = format!(
        "mcp-session-id: s-0\r\nMcp-Protocol-Version: 2025-06-18\r\nlast-event-id: 7\r\n\
         traceparent: {parent}\r\ncookie: c\r\nx-forwarded-for: f\r\n"
    );
    let answer =
        exchange(&server.address, request(&setup.upstream.url(), "mcp", &more, "{}")).await;
    for passed in
        ["mcp-session-id: s-0", "mcp-protocol-version: 2025-06-18", "last-event-id: 7", parent]
    {
        assert!(answer.contains(passed), "{passed}: {answer}");
    }
    assert!(answer.contains("\r\nmcp-session-id: s-1\r\n"), "{answer}");
    for kept in ["set-cookie", "cookie: c", "x-forwarded", "model_deployment"] {
        assert!(!answer.contains(kept), "{kept}: {answer}");
    }
    let made = exchange(&server.address, request(&setup.upstream.url(), "mcp", "", "{}")).await;
    assert!(made.contains("traceparent: 00-") && made.contains("opc-request-id: "), "{made}");
    for method in ["GET", "DELETE"] {
        let request = format!(
            "{method} /m/mcp HTTP/1.1\r\nhost: s\r\nmodel_deployment: {}\r\nconnection: close\r\n\r\n",
            setup.upstream.url()
        );
        let answer = exchange(&server.address, request).await;
        assert!(status(&answer) == 200 && answer.contains(&format!("\"{method} /")), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_accepts_events_is_answered_by_the_path_that_streams() {
    let setup = Setup::new().await;
    let server = setup.start().await;
    let url = setup.upstream.url();
    for (accept, action) in [
        ("accept: application/json, text/event-stream\r\n", "predictWithResponseStream"),
        (
            "accept: application/json\r\naccept: Text/Event-Stream;q=1\r\n",
            "predictWithResponseStream",
        ),
        ("accept: application/json\r\n", "predict"),
        ("accept: text/event-streams\r\n", "predict"),
        ("", "predict"),
    ] {
        let post = request(&url, "mcp", accept, "{\"jsonrpc\":\"2.0\"}");
        let get = format!(
            "GET /m/mcp HTTP/1.1\r\nhost: s\r\nmodel_deployment: {url}\r\n{accept}connection: close\r\n\r\n"
        );
        for call in [post, get] {
            let answer = exchange(&server.address, call).await;
            assert!(answer.contains(&format!("/{OCID}/{action}/mcp HTTP")), "{accept}: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_takes_less_than_64_kib() {
    const STREAMS: usize = 200;
    let setup = Setup::new().await;
    let server = setup.start().await;
    let url = setup.upstream.url();
    // What the first call makes is made for all.
    exchange(&server.address, request(&url, "echo", "", "{}")).await;
    let before = server.peak_memory();
    let mut clients = Vec::new();
    for _ in 0..STREAMS {
        let mut client = Client::connect(&server.address).await;
        client.send(request(&url, "quiet", "", "{}")).await;
        client.read_until("\"n\": 0").await;
        clients.push(client);
    }
    let each = (server.peak_memory() - before) / STREAMS;
    assert!(each < 64 << 10, "{each}");
}

async fn scrape(admin: &str) -> String {
    exchange(admin, "GET /metrics HTTP/1.1\r\nhost: server\r\nconnection: close\r\n\r\n").await
}

/// How often a phase was counted.
fn count(metrics: &str, phase: &str) -> usize {
    let name = format!("model_deployment_call_seconds_count{{phase=\"{phase}\"}} ");
    let count = metrics.lines().find_map(|line| line.strip_prefix(&name));
    count.map_or(0, |count| count.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phase_that_a_call_did_not_have_is_not_counted() {
    let setup = Setup::new().await.with("ADMIN_ADDRESS", "127.0.0.1:0");
    let server = setup.start().await;
    let url = setup.upstream.url();
    for _ in 0..10 {
        exchange(&server.address, request(&url, "echo", "", "{}")).await;
    }
    let mut client = Client::connect(&server.address).await;
    client.send(request(&url, "silent", "", "{}")).await;
    setup.upstream.received(11).await;
    drop(client);
    server.line(|line| line["status"] == 499).await;
    let metrics = scrape(&server.admin).await;
    assert_eq!(count(&metrics, "whole"), 11, "{metrics}");
    // The client that left has waited for nothing that came.
    assert_eq!(count(&metrics, "wait"), 10, "{metrics}");
    // Connections are kept.
    assert!((1..10).contains(&count(&metrics, "connect")), "{metrics}");
    let left = format!("model_deployment_calls_total{{target=\"{OCID}\",status=\"499\"}} 1\n");
    assert!(metrics.contains(&left), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_reads_calls_refusals_and_open_streams() {
    let setup = Setup::new().await.with("ADMIN_ADDRESS", "127.0.0.1:0");
    let server = setup.start().await;
    let url = setup.upstream.url();
    let mut stream = Client::connect(&server.address).await;
    stream.send(request(&url, "endless", "", "{}")).await;
    stream.read_until("\"n\": 0").await;
    for (path, expected) in [("echo", 200), ("error", 422), ("a/b/..", 404)] {
        let answer = exchange(&server.address, request(&url, path, "", "{}")).await;
        assert_eq!(status(&answer), expected, "{answer}");
    }
    let metrics = scrape(&server.admin).await;
    let calls = format!("model_deployment_calls_total{{target=\"{OCID}\",status=");
    for told in [
        &format!("{calls}\"200\"}} 1\n"),
        &format!("{calls}\"422\"}} 1\n"),
        "model_deployment_refusals_total{code=\"PathNotAllowed\"} 1\n",
        "model_deployment_streams_open 1\n",
        "model_deployment_call_seconds_count{phase=\"wait\"} 2\n",
    ] {
        assert!(metrics.contains(told), "{told}: {metrics}");
    }
}
