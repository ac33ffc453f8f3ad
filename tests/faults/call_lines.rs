//! Does every call end in one whole line, also one that never came to be predicted?

use serde_json::Value;

use crate::agent::{chunked, gateway_request, request};
use crate::cloud::{Cloud, deadline};
use crate::function::{Function, refusal};
use crate::tally::tried;

/// The only line of the call with this id.
async fn line(function: &Function, id: &str) -> Value {
    function.logs(&format!("\"call\":\"{id}\""), 0).await;
    // A second one would be there by now.
    function.exchange(request(&format!("Fn-Call-Id: after-{id}\r\n"), "")).await;
    function.logs(&format!("\"call\":\"after-{id}\""), 0).await;
    let log = function.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let lines: Vec<Value> = lines.filter(|line| line["call"] == id).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines[0].clone()
}

#[tokio::test]
async fn a_call_that_is_never_predicted_ends_in_one_whole_line() {
    let cloud = Cloud::new();
    let function = cloud.function([1]).with("LOG_FORMAT", "json").ready().await;
    let over = vec![b'x'; 6 * 1024 * 1024 + 1];
    let late = format!(
        "POST /call HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nFn-Intent: httprequest\r\n{}",
        deadline(1.5)
    );
    let long = format!("Fn-Http-Request-Url: /{}\r\n", "x".repeat(70_000));
    let calls = [
        ("413", gateway_request("Fn-Call-Id: 413\r\n", &over), (413, "PayloadTooLarge"), "warn"),
        (
            "413-chunked",
            chunked("Fn-Call-Id: 413-chunked\r\n", &over, 32 * 1024),
            (502, "PayloadTooLarge"),
            "warn",
        ),
        (
            "late",
            format!("{late}Fn-Call-Id: late\r\n\r\nabcd").into_bytes(),
            (504, "FunctionTimedOut"),
            "error",
        ),
        (
            "method",
            gateway_request("Fn-Call-Id: method\r\nFn-Http-Method: GE T\r\n", "{}"),
            (400, "InvalidParameter"),
            "warn",
        ),
        (
            "url",
            gateway_request("Fn-Call-Id: url\r\nFn-Http-Request-Url: /\u{f1}\r\n", "{}"),
            (400, "InvalidParameter"),
            "warn",
        ),
        (
            "long",
            gateway_request(&format!("Fn-Call-Id: long\r\n{long}"), "{}"),
            (400, "InvalidParameter"),
            "warn",
        ),
    ];
    let tries = calls.len();
    for (id, request, (status, code), level) in calls {
        let bytes = match id {
            "413" | "413-chunked" => over.len(),
            "late" => 4,
            _ => 2,
        };
        let answer = function.exchange(request).await;
        assert_eq!(refusal(&answer), (status, code.to_owned()), "{id}");
        let line = line(&function, id).await;
        let written = if id == "413-chunked" { 413 } else { status };
        assert_eq!((&line["level"], &line["code"]), (&level.into(), &code.into()), "{line}");
        assert_eq!(
            (&line["status"], &line["bytes_in"]),
            (&written.into(), &bytes.into()),
            "{line}"
        );
        let ms = line["ms"].as_f64().unwrap_or_else(|| panic!("no ms: {line}"));
        assert!(id != "late" || ms > 400.0, "{line}");
        let said = line["message"].as_str().unwrap();
        let reasons: Vec<&str> = said.split(": ").collect();
        assert!(reasons.windows(2).all(|two| two[0] != two[1]), "{said}");
    }
    // Whoever leaves within a body has no answer, and a line all the same.
    let mut left = function.connect().await;
    left.send("POST /call HTTP/1.1\r\nFn-Call-Id: left\r\nContent-Length: 9\r\n\r\nabc").await;
    drop(left);
    let line = line(&function, "left").await;
    assert_eq!((&line["code"], &line["bytes_in"]), (&"CannotParseRequest".into(), &3.into()));
    tried(tries + 1, "calls that were never predicted");
}

#[tokio::test]
async fn a_client_of_openai_reads_why_its_chat_is_too_large() {
    let base = "https://modeldeployment.us-ashburn-1.oci.customer-oci.com/ocid1.datasciencemodeldeployment.oc1.iad.aaaaaaaaexampleexampleexampleexample";
    let cloud = Cloud::new();
    let function = cloud.function([1]).with("ALLOWED_PATHS", "openai").ready().await;
    let over = vec![b'x'; 7_000_000];
    for (target, reads) in [(base.to_owned(), true), (format!("{base}/predict"), false)] {
        let headers = format!("Fn-Http-H-Model_deployment: {target}\r\n");
        let answer = function.exchange(gateway_request(&headers, &over)).await;
        assert_eq!(refusal(&answer), (413, "PayloadTooLarge".to_owned()));
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        let error = serde_json::json!({
            "message": body["message"], "type": "invalid_request_error", "code": "PayloadTooLarge"
        });
        assert_eq!(body.get("error"), reads.then_some(&error), "{body}");
    }
    tried(2, "chats that are too large");
}

#[tokio::test]
async fn an_id_of_80_kb_costs_no_line_its_level_and_message() {
    let cloud = Cloud::new();
    for format in ["text", "json"] {
        let function = cloud.function([1]).with("LOG_FORMAT", format).ready().await;
        let id = format!("Fn-Call-Id: {}\r\n", "i".repeat(80 * 1024));
        let log = function.log().len();
        assert_eq!(refusal(&function.exchange(gateway_request(&id, "{}")).await).0, 400);
        function.logs("MissingParameter", log).await;
        let line = function.last_line();
        assert!(line.contains(&"i".repeat(128)) && !line.contains(&"i".repeat(129)), "{line}");
        assert!(line.contains("warn") && line.contains("there is no header"), "{line}");
        assert!(line.len() < 1024, "{} bytes", line.len());
    }
    tried(2, "ids of 80 KiB");
}
