//! Does the function kit keep the container contract? Each test names the items of the contract's checklist.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use model_deployment_fn::fdk::{Call, Error, Intent, Listener, LogFrame, Reply};
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::agent::{Connection, Function, chunked, gateway_request, request};

async fn echo(call: Call) -> Result<Reply, Error> {
    Ok(Reply::new(HeaderValue::from_static("application/octet-stream"), call.body().clone()))
}

/// Shows what a handler sees of a call, one fact a line.
async fn describe(call: Call) -> Result<Reply, Error> {
    let mut lines = vec![format!("{:?} {} {}", call.intent(), call.method(), call.uri())];
    lines.push(format!("id={:?} type={:?}", call.id(), call.content_type()));
    lines.extend(call.headers().iter().map(|(name, value)| format!("{name}={value:?}")));
    Ok(Reply::text(lines.join("\n")))
}

#[tokio::test]
async fn items_7_and_8_the_name_is_a_relative_link_to_a_socket_for_everybody() {
    let function = Function::start(echo);
    let target = fs::read_link(&function.socket).unwrap();
    assert_eq!(target.components().count(), 1, "{target:?}");
    let metadata = fs::metadata(&function.socket).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o666);
}

#[tokio::test]
async fn item_10_files_of_an_earlier_process_are_replaced() {
    let prepare: [fn(&Path); 5] = [
        |dir| symlink(".s", dir.join("lsnr.sock")).unwrap(),
        |dir| drop(UnixListener::bind(dir.join(".s")).unwrap()),
        |dir| fs::write(dir.join(".s"), "").unwrap(),
        |dir| fs::write(dir.join("lsnr.sock"), "").unwrap(),
        |dir| {
            drop(UnixListener::bind(dir.join(".s")).unwrap());
            symlink(".s", dir.join("lsnr.sock")).unwrap();
        },
    ];
    for prepare in prepare {
        let directory = tempfile::tempdir().unwrap();
        prepare(directory.path());
        let socket = directory.path().join("lsnr.sock");
        let listener = Listener::publish(&socket).unwrap();
        Connection::open(listener.path()).await;
    }
}

#[tokio::test]
async fn item_11_a_path_of_107_bytes_is_served() {
    let directory = tempfile::tempdir().unwrap();
    for name_length in [1, 2, 3] {
        let padding = 107 - directory.path().as_os_str().len() - 2 - name_length;
        let folder = directory.path().join("d".repeat(padding));
        fs::create_dir_all(&folder).unwrap();
        let socket = folder.join("n".repeat(name_length));
        assert_eq!(socket.as_os_str().len(), 107);
        let listener = Listener::publish(&socket).unwrap();
        Connection::open(listener.path()).await;
    }
}

#[tokio::test]
async fn item_16_a_stop_lets_the_call_in_hand_finish_and_removes_the_files() {
    let (started, mut calls) = mpsc::channel(1);
    let mut function = Function::start(move |call| {
        let started = started.clone();
        async move {
            started.send(()).await?;
            sleep(Duration::from_millis(200)).await;
            echo(call).await
        }
    });
    let mut idle = function.connect().await;
    idle.send(request("", "")).await;
    calls.recv().await.unwrap();
    idle.answer().await;
    let mut busy = function.connect().await;
    busy.send(request("", "late")).await;
    calls.recv().await.unwrap();
    function.order_stop();
    assert_eq!(busy.answer().await.text(), "late");
    let socket = function.socket.clone();
    function.stopped().await;
    assert!(fs::symlink_metadata(&socket).is_err());
    assert!(fs::symlink_metadata(socket.with_file_name(".s")).is_err());
}

#[tokio::test]
async fn items_17_to_22_a_body_arrives_whole_in_any_framing() {
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
}

