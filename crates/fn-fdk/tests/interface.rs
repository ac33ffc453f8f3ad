//! What a programmer writes a function with, each form called over a real socket.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::similar_names,
    clippy::items_after_statements,
    reason = "a test fails by panicking"
)]

mod agent;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use agent::{Answer, answered, direct, gateway};
use anyhow::Context as _;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::AppendHeaders;
use axum::{Extension, Router, routing::get};
use bytes::Bytes;
use fn_fdk::{Call, Context, Error, Function, IntoReply, Json, Platform, Reply, ServeError};
use fn_fdk::{StatusError, json, serve, service};
use futures_util::FutureExt;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tower::timeout::TimeoutLayer;
use tower::{ServiceBuilder, ServiceExt};

#[tokio::test]
async fn a_handler_borrows_what_main_owns_and_need_not_be_send() {
    let (greeting, count, single) =
        ("Hello".to_owned(), Cell::new(0), Rc::new(RefCell::new(Vec::new())));
    let handler = async |call: Call| {
        count.set(count.get() + 1);
        single.borrow_mut().push(call.text()?.to_owned());
        tokio::task::yield_now().await;
        Ok::<_, Error>(format!("{greeting}, {}", call.text()?))
    };
    let [answer] = answered(handler, [direct("", "Ada")]).await;
    assert_eq!((answer.status(), answer.text()), (200, "Hello, Ada"));
    assert_eq!((count.get(), single.borrow().as_slice()), (1, &["Ada".to_owned()][..]));
}

#[tokio::test]
async fn calls_are_answered_side_by_side_and_a_panic_fails_its_own() {
    let waiting = Cell::new(0);
    let all = tokio::sync::Notify::new();
    let handler = async |call: Call| {
        waiting.set(waiting.get() + 1);
        if waiting.get() == 8 {
            all.notify_waiters();
        } else {
            all.notified().await;
        }
        assert_ne!(call.body(), "3", "on purpose");
        call.body().clone()
    };
    let bodies = ["0", "1", "2", "3", "4", "5", "6", "7"];
    for (answer, body) in
        answered(handler, bodies.map(|body| direct("", body))).await.iter().zip(bodies)
    {
        if body == "3" {
            assert_eq!((answer.status(), &answer.json()["code"]), (502, &"FunctionFailed".into()));
        } else {
            assert_eq!((answer.status(), answer.text()), (200, body));
        }
    }
}

#[derive(Deserialize)]
struct Question {
    seat: u32,
}

#[derive(Serialize)]
struct Ticket {
    seat: u32,
}

async fn book(Question { seat }: Question) -> Result<Ticket, Error> {
    Ok(Ticket { seat })
}

#[tokio::test]
async fn a_typed_handler_answers_json_and_refuses_what_is_none_with_its_place() {
    let bodies =
        ["{\"seat\": 13}", "{\"seat\": \"secret\"}", "{}", "{\"seat\":", "[[[[", "\"\u{0}\""];
    let through = answered(json(book), bodies.map(|body| gateway("", body))).await;
    assert_eq!((through[0].fn_status(), through[0].text()), (200, "{\"seat\":13}"));
    assert_eq!(through[0].header("content-type"), Some("application/json"));
    for (answer, told) in through.iter().skip(1).zip([
        "the body does not fit: expected u32 at line 1 column 17",
        "the body does not fit: missing field `seat` at line 1 column 2",
        "the body is not JSON: EOF while parsing a value at line 1 column 8",
        "the body does not fit: ",
        "the body is not JSON: ",
    ]) {
        assert_eq!((answer.status(), answer.fn_status()), (200, 400));
        assert_eq!(answer.json()["code"], "InvalidParameter");
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with(told) && message.contains("line 1"), "{message}");
    }
    let direct = answered(json(book), bodies.map(|body| direct("", body))).await;
    let statuses = direct.map(|answer| answer.status());
    assert_eq!(statuses, [200, 502, 502, 502, 502, 502]);
}

async fn failing(call: Call) -> anyhow::Result<String> {
    match call.text()?.trim() {
        "status" => Err(StatusError::new(StatusCode::CONFLICT, "Busy", "somebody else is at it"))?,
        "context" => Err(StatusError::bad_request("no seat")).context("while parsing")?,
        "plain" => anyhow::bail!("a plain failure"),
        "upstream" => Err(StatusError::new(StatusCode::from_u16(999)?, "Upstream", "its own"))?,
        number => Ok(number.parse::<u32>().context("no number")?.to_string()),
    }
}

