//! What the agent sees of an answer, whatever the handler did.

use fn_fdk::{Call, Error, IntoReply, Reply};
use http::StatusCode;

use crate::agent::{Function, gateway_request, request};

use super::echo;

#[tokio::test]
async fn fn_contract_54_and_70_an_answer_is_200_sized_identified_and_plain() {
    let function = Function::start(echo);
    let answer = function.exchange(request("Accept-Encoding: gzip\r\n", "body")).await;
    assert_eq!((answer.status(), answer.header("content-length")), (200, Some("4")));
    assert!(answer.header("fn-fdk-version").unwrap().starts_with("fn-fdk/"));
    assert!(answer.header("fn-fdk-runtime").unwrap().starts_with("rust/1."));
    assert_eq!((answer.header("date"), answer.header("content-encoding")), (None, None));
}

async fn dressed(_: Call) -> Reply {
    let headers = [
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
    ];
    let reply = Reply::text("body").with_status(StatusCode::CREATED);
    headers.into_iter().fold(reply, |reply, (name, value)| reply.with_header(name, value))
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
async fn fn_contract_55_58_and_62_a_direct_answer_has_bare_headers() {
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
async fn fn_contract_56_to_58_a_gateway_answer_wraps_all_headers_but_the_content_type() {
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
fn fn_contract_59_60_and_72_what_cannot_be_sent_is_refused_when_it_is_set() {
    let refused = |reply: Reply| reply.into_reply().unwrap_err().to_string();
    for name in ["fn-call-id", "fn-deadline", "fn-http-status", "fn-http-h-fn-call-id"] {
        let error = refused(Reply::empty().with_header(name, "x").with_status(99));
        assert_eq!(error, format!("header `{name}` belongs to the platform and cannot be set"));
    }
    for status in [100, 101, 199, 600, 999] {
        let error = refused(Reply::empty().with_status(status));
        assert!(error.contains("expected 200 to 599"), "{status}: {error}");
    }
    for status in [99, 1000] {
        assert_eq!(refused(Reply::empty().with_status(status)), "invalid status code");
    }
    for value in ["a\rb", "a\nb", "a\0b"] {
        assert_eq!(refused(Reply::empty().with_header("x", value)), "failed to parse header value");
    }
    assert_eq!(refused(Reply::empty().with_header("a b", "x")), "invalid HTTP header name");
}

#[tokio::test]
async fn fn_contract_61_a_status_without_content_has_no_body() {
    for status in [204, 304] {
        let status = StatusCode::from_u16(status).unwrap();
        let function = Function::start(move |_| async move { (status, "dropped") });
        let answer = function.exchange(gateway_request("", "")).await;
        assert_eq!((answer.status(), answer.header("content-length")), (200, Some("0")));
        assert_eq!(answer.header("fn-http-status"), Some(status.as_str()));
    }
}

#[tokio::test]
async fn fn_contract_63_and_66_a_failed_handler_is_502_and_the_function_lives() {
    let function = Function::start(|call: Call| async move {
        Ok::<_, Error>(std::str::from_utf8(call.body())?.to_owned())
    });
    for sent in [request("", b"\xff"), gateway_request("", b"\xff")] {
        let failed = function.exchange(sent).await;
        assert_eq!(failed.status(), 502);
        assert_eq!(failed.json()["message"], "the function failed");
    }
    assert_eq!(function.exchange(request("", "text")).await.text(), "text");
}

#[tokio::test]
async fn fn_contract_64_and_65_a_panic_is_502_and_leaves_nothing_behind() {
    fn now(_: &Call) {
        panic!("before the first await")
    }
    let function = Function::start(|call: Call| {
        if call.body() == "sync" {
            now(&call);
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
async fn fn_contract_67_the_socket_sees_only_the_three_statuses() {
    for status in 200..=599 {
        let function = Function::start(move |_| async move { Reply::empty().with_status(status) });
        assert_eq!(function.exchange(gateway_request("", "")).await.status(), 200);
        let direct = match status {
            200..=399 => 200,
            504 => 504,
            _ => 502,
        };
        assert_eq!(function.exchange(request("", "")).await.status(), direct, "{status}");
    }
}

#[tokio::test]
async fn fn_contract_68_and_69_an_empty_answer_and_a_redirect_stay_inside_200() {
    let empty = Function::start(|_| async {}).exchange(request("", "")).await;
    assert_eq!((empty.status(), empty.header("content-length")), (200, Some("0")));
    let redirect = Function::start(|_| async {
        Reply::empty().with_status(302).with_header("location", "https://elsewhere/")
    });
    let answer = redirect.exchange(gateway_request("", "")).await;
    assert_eq!((answer.status(), answer.header("fn-http-status")), (200, Some("302")));
    assert_eq!(
        (answer.header("location"), answer.header("fn-http-h-location")),
        (None, Some("https://elsewhere/"))
    );
}

#[tokio::test]
async fn fn_contract_75_a_peer_that_leaves_does_not_harm_the_next() {
    let function = Function::start(|_| async { "x".repeat(5 * 1024 * 1024) });
    for _ in 0..3 {
        let mut connection = function.connect().await;
        connection.send(request("", "")).await;
        drop(connection);
    }
    assert_eq!(function.exchange(request("", "")).await.body.len(), 5 * 1024 * 1024);
}

#[tokio::test]
async fn fn_contract_57_a_header_with_the_gateways_prefix_is_that_header() {
    let named = |_: Call| async {
        Reply::text("a,b")
            .with_header("fn-http-h-content-type", "text/csv")
            .with_header("fn-http-h-x", "1")
    };
    let function = Function::start(named);
    let through = function.exchange(gateway_request("", "")).await;
    assert_eq!(
        (through.headers("content-type"), through.headers("fn-http-h-content-type").len()),
        (vec!["text/csv"], 0)
    );
    assert_eq!(through.headers("fn-http-h-x"), ["1"]);
    let direct = function.exchange(request("", "")).await;
    assert_eq!((direct.header("x"), direct.header("fn-http-h-x")), (Some("1"), None));
}
