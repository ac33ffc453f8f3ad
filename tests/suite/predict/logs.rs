//! Does the one line about a call say what an operator asks at night: whose fault it was, and where the time went?

use std::time::Duration;

use emulator::agent::{Agent, Invocation};
use emulator::deployment::{Behaviour, OCID};
use serde_json::Value;

use crate::setup::{GRACE, ROW, Setup, header, targeted};

async fn function(setup: &Setup) -> Agent {
    let program = setup.program.clone().config("LOG_FORMAT", "json");
    Agent::start(program.timeout(Duration::from_secs(5)).grace(GRACE)).await.unwrap()
}

/// The only line that a call writes.
async fn line(function: &Agent, call: Invocation) -> Value {
    let before = function.lines().len();
    let id = function.call(call).await.header("fn-call-id").map(<[u8]>::to_vec);
    let lines = function.lines().split_off(before);
    let lines = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let lines: Vec<Value> = lines.filter(|line| line.get("call").is_some()).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(id.is_none_or(|id| lines[0]["call"].as_str().unwrap().as_bytes() == id));
    lines[0].clone()
}

fn milliseconds(line: &Value, name: &str) -> f64 {
    line[name].as_f64().unwrap_or_else(|| panic!("no {name}: {line}"))
}

/// The parts of the time, which are no more than the whole.
fn parts(line: &Value) -> [f64; 4] {
    let parts =
        ["check_ms", "sign_ms", "connect_ms", "wait_ms"].map(|name| milliseconds(line, name));
    let total = milliseconds(line, "ms");
    assert!(parts.iter().sum::<f64>() <= total + 0.05, "{line}");
    assert!(milliseconds(line, "left_ms") + total <= 5000.0, "{line}");
    parts
}

#[tokio::test]
async fn a_line_says_where_the_time_of_a_prediction_went() {
    let setup = Setup::new().await;
    let function = function(&setup).await;
    let first = line(&function, setup.call()).await;
    for (name, value) in [
        ("level", "info".into()),
        ("message", "predicted".into()),
        ("intent", "gateway".into()),
        ("deployment", OCID.into()),
        ("path", "/predict".into()),
        ("status", Value::from(200)),
        ("tries", 1.into()),
        ("bytes_in", ROW.len().into()),
        ("start", "cold".into()),
    ] {
        assert_eq!(first[name], value, "{name}: {first}");
    }
    assert!(first["bytes_out"].as_u64().unwrap() > 10, "{first}");
    let [check, sign, connect, wait] = parts(&first);
    assert!(check > 0.0 && sign > 0.0 && connect > 0.0 && wait > 0.0, "{first}");
    let second = line(&function, setup.call()).await;
    assert_eq!(second["start"], "warm", "{second}");
    // The connection is kept.
    assert!(parts(&second)[2] == 0.0, "{second}");
    // Two that are busy, and one that is slow: the time of all three, without the pauses between them.
    for behaviour in [
        Behaviour::Busy(503, "0".to_owned()),
        Behaviour::Busy(429, "0".to_owned()),
        Behaviour::Slow(Duration::from_millis(300)),
    ] {
        setup.deployment.behave(behaviour);
    }
    let third = line(&function, setup.call()).await;
    assert_eq!((&third["tries"], &third["status"]), (&3.into(), &200.into()), "{third}");
    assert!(parts(&third)[3] >= 300.0, "{third}");
}

