//! The kit's own lines in a logger that is not the kit's: each has the id of its call.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::similar_names,
    reason = "a test fails by panicking"
)]

#[expect(dead_code, reason = "other tests look at the answers")]
mod agent;

use std::sync::Mutex;

use agent::{answered, direct, gateway};
use fn_fdk::{Call, Error, Reply, StatusError};
use futures_util::stream;
use http::StatusCode;
use log::kv::Key;
use log::{LevelFilter, Log, Metadata, Record};

/// Level, message, and the fields `call` and `code` of each line.
static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Lines;

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let field =
            |name| record.key_values().get(Key::from_str(name)).map(|value| value.to_string());
        let [call, status, code] =
            ["call", "status", "code"].map(|name| field(name).unwrap_or_default());
        let line = format!("{} {call} {status} {code}: {}", record.level(), record.args());
        LINES.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}

async fn handler(call: Call) -> Result<Reply, Error> {
    match call.text()? {
        "panic" => panic!("on purpose"),
        "late" => std::future::pending().await,
        "stream" => Ok(Reply::stream("text/plain", stream::once(async { panicking() }))),
        "status" => Ok(Reply::error(StatusCode::NOT_FOUND, "NoSeat", "no seat")),
        "logged" => Ok(Reply::error(StatusCode::NOT_FOUND, "NoSeat", "no seat").logged()),
        "created" => Ok(Reply::text("").with_status(201)),
        "refused" => Err(StatusError::bad_request("no seat"))?,
        "late status" => Err(StatusError::new(StatusCode::GATEWAY_TIMEOUT, "Slow", "it was slow"))?,
        _ => Err("a plain failure")?,
    }
}

fn panicking() -> Result<&'static str, Error> {
    panic!("in a stream")
}

#[tokio::test]
async fn every_failure_is_one_line_with_its_calls_id_whoever_writes_the_log() {
    log::set_logger(&Lines).unwrap();
    log::set_max_level(LevelFilter::Info);
    // It stays behind the other, and has the panics of calls go to the log.
    fn_fdk::Logger::default().install();
    let late = "Fn-Deadline: 2001-01-01T00:00:00Z\r\n";
    for (intent, headers, body, line) in [
        (
            "direct",
            "",
            "plain",
            "ERROR 01CALL 502 FunctionFailed: the function failed: a plain failure",
        ),
        (
            "gateway",
            "",
            "plain",
            "ERROR 01CALL 502 FunctionFailed: the function failed: a plain failure",
        ),
        (
            "direct",
            "",
            "refused",
            "WARN 01CALL 400 InvalidParameter: no seat: 400 InvalidParameter",
        ),
        (
            "gateway",
            "",
            "refused",
            "WARN 01CALL 400 InvalidParameter: no seat: 400 InvalidParameter",
        ),
        ("gateway", "", "late status", "ERROR 01CALL 504 Slow: it was slow: 504 Slow"),
        (
            "direct",
            "",
            "status",
            "WARN 01CALL 404 FunctionFailed: a direct caller sees a failed call for the status 404 Not Found",
        ),
        ("gateway", "", "status", ""),
        ("direct", "", "logged", ""),
        (
            "direct",
            "",
            "created",
            "WARN 01CALL  : a direct caller cannot see the status 201 Created of this answer",
        ),
        (
            "direct",
            late,
            "late",
            "ERROR 01CALL 504 FunctionTimedOut: the handler did not finish by the deadline of the call",
        ),
        ("direct", "", "panic", "ERROR 01CALL 502 FunctionFailed: panicked: "),
    ] {
        let headers = format!("Fn-Call-Id: 01CALL\r\n{headers}");
        let request =
            if intent == "direct" { direct(&headers, body) } else { gateway(&headers, body) };
        answered(handler, [request]).await;
        let lines = std::mem::take(&mut *LINES.lock().unwrap());
        assert!(lines.len() == usize::from(!line.is_empty()), "{intent} {body}: {lines:?}");
        assert!(
            lines.iter().all(|written| written.starts_with(line)),
            "{intent} {body}: {lines:?}"
        );
    }
    answered(handler, [direct("Fn-Call-Id: 01CALL\r\n", "stream")]).await;
    let lines = LINES.lock().unwrap();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("ERROR 01CALL 502 FunctionFailed: panicked: "), "{lines:?}");
    assert_eq!(
        lines[1],
        "ERROR 01CALL 502 FunctionFailed: the answer's stream failed: it panicked"
    );
}