#[tokio::test]
async fn item_18_a_body_in_one_byte_packets_arrives_whole() {
    let function = Function::start(echo);
    let mut connection = function.connect().await;
    for byte in chunked("", b"trickle", 1) {
        connection.send([byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(connection.answer().await.text(), "trickle");
}

#[tokio::test]
async fn items_25_to_27_and_43_headers_keep_all_values_and_their_names() {
    let function = Function::start(describe);
    let headers = "X-A: 1\r\nx-a: 2\r\nX_Foo: under\r\nX-Foo: hyphen\r\n";
    let seen = function.exchange(request(headers, "")).await;
    for line in ["x-a=\"1\"\nx-a=\"2\"", "x_foo=\"under\"", "x-foo=\"hyphen\""] {
        assert!(seen.text().contains(line), "{line}: {}", seen.text());
    }
}

#[tokio::test]
async fn item_28_many_and_large_headers_are_served() {
    let function = Function::start(describe);
    let many: String = (0..10_000).map(|n| format!("X-{n}: {n}\r\n")).collect();
    assert!(function.exchange(request(&many, "")).await.text().contains("x-9999=\"9999\""));
    let large = format!("X-Large: {}\r\n", "v".repeat(1024 * 1024 - 1024));
    let answer = function.exchange(request(&large, "")).await;
    assert_eq!((answer.status(), answer.text().len() > 1024 * 1024 - 1024), (200, true));
}

#[tokio::test]
async fn items_29_to_32_odd_headers_are_served() {
    let function = Function::start(describe);
    let mut bytes = request("X-Bytes: ", "");
    bytes.truncate(bytes.len() - 2);
    bytes.extend(b"\xff\xfe\r\nContent-Type:\r\n\r\n");
    let seen = function.exchange(bytes).await;
    assert!(seen.text().contains(r#"x-bytes="\xff\xfe""#), "{}", seen.text());
    assert!(seen.text().contains("id=None type=None"), "{}", seen.text());
}

#[tokio::test]
async fn items_33_and_34_a_held_back_body_is_awaited() {
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
async fn item_35_an_unread_body_does_not_stop_the_next_call() {
    let function = Function::start(|_| async { Ok(Reply::empty()) });
    let mut connection = function.connect().await;
    for _ in 0..2 {
        connection.send(chunked("", &vec![7; 3 * 1024 * 1024], 32 * 1024)).await;
        assert_eq!(connection.answer().await.status(), 200);
    }
    assert_eq!(function.exchange(request("", "")).await.status(), 200);
}

#[tokio::test]
async fn item_36_a_body_that_breaks_off_gets_no_answer_and_no_handler() {
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
async fn items_37_to_39_connections_are_kept_and_new_ones_served_beside_them() {
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
async fn item_41_other_paths_and_methods_are_refused() {
    let function = Function::start(echo);
    let other =
        |line: &str| format!("{line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{{}}");
    assert_eq!(function.exchange(other("POST /")).await.status(), 404);
    assert_eq!(function.exchange(other("POST /call/")).await.status(), 404);
    assert_eq!(function.exchange(other("GET /call")).await.status(), 405);
    assert_eq!(function.exchange(request("", "ok")).await.text(), "ok");
}

#[tokio::test]
async fn item_42_garbage_closes_only_its_own_connection() {
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
async fn items_44_to_49_and_52_a_gateway_request_is_unwrapped() {
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
async fn items_45_50_51_and_53_only_the_intent_makes_a_gateway_request() {
    let function = Function::start(describe);
    let direct = function.exchange(request("Fn-Http-Method: PUT\r\nFn-Http-H-X: 1\r\n", "")).await;
    assert!(direct.text().starts_with("Direct POST /\n"), "{}", direct.text());
    let bare = function.exchange(gateway_request("", "")).await;
    assert!(bare.text().starts_with("Gateway POST /\n"), "{}", bare.text());
    let absolute = "Fn-Http-Request-Url: http://gw:1/v1/iris?q=1\r\n";
    let seen = function.exchange(gateway_request(absolute, "")).await;
    assert!(seen.text().starts_with("Gateway POST http://gw:1/v1/iris?q=1\n"), "{}", seen.text());
}

#[tokio::test]
async fn items_54_and_70_an_answer_is_200_sized_identified_and_plain() {
    let function = Function::start(echo);
    let answer = function.exchange(request("Accept-Encoding: gzip\r\n", "body")).await;
    assert_eq!((answer.status(), answer.header("content-length")), (200, Some("4")));
    assert!(answer.header("fn-fdk-version").unwrap().starts_with("model-deployment-fn/"));
    assert!(answer.header("fn-fdk-runtime").unwrap().starts_with("rust/1."));
    assert_eq!((answer.header("date"), answer.header("content-encoding")), (None, None));
}

async fn dressed(_: Call) -> Result<Reply, Error> {
    let mut reply = Reply::text("body").with_status(StatusCode::CREATED)?;
    for (name, value) in [
        ("x-a", "1"),
        ("x-a", "2"),
        ("fn-http-h-x-b", "3"),
        ("connection", "close"),
        ("keep-alive", "1"),
        ("transfer-encoding", "chunked"),
        ("te", "trailers"),
        ("trailer", "x"),
        ("upgrade", "h2c"),
        ("proxy-authenticate", "x"),
        ("content-length", "999"),
        ("fn-http-h-content-length", "999"),
    ] {
        reply =
            reply.with_header(HeaderName::from_static(name), HeaderValue::from_static(value))?;
    }
    Ok(reply)
}

const FRAMING: [&str; 8] = [
    "connection",
    "keep-alive",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "proxy-authenticate",
    "fn-http-h-",
];

#[tokio::test]
async fn items_55_58_and_62_a_direct_answer_has_bare_headers() {
    let answer = Function::start(dressed).exchange(request("", "")).await;
    assert_eq!((answer.status(), answer.headers("x-a")), (200, vec!["1", "2"]));
    assert_eq!(
        (answer.header("fn-http-status"), answer.header("content-length")),
        (None, Some("4"))
    );
    for name in FRAMING {
        assert_eq!(answer.header(name), None, "{name}");
    }
}

#[tokio::test]
async fn items_56_to_58_a_gateway_answer_wraps_all_headers_but_the_content_type() {
    let answer = Function::start(dressed).exchange(gateway_request("", "")).await;
    assert_eq!((answer.status(), answer.header("fn-http-status")), (200, Some("201")));
    assert_eq!(
        (answer.headers("fn-http-h-x-a"), answer.headers("fn-http-h-x-b")),
        (vec!["1", "2"], vec!["3"])
    );
    assert_eq!(
        (answer.headers("content-type").len(), answer.header("fn-http-h-content-type")),
        (1, None)
    );
    assert_eq!((answer.header("x-a"), answer.header("fn-http-h-content-length")), (None, None));
    for name in FRAMING {
        assert_eq!(answer.header(&format!("fn-http-h-{name}")), None, "{name}");
    }
}

#[test]
fn items_59_60_and_72_what_cannot_be_sent_is_refused_when_it_is_set() {
    for name in ["fn-call-id", "fn-deadline", "fn-http-status", "fn-http-h-fn-call-id"] {
        let reply = Reply::empty()
            .with_header(HeaderName::from_static(name), HeaderValue::from_static("x"));
        assert!(reply.is_err(), "{name}");
    }
    for status in [100, 101, 199, 600, 999] {
        assert!(
            Reply::empty().with_status(StatusCode::from_u16(status).unwrap()).is_err(),
            "{status}"
        );
    }
    for status in [99, 1000] {
        assert!(StatusCode::from_u16(status).is_err(), "{status}");
    }
    for value in ["a\rb", "a\nb", "a\0b"] {
        assert!(HeaderValue::from_str(value).is_err(), "{value:?}");
    }
}

#[tokio::test]
async fn item_61_a_status_without_content_has_no_body() {
    for status in [204, 304] {
        let status = StatusCode::from_u16(status).unwrap();
        let function =
            Function::start(
                move |_| async move { Ok(Reply::text("dropped").with_status(status)?) },
            );
        let answer = function.exchange(gateway_request("", "")).await;
        assert_eq!((answer.status(), answer.header("content-length")), (200, Some("0")));
        assert_eq!(answer.header("fn-http-status"), Some(status.as_str()));
    }
}

#[tokio::test]
async fn items_63_and_66_a_failed_handler_is_502_and_the_function_lives() {
    let function = Function::start(|call: Call| async move {
        Ok(Reply::text(std::str::from_utf8(call.body())?.to_owned()))
    });
    for sent in [request("", b"\xff"), gateway_request("", b"\xff")] {
        let failed = function.exchange(sent).await;
        assert_eq!(failed.status(), 502);
        assert_eq!(failed.json()["message"], "the function failed");
    }
    assert_eq!(function.exchange(request("", "text")).await.text(), "text");
}

#[tokio::test]
async fn items_64_and_65_a_panic_is_502_and_leaves_nothing_behind() {
    fn now(_: &Call) -> Result<(), Error> {
        panic!("before the first await")
    }
    let function = Function::start(|call: Call| {
        if call.body() == "sync" {
            now(&call).unwrap_or_default();
        }
        async move {
            assert_ne!(call.body(), "async", "after the first await");
            echo(call).await
        }
    });
    let mut connection = function.connect().await;
    for body in ["sync", "async"] {
        connection.send(request("", body)).await;
        assert_eq!(connection.answer().await.status(), 502, "{body}");
        connection.send(request("", "next")).await;
        assert_eq!(connection.answer().await.text(), "next");
    }
}

#[tokio::test]
async fn item_67_the_socket_sees_only_the_three_statuses() {
    for status in 200..=599 {
        let status = StatusCode::from_u16(status).unwrap();
        let function =
            Function::start(move |_| async move { Ok(Reply::empty().with_status(status)?) });
        assert_eq!(function.exchange(gateway_request("", "")).await.status(), 200);
        assert_eq!(function.exchange(request("", "")).await.status(), 200);
    }
}

#[tokio::test]
async fn items_68_and_69_an_empty_answer_and_a_redirect_stay_inside_200() {
    let empty = Function::start(|_| async { Ok(Reply::empty()) }).exchange(request("", "")).await;
    assert_eq!((empty.status(), empty.header("content-length")), (200, Some("0")));
    let redirect = Function::start(|_| async {
        let location = HeaderValue::from_static("https://elsewhere/");
        Ok(Reply::empty()
            .with_status(StatusCode::FOUND)?
            .with_header(http::header::LOCATION, location)?)
    });
    let answer = redirect.exchange(gateway_request("", "")).await;
    assert_eq!((answer.status(), answer.header("fn-http-status")), (200, Some("302")));
    assert_eq!(
        (answer.header("location"), answer.header("fn-http-h-location")),
        (None, Some("https://elsewhere/"))
    );
}

#[tokio::test]
async fn item_75_a_peer_that_leaves_does_not_harm_the_next() {
    let function = Function::start(|_| async { Ok(Reply::text("x".repeat(5 * 1024 * 1024))) });
    for _ in 0..3 {
        let mut connection = function.connect().await;
        connection.send(request("", "")).await;
        drop(connection);
    }
    assert_eq!(function.exchange(request("", "")).await.body.len(), 5 * 1024 * 1024);
}

#[tokio::test]
async fn item_76_a_body_over_the_limit_is_read_and_refused() {
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

fn deadline(seconds: f64) -> String {
    let until = SystemTime::now() + Duration::from_secs_f64(seconds);
    // Cut to whole seconds, as the agent does.
    let text = httpdate::fmt_http_date(until);
    let date = chrono::DateTime::parse_from_rfc2822(&text).unwrap();
    format!("Fn-Deadline: {}\r\n", date.to_rfc3339())
}

#[tokio::test]
async fn items_78_and_79_a_handler_past_the_deadline_is_504_and_the_function_lives() {
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
    assert!((0.9..2.5).contains(&elapsed), "{elapsed}");
    assert_eq!(function.exchange(request("Fn-Deadline: soon\r\n", "ok")).await.text(), "ok");
}

#[tokio::test]
async fn item_79_a_body_that_never_ends_is_504_by_the_deadline() {
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

#[test]
fn items_82_to_84_a_frame_is_exact_or_absent() {
    let frame = LogFrame::new(Some("NAME".into()), Some("Opc-Request-Id".into())).unwrap();
    let with = |value: &[u8]| {
        let value = HeaderValue::from_bytes(value).unwrap();
        frame.line(&HeaderMap::from_iter([(HeaderName::from_static("opc-request-id"), value)]))
    };
    assert_eq!(with(b"/a/b").unwrap(), b"\nNAME=/a/b\n");
    assert_eq!(with(b"\xff").unwrap(), b"\nNAME=\xff\n");
    assert_eq!((with(b""), with(b"a\tb"), frame.line(&HeaderMap::new())), (None, None, None));
    assert_eq!(
        LogFrame::new(None, Some("x".into())).or(LogFrame::new(Some("x".into()), None)),
        None
    );
}

#[test]
fn a_call_shows_neither_headers_nor_body() {
    let headers = HeaderMap::from_iter([(
        HeaderName::from_static("authorization"),
        HeaderValue::from_static("Bearer t"),
    )]);
    let call = Call::from_agent(headers, "secret", SystemTime::now());
    assert_eq!(call.intent(), Intent::Direct);
    let shown = format!("{call:?} {:?}", Reply::text("secret"));
    assert!(!shown.contains("Bearer") && !shown.contains("secret"), "{shown}");
}