#[tokio::test]
async fn a_status_goes_through_anyhow_and_another_error_is_a_failed_call() {
    let bodies = ["status", "context", "plain", "x", "upstream", "7"];
    let seen = |answer: &Answer| (answer.status(), answer.fn_status());
    let through = answered(failing, bodies.map(|body| gateway("", body))).await;
    assert_eq!(seen(&through[0]), (200, 409));
    let busy = serde_json::json!({ "code": "Busy", "message": "somebody else is at it" });
    assert_eq!(through[0].json(), busy);
    assert_eq!((seen(&through[1]), &through[1].json()["message"]), ((200, 400), &"no seat".into()));
    // A status that cannot be sent is none.
    for answer in &through[2..5] {
        assert_eq!(
            (answer.status(), &answer.json()["message"]),
            (502, &"the function failed".into())
        );
    }
    assert_eq!((seen(&through[5]), through[5].text()), ((200, 200), "7"));
    let direct = answered(failing, bodies.map(|body| direct("", body))).await;
    assert_eq!(direct.map(|answer| answer.status()), [502, 502, 502, 502, 502, 200]);
}

#[tokio::test]
async fn whatever_says_400_or_more_fails_a_direct_call_and_is_a_status_through_a_gateway() {
    async fn reply(_: Call) -> Reply {
        Reply::error(StatusCode::NOT_FOUND, "NoSeat", "there is no such seat")
    }
    async fn tuple(_: Call) -> (StatusCode, &'static str) {
        (StatusCode::NOT_FOUND, "no seat")
    }
    async fn response(_: Call) -> http::Response<String> {
        let mut response = http::Response::new("no seat".to_owned());
        *response.status_mut() = StatusCode::NOT_FOUND;
        response
    }
    let sent = || [direct("", ""), gateway("", "")];
    for [direct, gateway] in [
        answered(reply, sent()).await,
        answered(tuple, sent()).await,
        answered(response, sent()).await,
        answered(service(Router::new()), sent()).await,
    ] {
        assert_eq!((direct.status(), gateway.status(), gateway.fn_status()), (502, 200, 404));
    }
}

#[tokio::test]
async fn a_reply_that_cannot_be_sent_is_a_failed_call() {
    let handlers = [
        |_: Call| Reply::text("x").with_status(99),
        |_: Call| Reply::text("x").with_header("fn-call-id", "own"),
        |_: Call| Reply::text("x").with_header("x", "a\nb"),
        |_: Call| Reply::json(&std::collections::BTreeMap::from([(vec![1], 1)])),
    ];
    for handler in handlers {
        let sent = [direct("", ""), gateway("", "")];
        let answers = answered(async move |call: Call| handler(call), sent).await;
        assert_eq!(answers.map(|answer| answer.status()), [502, 502]);
    }
}

#[tokio::test]
async fn an_axum_application_keeps_its_statuses_headers_and_streams() {
    let rows = async || {
        let rows = (0..3).map(|row| Ok::<_, Error>(format!("{row}\n")));
        ([(CONTENT_TYPE, "text/csv")], Body::from_stream(futures_util::stream::iter(rows)))
    };
    let id = async |Extension(context): Extension<Context>| context.id.unwrap_or_default();
    let made = async |body: Bytes| {
        (
            StatusCode::CREATED,
            AppendHeaders([("x-seat", "a"), ("set-cookie", "b"), ("set-cookie", "c")]),
            body,
        )
    };
    let app = Router::new()
        .route("/rows", get(rows))
        .route("/id", get(id))
        .route("/made", axum::routing::put(made))
        .route("/panic", get(async || -> &str { panic!("in axum") }));
    let at = |method: &str, url: &str| {
        format!("Fn-Call-Id: 01CALL\r\nFn-Http-Method: {method}\r\nFn-Http-Request-Url: {url}\r\n")
    };
    let [rows, id, made, panic, none] = answered(
        service(app),
        [
            gateway(&at("GET", "/rows"), ""),
            gateway(&at("GET", "/id"), ""),
            gateway(&at("PUT", "/made"), "a body"),
            gateway(&at("GET", "/panic"), ""),
            gateway(&at("GET", "/none"), ""),
        ],
    )
    .await;
    assert_eq!((rows.fn_status(), rows.header("transfer-encoding")), (200, Some("chunked")));
    assert_eq!((rows.header("content-type"), rows.text()), (Some("text/csv"), "0\n1\n2\n"));
    assert_eq!((id.text(), id.header("content-length")), ("01CALL", Some("6")));
    assert_eq!((made.fn_status(), made.text()), (201, "a body"));
    assert_eq!(made.headers("fn-http-h-x-seat"), ["a"]);
    assert_eq!(made.headers("fn-http-h-set-cookie"), ["b", "c"]);
    assert_eq!((panic.status(), none.fn_status()), (502, 404));
}

