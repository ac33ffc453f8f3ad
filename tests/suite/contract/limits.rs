//! Sizes, deadlines and the log frame.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use fn_fdk::{Call, Error, LogFrame};
use futures_util::future::join_all;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::sleep;

use crate::agent::{Function, chunked, gateway_request, request};

use super::echo;

#[tokio::test]
async fn fn_contract_76_a_body_over_the_limit_is_read_and_refused() {
    let function = Function::start(echo);
    let over = vec![b'x'; 6 * 1024 * 1024 + 1];
    let mut connection = function.connect().await;
    for framed in
        [chunked("Fn-Intent: httprequest\r\n", &over, 32 * 1024), gateway_request("", &over)]
    {
        connection.send(framed).await;
        let answer = connection.answer().await;
        assert_eq!((answer.status(), answer.header("fn-http-status")), (200, Some("413")));
        assert_eq!(answer.json()["code"], "PayloadTooLarge");
    }
    connection.send(request("", &over)).await;
    assert_eq!(connection.answer().await.status(), 502);
}

#[tokio::test]
async fn fn_contract_76_an_answer_over_the_limit_is_502_before_any_byte() {
    let function = Function::start(|call: Call| async move {
        let size: usize = String::from_utf8_lossy(call.body()).parse()?;
        Ok::<_, Error>(vec![b'x'; size])
    });
    let limit = 6 * 1024 * 1024;
    for framed in [request, gateway_request] {
        let whole = function.exchange(framed("", limit.to_string())).await;
        assert_eq!((whole.status(), whole.body.len()), (200, limit));
        let refused = function.exchange(framed("", (limit + 1).to_string())).await;
        assert_eq!((refused.status(), refused.body.len() < 100), (502, true));
        assert_eq!(refused.json()["code"], "AnswerTooLarge");
    }
}

pub(super) fn deadline(seconds: f64) -> String {
    let until = SystemTime::now() + Duration::from_secs_f64(seconds);
    // Cut to whole seconds, as the agent does.
    let text = httpdate::fmt_http_date(until);
    let date = chrono::DateTime::parse_from_rfc2822(&text).unwrap();
    format!("Fn-Deadline: {}\r\n", date.to_rfc3339())
}

#[tokio::test]
async fn fn_contract_78_and_79_a_handler_past_the_deadline_is_504_and_the_function_lives() {
    let function = Function::start(|call: Call| async move {
        if call.body() == "slow" {
            sleep(Duration::from_secs(60)).await;
        }
        echo(call).await
    });
    let start = Instant::now();
    let late = function.exchange(request(&deadline(2.0), "slow")).await;
    assert_eq!(late.status(), 504);
    let elapsed = start.elapsed().as_secs_f64();
    assert!((0.9..10.0).contains(&elapsed), "{elapsed}");
    assert_eq!(function.exchange(request("Fn-Deadline: soon\r\n", "ok")).await.text(), "ok");
}

#[tokio::test]
async fn fn_contract_79_a_body_that_never_ends_is_504_by_the_deadline() {
    let function = Function::start(echo);
    let mut connection = function.connect().await;
    let head = format!(
        "POST /call HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n{}\r\n",
        deadline(1.5)
    );
    connection.send(head).await;
    assert_eq!(connection.answer().await.status(), 504);
    assert_eq!(function.exchange(request("", "ok")).await.text(), "ok");
}

const OPC_REQUEST_ID: HeaderName = HeaderName::from_static("opc-request-id");

/// A body of more than 1 MiB, of which the function holds two at once.
const LARGE: usize = 1024 * 1024 + 1;

#[tokio::test]
async fn a_third_large_body_waits_for_one_of_two_and_a_small_one_does_not() {
    let (started, mut calls) = mpsc::unbounded_channel();
    let gate = Arc::new(Semaphore::new(0));
    let released = gate.clone();
    let function = Function::start(move |call: Call| {
        let (started, gate) = (started.clone(), gate.clone());
        async move {
            if call.body().len() < LARGE {
                return Ok(echo(call).await);
            }
            started.send(())?;
            gate.acquire().await?.forget();
            Ok::<_, Error>(Bytes::from_static(b"large"))
        }
    });
    let large = vec![b'x'; LARGE];
    let requests = [request("", &large), chunked("", &large, 32 * 1024)];
    for third in &requests {
        let held = requests.iter().map(|request| function.exchange(request));
        let later = async {
            for _ in 0..2 {
                calls.recv().await.unwrap();
            }
            // One that waits too long is late, one that does not comes to the handler, and a small one passes at once.
            let late = chunked(&deadline(1.5), &large, 32 * 1024);
            assert_eq!(function.exchange(late).await.status(), 504);
            let small = vec![b'x'; LARGE - 1];
            for framed in [request("", &small), chunked("", &small, 32 * 1024)] {
                assert_eq!(function.exchange(framed).await.body.len(), LARGE - 1);
            }
            let waits = function.exchange(third);
            let released = async {
                assert!(calls.try_recv().is_err(), "a third large body came to the handler");
                released.add_permits(3);
            };
            let (answer, ()) = tokio::join!(waits, released);
            assert_eq!(answer.text(), "large");
            calls.recv().await.unwrap();
        };
        let (answers, ()) = tokio::join!(join_all(held), later);
        assert!(answers.iter().all(|answer| answer.text() == "large"));
    }
}

#[tokio::test]
async fn two_bodies_that_never_end_keep_no_small_one_waiting() {
    let function = Function::start(echo);
    let mut stuck = Vec::new();
    for _ in 0..2 {
        let mut connection = function.connect().await;
        let head =
            format!("POST /call HTTP/1.1\r\nContent-Length: {LARGE}\r\n{}\r\nx", deadline(2.0));
        connection.send(head).await;
        stuck.push(connection);
    }
    assert_eq!(function.exchange(request("", "small")).await.text(), "small");
    // A large one comes when they are given up.
    let large = vec![b'x'; LARGE];
    assert_eq!(function.exchange(request("", &large)).await.body.len(), LARGE);
    for mut connection in stuck {
        assert_eq!(connection.answer().await.status(), 504);
    }
}

#[test]
fn fn_contract_82_to_84_a_frame_is_exact_or_absent() {
    let frame = LogFrame::new(Some("NAME".into()), Some(OPC_REQUEST_ID)).unwrap();
    let with = |value: &[u8]| {
        let value = HeaderValue::from_bytes(value).unwrap();
        frame.line(&HeaderMap::from_iter([(OPC_REQUEST_ID, value)]))
    };
    assert_eq!(with(b"/a/b").unwrap(), b"\nNAME=/a/b\n");
    assert_eq!(with(b"\xff").unwrap(), b"\nNAME=\xff\n");
    assert_eq!((with(b""), with(b"a\tb"), frame.line(&HeaderMap::new())), (None, None, None));
    assert_eq!(
        LogFrame::new(None, Some(OPC_REQUEST_ID)).or(LogFrame::new(Some("x".into()), None)),
        None
    );
}
