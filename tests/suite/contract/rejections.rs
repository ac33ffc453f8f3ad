//! What is there and cannot be read is refused, with its name, and no handler sees it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use fn_fdk::{Call, Rejection, Reply};

use crate::agent::{Function, chunked, gateway_request, request};

use super::echo;
use super::limits::deadline;

/// A function that answers with method and URL, and how often it was asked.
fn counted() -> (Function, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = calls.clone();
    let function = Function::start(move |call: Call| {
        seen.fetch_add(1, Ordering::Relaxed);
        async move { format!("{} {}", call.method(), call.uri()) }
    });
    (function, calls)
}

#[tokio::test]
async fn a_method_or_url_that_cannot_be_read_is_400_and_never_absent() {
    let (function, calls) = counted();
    let url = |url: &str| format!("Fn-Http-Request-Url: {url}\r\n");
    let unread = [
        ("Fn-Http-Method: GE T\r\n".to_owned(), "Fn-Http-Method"),
        ("Fn-Http-Method:\r\n".to_owned(), "Fn-Http-Method"),
        ("Fn-Http-Method: G\u{cb}T\r\n".to_owned(), "Fn-Http-Method"),
        ("Fn-Http-Method: GET\r\nFn-Http-Method: POST\r\n".to_owned(), "Fn-Http-Method"),
        (url("/v1/\u{f1}"), "Fn-Http-Request-Url"),
        (url("/a b"), "Fn-Http-Request-Url"),
        (url("/v1/<x>"), "Fn-Http-Request-Url"),
        (url("/v1/x#y"), "Fn-Http-Request-Url"),
        (url("gopher://gw/v1"), "Fn-Http-Request-Url"),
        (url(""), "Fn-Http-Request-Url"),
        (url("/a") + &url("/b"), "Fn-Http-Request-Url"),
        (url(&format!("/v1?user={}", "x".repeat(70_000))), "URL is longer than 8192 bytes"),
    ];
    let mut connection = function.connect().await;
    for (headers, named) in &unread {
        connection.send(gateway_request(headers, "{}")).await;
        let answer = connection.answer().await;
        assert_eq!((answer.status(), answer.header("fn-http-status")), (200, Some("400")));
        assert_eq!(answer.json()["code"], "InvalidParameter", "{headers}");
        assert!(answer.text().contains(named), "{named}: {}", answer.text());
    }
    assert_eq!(calls.load(Ordering::Relaxed), 0, "a handler saw one of them");
    // Without the intent they are headers like others.
    for (headers, _) in &unread {
        connection.send(request(headers, "{}")).await;
        assert_eq!(connection.answer().await.text(), "POST /");
    }
}

#[tokio::test]
async fn a_query_with_raw_characters_is_encoded_and_its_path_counts() {
    let (function, _) = counted();
    for (raw, written) in [
        ("<a>", "%3Ca%3E"),
        ("\u{f1}", "%C3%B1"),
        ("a\"b c", "a%22b%20c"),
        ("{|}%7c^`\\", "%7B%7C%7D%7c%5E%60%5C"),
    ] {
        for path in ["/llm/v1/chat/completions", "https://gw.example/llm/v1/chat/completions"] {
            let headers =
                format!("Fn-Http-Method: PUT\r\nFn-Http-Request-Url: {path}?user={raw}\r\n");
            let seen = function.exchange(gateway_request(&headers, "")).await;
            assert_eq!(seen.text(), format!("PUT {path}?user={written}"));
        }
    }
}

#[tokio::test]
async fn the_application_answers_what_never_comes_to_its_handler() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = seen.clone();
    let on_rejection = move |call: &Call, rejection: &Rejection| {
        let id = call.id().unwrap_or_default().to_owned();
        let took = call.arrived().elapsed().as_secs_f64();
        kept.lock().unwrap().push((id, *rejection, call.received(), call.body().len(), took));
        Reply::text(rejection.to_string()).with_status(rejection.status())
    };
    let function = Function::start_as(|server| server.with_rejection(Arc::new(on_rejection)), echo);
    let over = vec![b'x'; 6 * 1024 * 1024 + 1];
    let late = format!(
        "POST /call HTTP/1.1\r\nHost: localhost\r\nFn-Call-Id: 1\r\nFn-Intent: httprequest\r\n\
         Content-Length: 9\r\n{}\r\nabcd",
        deadline(2.5)
    );
    let limit = 6 * 1024 * 1024;
    // The late one goes first, while there is time until its deadline.
    let calls = [
        (late.into_bytes(), Rejection::BodyLate, 4),
        (gateway_request("Fn-Call-Id: 2\r\nFn-Http-Method: (\r\n", "{}"), Rejection::Method, 2),
        (gateway_request("Fn-Call-Id: 3\r\nFn-Http-Request-Url: x\r\n", "{}"), Rejection::Url, 2),
        (
            chunked("Fn-Call-Id: 4\r\n", &over, 32 * 1024),
            Rejection::BodyTooLarge(limit),
            over.len(),
        ),
        (gateway_request("Fn-Call-Id: 5\r\n", &over), Rejection::BodyTooLarge(limit), over.len()),
    ];
    for (number, (request, rejection, received)) in calls.into_iter().enumerate() {
        let id = (number + 1).to_string();
        let answer = function.exchange(request).await;
        let status = rejection.status();
        let expected = match rejection {
            // The agent has given the call up.
            Rejection::BodyLate => (504, Some("504")),
            _ if id == "4" => (502, None),
            _ => (200, Some(status.as_str())),
        };
        assert_eq!((answer.status(), answer.header("fn-http-status")), expected, "{rejection:?}");
        assert_eq!(answer.text(), rejection.to_string());
        let (of, said, bytes, kept, took) = seen.lock().unwrap().pop().unwrap();
        assert_eq!((of, said, bytes, kept), (id, rejection, received, 0));
        assert!(rejection != Rejection::BodyLate || (0.3..10.0).contains(&took), "{took}");
    }
}