#[tokio::test]
async fn layers_of_tower_go_around_an_application_and_around_a_handler() {
    let slow = async || {
        tokio::time::sleep(Duration::from_secs(60)).await;
        "slow"
    };
    let app = Router::new().route("/", get(slow)).route("/fast", get(async || "fast"));
    let limit = TimeoutLayer::new(Duration::from_millis(20));
    let layered = ServiceBuilder::new().layer(limit.clone()).service(app);
    let fast = "Fn-Http-Method: GET\r\nFn-Http-Request-Url: /fast\r\n";
    let slow = "Fn-Http-Method: GET\r\n";
    let [slow, fast] = answered(service(layered), [gateway(slow, ""), gateway(fast, "")]).await;
    assert_eq!((slow.status(), fast.fn_status(), fast.text()), (502, 200, "fast"));

    let calls = ServiceBuilder::new()
        .layer(limit)
        .service_fn(async |call: Call| Ok::<_, StatusError>(call.text()?.to_owned()));
    let handler = async move |call: Call| calls.clone().oneshot(call).await;
    let [answer] = answered(handler, [direct("", "inside")]).await;
    assert_eq!(answer.text(), "inside");
}

#[tokio::test]
async fn the_id_of_a_call_is_known_in_it_and_nowhere_else() {
    assert_eq!(fn_fdk::call_id(), None);
    let handler = async |_: Call| fn_fdk::call_id().unwrap_or_else(|| "none".to_owned());
    let sent = [direct("Fn-Call-Id: 01CALL\r\n", ""), direct("", "")];
    let answers = answered(handler, sent).await;
    assert_eq!(answers.map(|answer| answer.text().to_owned()), ["01CALL", "none"]);
    assert_eq!(fn_fdk::call_id(), None);
}

#[test]
fn outside_of_a_runtime_serve_says_so_and_inside_of_one_run_does() {
    let outside = serve(async |_: Call| {}).now_or_never().unwrap().unwrap_err();
    assert!(matches!(outside, ServeError::OutsideRuntime) && outside.is_usage(), "{outside}");
    assert!(format!("{outside:?}").contains("`run(handler)` there"), "{outside:?}");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let socket = tempfile::tempdir().unwrap();
    let address = format!("unix:{}/lsnr.sock", socket.path().display());
    let platform =
        Platform::from_vars(|name| (name == "FN_LISTENER").then(|| address.clone())).unwrap();
    let inside = runtime.block_on(async { Function::publish(platform) }).unwrap_err();
    assert!(matches!(inside, ServeError::InsideRuntime) && inside.is_usage(), "{inside}");
    assert!(format!("{inside:?}").contains("`serve(handler).await` there"), "{inside:?}");
    assert_eq!(socket.path().read_dir().unwrap().count(), 0, "a socket was published");
}

/// Every form that a handler may have: that this compiles is the test.
#[tokio::test]
async fn a_handler_is_a_function_or_a_closure_of_any_kind_and_returns_what_it_has() {
    async fn text(_: Call) -> &'static str {
        "text"
    }
    async fn io(_: Call) -> Result<(), std::io::Error> {
        Ok(())
    }
    async fn opaque(_: Call) -> impl IntoReply {
        Bytes::from_static(b"x")
    }
    async fn nested(call: Call) -> Result<(StatusCode, Json<u32>), StatusError> {
        Ok((StatusCode::CREATED, Json(call.json()?)))
    }
    fn boxed(_: Call) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async {})
    }
    async fn reply<H, R>(handler: H) -> (u16, Bytes)
    where
        H: AsyncFn(Call) -> R,
        R: IntoReply,
    {
        let reply = handler(Call::direct("7")).await.into_reply().unwrap();
        (reply.status().as_u16(), reply.into_bytes().await.unwrap())
    }
    let (state, owned) = ("s".to_owned(), "o".to_owned());
    let shared = std::sync::Arc::new(state.clone());
    let replies = [
        reply(text).await,
        reply(io).await,
        reply(opaque).await,
        reply(nested).await,
        reply(boxed).await,
        reply(|call: Call| async move { call.body().clone() }).await,
        reply(async |call: Call| {
            call.text()?.parse::<u8>().map(|n| n.to_string()).map_err(Error::from)
        })
        .await,
        reply(async |_| state.clone()).await,
        reply(async move |_| owned.clone()).await,
        reply(move |_| {
            let shared = shared.clone();
            async move { shared.to_string() }
        })
        .await,
        reply(async |_| vec![b'v']).await,
        reply(async |_| http::Response::new("r".to_owned())).await,
    ];
    let expected = ["text", "", "x", "7", "", "7", "7", "s", "o", "s", "v", "r"];
    for ((status, body), expected) in replies.iter().zip(expected) {
        assert_eq!(
            (*status, &body[..]),
            (if expected == "7" && *status == 201 { 201 } else { 200 }, expected.as_bytes())
        );
    }
    // The future of `serve` is `Send` where that of the handler is.
    fn is_send<T: Send>(_: &T) {}
    is_send(&serve(text));
    let state = std::sync::Arc::new(state);
    is_send(&serve(move |call: Call| {
        let state = state.clone();
        async move { format!("{state} {}", call.body().len()) }
    }));
}
