//! What Prometheus reads.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::time::Duration;

use http::StatusCode;
use model_deployment_fn::services::Tokens;
use model_deployment_server::metrics::{Call, Metrics, Phase};

fn call(target: &str) -> Call<'_> {
    Call {
        target,
        status: StatusCode::OK,
        retries: 0,
        request_bytes: 0,
        response_bytes: 0,
        model: None,
        tokens: Tokens::default(),
        phases: &[],
    }
}

/// The value of a series, by its name and labels as they are written.
fn value(metrics: &Metrics, series: &str) -> Option<f64> {
    let text = metrics.text();
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map(|value| value.parse().unwrap())
}

#[test]
fn a_call_is_counted_with_its_time_its_bytes_and_its_tokens() {
    let metrics = Metrics::new();
    let phases =
        [(Phase::Check, Duration::from_micros(300)), (Phase::Whole, Duration::from_secs(2))];
    let tokens = Tokens { input: Some(7), output: Some(11) };
    let long = Call { retries: 2, request_bytes: 100, response_bytes: 1000, ..call("llama") };
    metrics.call(&Call { tokens, phases: &phases, ..long.clone() });
    metrics.call(&Call { status: StatusCode::BAD_GATEWAY, tokens, ..call("llama") });
    metrics.call(&Call { tokens, model: Some("xai.grok-4.3"), ..call("chat") });
    for (series, expected) in [
        ("model_deployment_calls_total{target=\"llama\",status=\"200\"}", 1.0),
        ("model_deployment_calls_total{target=\"llama\",status=\"502\"}", 1.0),
        ("model_deployment_retries_total{target=\"llama\"}", 2.0),
        ("model_deployment_tokens_total{target=\"llama\",direction=\"in\"}", 14.0),
        ("model_deployment_tokens_total{target=\"llama\",direction=\"out\"}", 22.0),
        (
            "model_deployment_tokens_total{target=\"chat\",direction=\"out\",model=\"xai.grok-4.3\"}",
            11.0,
        ),
        ("model_deployment_request_bytes_total", 100.0),
        ("model_deployment_response_bytes_total", 1000.0),
        ("model_deployment_call_seconds_count{phase=\"check\"}", 1.0),
        ("model_deployment_call_seconds_sum{phase=\"whole\"}", 2.0),
        ("model_deployment_call_seconds_bucket{phase=\"check\",le=\"0.00025\"}", 0.0),
        ("model_deployment_call_seconds_bucket{phase=\"check\",le=\"0.0005\"}", 1.0),
        ("model_deployment_call_seconds_bucket{phase=\"whole\",le=\"+Inf\"}", 1.0),
    ] {
        assert_eq!(value(&metrics, series), Some(expected), "{series}\n{}", metrics.text());
    }
}

#[test]
fn streams_are_open_until_their_guard_is_gone_and_refusals_have_a_code() {
    let metrics = Metrics::new();
    let open = || value(&metrics, "model_deployment_streams_open");
    assert_eq!(open(), Some(0.0));
    let (first, second) = (metrics.open_stream(), metrics.open_stream());
    assert_eq!(open(), Some(2.0));
    drop(first);
    assert_eq!(open(), Some(1.0));
    drop(second);
    assert_eq!(open(), Some(0.0));
    metrics.refused("NotAuthenticated");
    metrics.refused("NotAuthenticated");
    let refused = value(&metrics, "model_deployment_refusals_total{code=\"NotAuthenticated\"}");
    assert_eq!(refused, Some(2.0));
}

#[test]
fn however_many_targets_and_statuses_there_are_the_labels_are_few() {
    let metrics = Metrics::new();
    for number in 0..1000 {
        metrics.call(&call(&format!("target-{number}")));
    }
    metrics.call(&call(&"x".repeat(256)));
    for status in 100..1000 {
        let status = StatusCode::from_u16(status).unwrap();
        metrics.call(&Call { status, ..call("target-0") });
    }
    let text = metrics.text();
    let calls: Vec<&str> = text.lines().filter(|line| line.contains("calls_total{")).collect();
    let label = |line: &&str, name: &str| {
        line.split(name).nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let targets: BTreeSet<String> = calls.iter().map(|line| label(line, "target=\"")).collect();
    let statuses: BTreeSet<String> = calls.iter().map(|line| label(line, "status=\"")).collect();
    assert_eq!(targets.len(), 101);
    assert!(targets.contains("other") && targets.contains("target-99"));
    assert!(statuses.len() < 70 && statuses.contains("other"), "{statuses:?}");
    let other = "model_deployment_calls_total{target=\"other\",status=\"200\"}";
    assert_eq!(value(&metrics, other), Some(901.0));
}

#[test]
fn every_line_is_in_the_text_format_of_prometheus() {
    let metrics = Metrics::new();
    let tokens = Tokens { input: Some(0), output: None };
    let phases = [(Phase::Wait, Duration::ZERO)];
    let named = call("with \"quotes\"\nand lines");
    metrics.call(&Call { tokens, retries: 1, phases: &phases, ..named });
    metrics.refused("NotAuthenticated");
    let text = metrics.text();
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        let is_comment = line.starts_with("# HELP model_deployment_")
            || line.starts_with("# TYPE model_deployment_");
        let is_sample = line.starts_with("model_deployment_")
            && line.rsplit_once(' ').is_some_and(|(_, value)| value.parse::<f64>().is_ok());
        assert!(is_comment || is_sample, "{line}");
    }
    for name in [
        "calls_total",
        "call_seconds",
        "streams_open",
        "tokens_total",
        "retries_total",
        "refusals_total",
        "request_bytes_total",
        "response_bytes_total",
    ] {
        assert!(text.contains(&format!("# TYPE model_deployment_{name} ")), "{name}\n{text}");
    }
}
