//! No reply carries a header that it may not, whatever the function gives and whatever the deployment answers.

use emulator::deployment::Behaviour;
use fn_fdk::{Call, Error, IntoReply, Reply};
use http::{HeaderValue, StatusCode};
use proptest::prelude::*;
use proptest::sample::select;
use tokio::runtime::Runtime;

use super::{cases, value};
use crate::agent::{Answer, Function, gateway_request, request};
use crate::setup::{ROW, Setup, targeted};

const OWN: [&str; 4] = ["content-length", "content-type", "fn-fdk-runtime", "fn-fdk-version"];

/// Names that somebody might want to smuggle, bare or wrapped however often.
fn names() -> impl Strategy<Value = String> {
    let word = select(vec![
        "connection",
        "content-length",
        "content-type",
        "date",
        "fn-call-id",
        "fn-deadline",
        "fn-fdk-runtime",
        "fn-fdk-version",
        "fn-http-status",
        "keep-alive",
        "location",
        "opc-request-id",
        "proxy-authenticate",
        "retry-after",
        "server",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-a",
    ]);
    (0..3_usize, word).prop_map(|(times, word)| format!("{}{word}", "fn-http-h-".repeat(times)))
}

fn headers() -> impl Strategy<Value = Vec<(String, HeaderValue)>> {
    prop::collection::vec((names(), value()), 0..12)
}

/// Any status, and often those that mean something to the agent.
fn statuses() -> impl Strategy<Value = u16> {
    prop_oneof![100..1000_u16, select(vec![200, 502, 504])]
}

/// A handler's reply out of the lines of the body: a status, and a header on each of the others.
async fn dressed(call: Call) -> Result<Reply, Error> {
    let text = String::from_utf8_lossy(call.body()).into_owned();
    let mut lines = text.lines();
    let status = StatusCode::from_bytes(lines.next().unwrap_or_default().as_bytes())?;
    let mut reply = Reply::text("body").with_status(status);
    for (own, value) in lines.filter_map(|line| line.split_once('=')) {
        // What is refused would fail the call; the others are what is looked at.
        if Reply::empty().with_header(own, value).into_reply().is_ok() {
            reply = reply.with_header(own, value);
        }
    }
    Ok(reply)
}

fn check(answer: &Answer, gateway: bool, status: u16) -> Result<(), TestCaseError> {
    let framing = [
        "connection",
        "content-length",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    for (own, _) in answer.head.lines().skip(1).filter_map(|line| line.split_once(": ")) {
        let bare = own.trim_start_matches("fn-http-h-");
        let platform =
            bare.starts_with("fn-") || bare.starts_with("proxy-") || framing.contains(&bare);
        let callers = !platform && (!gateway || own.starts_with("fn-http-h-"));
        let carried = gateway && own == "fn-http-status";
        prop_assert!(OWN.contains(&own) || carried || callers, "{}", answer.head);
    }
    for own in OWN {
        prop_assert_eq!(answer.headers(own).len(), 1, "{} {}", own, answer.head);
    }
    prop_assert_eq!(answer.headers("fn-http-status").len(), usize::from(gateway));
    // The agent keeps the container after these only. A direct caller sees whether its call failed, and no status.
    let expected = match status {
        // No status of an answer.
        100..200 | 600.. => 502,
        _ if gateway => 200,
        200..400 => 200,
        504 => 504,
        _ => 502,
    };
    prop_assert_eq!(answer.status(), expected, "{}", answer.head);
    Ok(())
}

#[test]
fn fn_contract_54_to_60_no_function_makes_a_reply_carry_what_it_may_not() {
    let runtime = Runtime::new().unwrap();
    let function = runtime.block_on(async { Function::start(dressed) });
    proptest!(cases(300), |(headers in headers(), status in statuses(), gateway: bool)| {
        let lines: String = headers
            .iter()
            .map(|(own, value)| format!("\n{own}={}", value.to_str().unwrap()))
            .collect();
        let framed = if gateway { gateway_request } else { request };
        let answer = runtime.block_on(function.exchange(framed("", format!("{status}{lines}"))));
        check(&answer, gateway, status)?;
    });
}

#[test]
fn no_deployment_makes_a_reply_carry_what_it_may_not() {
    let runtime = Runtime::new().unwrap();
    let (setup, function) = runtime.block_on(async {
        let setup = Setup::new().await;
        let function = setup.start().await;
        (setup, function)
    });
    let statuses = select(vec![200, 201, 204, 302, 400, 404, 422]);
    let framing = ["connection", "content-length", "te", "trailer", "transfer-encoding", "upgrade"];
    proptest!(cases(100), |(headers in headers(), status in statuses, gateway: bool)| {
        // Those that frame the answer are the connection's; what becomes of broken ones is searched for in `fuzz`.
        let headers: Vec<(String, String)> = headers
            .into_iter()
            .filter(|(own, _)| !framing.contains(&own.as_str()))
            .map(|(own, value)| (own, value.to_str().unwrap().to_owned()))
            .collect();
        setup.deployment.behave_only(Behaviour::Reply(status, headers, b"{}".to_vec()));
        let mut call = targeted(&setup.url(), ROW);
        if !gateway {
            call.intent = emulator::agent::Intent::Direct;
        }
        let wire = runtime.block_on(function.call(call)).wire.unwrap();
        let passed: &[&str] = if gateway {
            &["fn-http-status", "fn-http-h-opc-request-id", "fn-http-h-retry-after"]
        } else {
            &["opc-request-id", "retry-after"]
        };
        for (own, _) in &wire.headers {
            prop_assert!(OWN.contains(&own.as_str()) || passed.contains(&own.as_str()), "{wire:?}");
        }
        prop_assert!([200, 502].contains(&wire.status), "{wire:?}");
    });
}
