//! What a handler sees of a request, however it is framed and wrapped.

use std::time::{Duration, SystemTime};

use fn_fdk::{Call, Error, Intent, Reply};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::agent::{Function, chunked, gateway_request, request};

use super::echo;

/// Shows what a handler sees of a call, one fact a line.
async fn describe(call: Call) -> Result<Reply, Error> {
    let mut lines = vec![format!("{:?} {} {}", call.intent(), call.method(), call.uri())];
    lines.push(format!("id={:?} type={:?}", call.id(), call.content_type()));
    lines.extend(call.headers().iter().map(|(name, value)| format!("{name}={value:?}")));
    Ok(Reply::text(lines.join("\n")))
}

#[tokio::test]
async fn fn_contract_17_to_22_a_body_arrives_whole_in_any_framing() {
    let function = Function::start(echo);
    let bytes: Vec<u8> = (0..=255).collect();
    let large = bytes.repeat(6 * 1024 * 4);
    assert_eq!(large.len(), 6 * 1024 * 1024);
    for sent in [request("", &bytes), chunked("", &bytes, 4096), chunked("", &bytes, 1)] {
        assert_eq!(function.exchange(sent).await.body, bytes);
    }
    for sent in [request("", &large), chunked("", &large, 32 * 1024)] {
        assert_eq!(function.exchange(sent).await.body, large);
    }
    assert_eq!(function.exchange(request("", "")).await.body, b"");
    // A trailer is read, and is no part of the body.
    let mut trailed = chunked("Trailer: X-End\r\n", &bytes, 100);
    trailed.truncate(trailed.len() - 2);
    trailed.extend(b"X-End: 1\r\n\r\n");
    assert_eq!(function.exchange(trailed).await.body, bytes);
}