#[tokio::test]
async fn a_line_about_a_failure_has_its_code_and_where_the_time_went() {
    let setup = Setup::new().await;
    let function = function(&setup).await;
    let refused = line(&function, targeted("https://evil.example/", ROW)).await;
    assert_eq!((&refused["level"], &refused["code"]), (&"warn".into(), &"TargetNotAllowed".into()));
    assert_eq!((&refused["tries"], &refused["status"]), (&0.into(), &403.into()));
    // What there was none of is not there.
    for name in ["deployment", "path", "bytes_out", "opc_request_id", "deployment_request_id"] {
        assert_eq!(refused.get(name), None, "{refused}");
    }
    assert!(parts(&refused)[1..].iter().all(|time| *time == 0.0), "{refused}");
    setup.deployment.behave(Behaviour::Hang);
    let late = line(&function, setup.call()).await;
    assert_eq!(late["code"], "DeploymentTimedOut", "{late}");
    assert_eq!((&late["level"], &late["tries"]), (&"error".into(), &1.into()), "{late}");
    assert!(parts(&late)[3] > 500.0, "{late}");
}

#[tokio::test]
async fn a_call_that_never_came_to_a_deployment_has_its_whole_line_too() {
    let setup = Setup::new().await;
    let function = function(&setup).await;
    let gateway = |method: &str, url: &str| setup.call().through_gateway(method, url);
    let long = format!("/x?{}", "q".repeat(9000));
    for (call, status, code, bytes) in [
        (gateway("GE T", "/x"), 400, "InvalidParameter", ROW.len()),
        (gateway("POST", "/m\u{f6}dels"), 400, "InvalidParameter", ROW.len()),
        (gateway("POST", &long), 400, "InvalidParameter", ROW.len()),
    ] {
        let line = line(&function, call).await;
        let seen = (&line["level"], &line["status"], &line["code"], &line["intent"]);
        assert_eq!(
            seen,
            (&"warn".into(), &status.into(), &code.into(), &"gateway".into()),
            "{line}"
        );
        assert_eq!((&line["tries"], &line["bytes_in"]), (&0.into(), &bytes.into()), "{line}");
        assert!(milliseconds(&line, "ms") > 0.0 && line.get("deployment").is_none(), "{line}");
    }
    assert!(setup.deployment.received().is_empty());
}

#[tokio::test]
async fn no_reason_is_said_twice() {
    let setup = Setup::new().await;
    let function = function(&setup).await;
    for url in ["https://evil.example/", "http://x/", "", "https://localhost:1/x"] {
        let line = line(&function, targeted(url, ROW)).await;
        let message = line["message"].as_str().unwrap();
        let parts: Vec<&str> = message.split(": ").collect();
        let different: std::collections::BTreeSet<&str> = parts.iter().copied().collect();
        assert_eq!(parts.len(), different.len(), "{message}");
        assert!(message.starts_with("the target is refused: it"), "{message}");
    }
}

#[tokio::test]
async fn a_line_has_the_ids_of_the_request_if_they_are_ids() {
    let setup = Setup::new().await;
    let function = function(&setup).await;
    let longest = "x".repeat(64);
    for (id, written) in [
        ("/6279EE7E7C60CCDF/AE9E95B9301A67D1:1.2_3-4", true),
        (longest.as_str(), true),
        (&"x".repeat(65), false),
        ("two words", false),
        ("a\"b", false),
        ("", false),
    ] {
        let line = line(&function, header(setup.call(), "opc-request-id", id)).await;
        let expected = written.then(|| Value::from(id));
        assert_eq!(line.get("opc_request_id"), expected.as_ref(), "{id}: {line}");
        // The deployment gives back what it was called with: the call's id, where that is none.
        let given = if id == "a\"b" { None } else { expected.as_ref().or(line.get("call")) };
        assert_eq!(line.get("deployment_request_id"), given, "{id}: {line}");
    }
    let (known, long) = ("x".repeat(128), "x".repeat(129));
    for (id, written) in [(&known, Some(Value::from(known.as_str()))), (&long, None)] {
        let headers = vec![("opc-request-id".to_owned(), id.clone())];
        setup.deployment.behave(Behaviour::Reply(200, headers, b"{}".to_vec()));
        let line = line(&function, setup.call()).await;
        assert_eq!(line.get("deployment_request_id"), written.as_ref(), "{id}: {line}");
    }
}
