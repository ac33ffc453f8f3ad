//! Does what docs/functions-in-rust.md says in single lines compile, and do what stands there?
#![expect(clippy::disallowed_methods, reason = "a program reads its environment")]

use std::process::ExitCode;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use fn_fdk::{Call, Error, Intent, IntoReply, Json, Reply, StatusError};
use http::{Request, StatusCode};
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize, PartialEq)]
struct Order {
    quantity: u32,
}

#[derive(Serialize)]
struct Quote {
    total: u32,
}

async fn handler(call: Call) -> Result<Json<Quote>, Error> {
    quote(&call, 250)
}

async fn typed(order: Order) -> Result<Quote, Error> {
    Ok(Quote { total: order.quantity })
}

fn quote(call: &Call, price: u32) -> Result<Json<Quote>, Error> {
    let order: Order = call.json()?;
    log::info!("quoted");
    Ok(Json(Quote { total: order.quantity * price }))
}

/// The ways to start; none of them returns where no platform is.
#[test]
fn every_way_to_start_takes_the_handler() {
    let started: [fn() -> ExitCode; 3] = [
        || fn_fdk::run(handler),
        || fn_fdk::run(fn_fdk::json(typed)),
        || {
            let router: Router = Router::new().route("/", get(async || "Hello!\n"));
            fn_fdk::run(fn_fdk::service(router))
        },
    ];
    assert!(std::env::var("FN_LISTENER").is_err());
    for start in started {
        assert_eq!(start(), ExitCode::from(64));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert!(runtime.block_on(fn_fdk::serve(handler)).unwrap_err().is_usage());
}

#[test]
fn a_call_says_who_calls_what() {
    let request = Request::put("/orders/7?fast").header("accept", "text/csv");
    let request = request.body(r#"{"quantity": 3}"#).unwrap();
    let call = Call::gateway(request);
    assert_eq!(call.body().len(), 15);
    assert_eq!(call.text().unwrap(), r#"{"quantity": 3}"#);
    assert_eq!(call.json::<Order>().unwrap(), Order { quantity: 3 });
    assert_eq!((call.method().as_str(), call.uri().path()), ("PUT", "/orders/7"));
    assert_eq!(call.headers().get("accept").unwrap(), "text/csv");
    assert!(call.platform_headers().is_empty());
    assert_eq!((call.id(), call.context().intent), (None, Intent::Gateway));
    assert!(call.remaining().as_secs() > 200);
    assert_eq!(fn_fdk::call_id(), None);
}

fn text(call: &Call) -> Result<usize, Error> {
    Ok(call.text()?.len())
}

#[tokio::test]
async fn an_answer_has_a_status_headers_bytes_or_a_stream() {
    let body = r#"{"quantity": 3}"#;
    let Json(quote) = quote(&Call::direct(body), 250).unwrap();
    assert_eq!((quote.total, text(&Call::direct(body)).unwrap()), (750, 15));

    let reply = Reply::json(&quote).with_header("etag", "7").into_reply().unwrap();
    assert_eq!((reply.status(), reply.headers()["etag"].as_bytes()), (StatusCode::OK, &b"7"[..]));
    let reply = (StatusCode::CREATED, Json(quote)).into_reply().unwrap();
    assert_eq!((reply.status(), reply.body()), (StatusCode::CREATED, &br#"{"total":750}"#[..]));

    let image = Bytes::from_static(b"\x89PNG");
    let reply = Reply::bytes("image/png", image).into_reply().unwrap();
    assert_eq!(reply.headers()["content-type"], "image/png");
    let rows = async_stream::stream! { yield Ok::<_, Error>("1,2\n") };
    assert_eq!(Reply::stream("text/csv", rows).into_bytes().await.unwrap(), "1,2\n");

    let error = StatusError::bad_request("expected a quantity");
    assert_eq!(error.status(), StatusCode::BAD_REQUEST);
}