#[tokio::test]
async fn fn_contract_18_a_body_in_one_byte_packets_arrives_whole() {
    let function = Function::start(echo);
    let mut connection = function.connect().await;
    for byte in chunked("", b"trickle", 1) {
        connection.send([byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(connection.answer().await.text(), "trickle");
}

#[tokio::test]
async fn fn_contract_25_to_27_and_43_headers_keep_all_values_and_their_names() {
    let function = Function::start(describe);
    let headers = "X-A: 1\r\nx-a: 2\r\nX_Foo: under\r\nX-Foo: hyphen\r\n";
    let seen = function.exchange(request(headers, "")).await;
    for line in ["x-a=\"1\"\nx-a=\"2\"", "x_foo=\"under\"", "x-foo=\"hyphen\""] {
        assert!(seen.text().contains(line), "{line}: {}", seen.text());
    }
}

#[tokio::test]
async fn fn_contract_28_many_and_large_headers_are_served() {
    let function = Function::start(describe);
    let many: String = (0..10_000).map(|n| format!("X-{n}: {n}\r\n")).collect();
    assert!(function.exchange(request(&many, "")).await.text().contains("x-9999=\"9999\""));
    // Go's server, which the agent is, reads 4 KiB more than the 1 MiB that it allows.
    let length = 1024 * 1024 + 4096 - request("", "").len();
    let large = format!("X-Large: {}\r\n", "v".repeat(length));
    let mut connection = function.connect().await;
    // Piece by piece: of what comes at once the kit looks at the size too late.
    for piece in request(&large, "").chunks(1024) {
        connection.send(piece).await;
        tokio::task::yield_now().await;
    }
    let answer = connection.answer().await;
    assert_eq!((answer.status(), answer.text().len() > length), (200, true));
}

#[tokio::test]
async fn fn_contract_29_to_32_odd_headers_are_served() {
    let function = Function::start(describe);
    let mut bytes = request("X-Bytes: ", "");
    bytes.truncate(bytes.len() - 2);
    bytes.extend(b"\xff\xfe\r\nContent-Type:\r\n\r\n");
    let seen = function.exchange(bytes).await;
    assert!(seen.text().contains(r#"x-bytes="\xff\xfe""#), "{}", seen.text());
    assert!(seen.text().contains("id=None type=None"), "{}", seen.text());
}

#[tokio::test]
async fn fn_contract_33_and_34_a_held_back_body_is_awaited() {
    let function = Function::start(echo);
    let mut connection = function.connect().await;
    let head = "POST /call HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
    connection.send(head).await;
    connection.send("body").await;
    let bytes = {
        connection.half_close().await;
        connection.rest().await
    };
    let text = String::from_utf8(bytes).unwrap();
    let last = text.trim_start_matches("HTTP/1.1 100 Continue\r\n\r\n");
    assert!(last.starts_with("HTTP/1.1 200 OK\r\n") && last.ends_with("body"), "{text}");
}

#[tokio::test]
async fn fn_contract_35_an_unread_body_does_not_stop_the_next_call() {
    let function = Function::start(|_| async {});
    let mut connection = function.connect().await;
    for _ in 0..2 {
        connection.send(chunked("", &vec![7; 3 * 1024 * 1024], 32 * 1024)).await;
        assert_eq!(connection.answer().await.status(), 200);
    }
    assert_eq!(function.exchange(request("", "")).await.status(), 200);
}

#[tokio::test]
async fn fn_contract_36_a_body_that_breaks_off_gets_no_answer_and_no_handler() {
    let function = Function::start(echo);
    for cut in [chunked("", b"half", 2), request("", "half")] {
        let mut connection = function.connect().await;
        connection.send(&cut[..cut.len() - 3]).await;
        connection.half_close().await;
        assert_eq!(connection.rest().await, b"");
    }
    assert_eq!(function.exchange(request("", "whole")).await.text(), "whole");
}

#[tokio::test]
async fn fn_contract_37_to_39_connections_are_kept_and_new_ones_served_beside_them() {
    let function = Function::start(echo);
    let mut first = function.connect().await;
    let mut second = function.connect().await;
    for connection in [&mut first, &mut second] {
        connection.send(request("", "1")).await;
        assert_eq!(connection.answer().await.text(), "1");
        connection.send(request("", "2")).await;
        assert_eq!(connection.answer().await.text(), "2");
    }
    first.send(request("", "still open")).await;
    assert_eq!(first.answer().await.text(), "still open");
}

#[tokio::test]
async fn fn_contract_41_other_paths_and_methods_are_refused() {
    let function = Function::start(echo);
    let other =
        |line: &str| format!("{line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{{}}");
    assert_eq!(function.exchange(other("POST /")).await.status(), 404);
    assert_eq!(function.exchange(other("POST /call/")).await.status(), 404);
    assert_eq!(function.exchange(other("GET /call")).await.status(), 405);
    assert_eq!(function.exchange(request("", "ok")).await.text(), "ok");
}

#[tokio::test]
async fn fn_contract_42_garbage_closes_only_its_own_connection() {
    let function = Function::start(echo);
    let mut kept = function.connect().await;
    for garbage in [&b"\0\0\0\0\r\n\r\n"[..], b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00"] {
        let mut connection = function.connect().await;
        connection.send(garbage).await;
        connection.half_close().await;
        connection.rest().await;
    }
    kept.send(request("", "ok")).await;
    assert_eq!(kept.answer().await.text(), "ok");
}

#[tokio::test]
async fn fn_contract_44_to_49_and_52_a_gateway_request_is_unwrapped() {
    let function = Function::start(describe);
    let headers = "Fn-Http-Method: PUT\r\nFn-Http-Request-Url: /v1/iris?q=1\r\nFn-Call-Id: 01CALL\r\n\
         Fn-Http-H-X: 1\r\nFn-Http-H-X: 2\r\nFn-Http-H-: bare\r\nFn-Http-H-Model_deployment: m\r\n\
         Fn-Http-H-Fn-Intent: spoofed\r\nContent-Type: a/b\r\nFn-Http-H-Content-Type: c/d\r\n\
         User-Agent: Go-http-client/1.1\r\nAccept-Encoding: gzip\r\n";
    let seen = function.exchange(gateway_request(headers, "")).await;
    assert_eq!(
        String::from_utf8(seen.body).unwrap(),
        "Gateway PUT /v1/iris?q=1\nid=Some(\"01CALL\") type=Some(\"a/b\")\n\
         x=\"1\"\nx=\"2\"\nmodel_deployment=\"m\"\nfn-intent=\"spoofed\"\ncontent-type=\"a/b\""
    );
}

#[tokio::test]
async fn fn_contract_44_an_empty_content_type_of_the_platform_is_none() {
    let headers = "Content-Type: \r\nFn-Http-H-Content-Type: image/png\r\n";
    let seen = Function::start(describe).exchange(gateway_request(headers, "")).await;
    let seen = String::from_utf8(seen.body).unwrap();
    assert!(seen.contains("type=Some(\"image/png\")"), "{seen}");
}

#[tokio::test]
async fn fn_contract_45_50_51_and_53_only_the_intent_makes_a_gateway_request() {
    let function = Function::start(describe);
    let direct = function.exchange(request("Fn-Http-Method: PUT\r\nFn-Http-H-X: 1\r\n", "")).await;
    assert!(direct.text().starts_with("Direct POST /\n"), "{}", direct.text());
    let bare = function.exchange(gateway_request("", "")).await;
    assert!(bare.text().starts_with("Gateway POST /\n"), "{}", bare.text());
    let absolute = "Fn-Http-Request-Url: http://gw:1/v1/iris?q=1\r\n";
    let seen = function.exchange(gateway_request(absolute, "")).await;
    assert!(seen.text().starts_with("Gateway POST http://gw:1/v1/iris?q=1\n"), "{}", seen.text());
}

#[test]
fn fn_contract_77_a_call_tells_what_the_platform_said_of_it() {
    let header = |name: &'static str, value: &'static str| {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    let deadline = header("fn-deadline", "1970-01-01T12:00:30Z");
    let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(12 * 3600);
    let headers = HeaderMap::from_iter([deadline, header("fn-call-id", "01CALL")]);
    let call = Call::from_agent(headers.clone(), "", noon).unwrap();
    assert_eq!((call.id(), call.platform_headers()), (Some("01CALL"), &headers));
    let left = |call: &Call| call.remaining().as_secs_f64();
    assert!((29.0..=30.0).contains(&left(&call)), "{}", left(&call));
    let late = Call::from_agent(headers, "", noon + Duration::from_secs(31)).unwrap();
    assert_eq!(late.remaining(), Duration::ZERO);
    let unnamed = Call::from_agent(HeaderMap::new(), "", noon).unwrap();
    assert!((299.0..=300.0).contains(&left(&unnamed)), "{}", left(&unnamed));
}

#[test]
fn a_reply_tells_what_the_caller_shall_see() {
    let (name, value) = (HeaderName::from_static("x-model"), HeaderValue::from_static("iris"));
    let reply = Reply::text("body").with_header(name.clone(), value.clone());
    assert_eq!((reply.status().as_u16(), reply.body()), (200, &b"body"[..]));
    assert_eq!(reply.headers().get(name), Some(&value));
}

#[test]
fn a_call_shows_neither_headers_nor_body() {
    let headers = HeaderMap::from_iter([(
        HeaderName::from_static("authorization"),
        HeaderValue::from_static("Bearer t"),
    )]);
    let call = Call::from_agent(headers, "secret", SystemTime::now()).unwrap();
    assert_eq!(call.intent(), Intent::Direct);
    let shown = format!("{call:?} {:?}", Reply::text("secret"));
    assert!(!shown.contains("Bearer") && !shown.contains("secret"), "{shown}");
}
