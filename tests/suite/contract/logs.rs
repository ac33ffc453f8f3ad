//! What the log says of a call whose handler did what it should not.

use std::time::Duration;

use emulator::agent::{Agent, Invocation, Program};

use crate::examples::example;
use crate::setup::GRACE;

/// Asks the example for a behaviour, through a gateway or not; the lines of the log that this call wrote.
async fn logged(function: &Agent, asked: &str, gateway: bool) -> Vec<String> {
    let mut call = Invocation { body: "{}".into(), ..Invocation::default() };
    if gateway {
        call = call.through_gateway("POST", "/");
    }
    call.headers.push(("conformance".to_owned(), asked.into()));
    let before = function.lines().len();
    function.call(call).await;
    let mut lines = function.lines().split_off(before);
    // The rest is the frame of the call, and what was said at the start.
    lines.retain(|line| line.starts_with("call="));
    lines
}

#[tokio::test]
async fn what_the_kit_says_of_a_call_is_one_line_with_its_status_code_and_time() {
    let brief = Program::new(example("conformance")).timeout(Duration::from_secs(3)).grace(GRACE);
    let function = Agent::start(brief).await.unwrap();
    for (asked, status, code) in [
        (r#"{"do":"fail"}"#, "502", "FunctionFailed"),
        (r#"{"do":"panic"}"#, "502", "FunctionFailed"),
        (r#"{"do":"panic","late":true}"#, "502", "FunctionFailed"),
        (r#"{"do":"large","bytes":7000000}"#, "502", "AnswerTooLarge"),
        (r#"{"do":"sleep","milliseconds":10000}"#, "504", "FunctionTimedOut"),
        (r#"{"do":"stream","bytes":200000,"fails":true}"#, "502", "FunctionFailed"),
    ] {
        for gateway in [false, true] {
            let lines = logged(&function, asked, gateway).await;
            assert_eq!(lines.len(), 1, "{asked}: {lines:?}");
            let end = format!(" status={status} code={code} ms=");
            assert!(lines[0].contains(&end), "{asked}: {lines:?}");
            assert!(lines[0].contains("level=error"), "{asked}: {lines:?}");
        }
    }
}

#[tokio::test]
async fn fn_contract_63_and_86_what_failed_is_said_once_with_its_cause_and_the_calls_id() {
    let function = Agent::start(Program::new(example("conformance"))).await.unwrap();
    let created = r#"{"do":"reply","status":201,"headers":[]}"#;
    for (asked, gateway, said) in [
        (r#"{"do":"fail"}"#, false, Some("the function failed: failed on purpose")),
        (r#"{"do":"fail"}"#, true, Some("the function failed: failed on purpose")),
        (
            r#"{"do":"stream","bytes":200000,"fails":true}"#,
            false,
            Some("the answer's stream failed: the source failed on purpose"),
        ),
        (created, false, Some("a direct caller cannot see the status 201 Created of this answer")),
        (created, true, None),
        (r#"{"do":"text"}"#, false, None),
    ] {
        let lines = logged(&function, asked, gateway).await;
        match said {
            Some(said) => {
                assert_eq!(lines.len(), 1, "{asked}: {lines:?}");
                assert!(lines[0].contains(&format!("message=\"{said}\"")), "{asked}: {lines:?}");
                assert!(lines[0].starts_with("call=01"), "{asked}: {lines:?}");
            }
            None => assert!(lines.is_empty(), "{asked}: {lines:?}"),
        }
    }
}
