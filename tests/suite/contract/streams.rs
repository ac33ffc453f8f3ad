//! An answer that is made while it is sent.

use std::convert::Infallible;
use std::io;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use fn_fdk::{Call, Error, Reply};
use futures_util::{StreamExt, stream};
use http::HeaderValue;
use http_body_util::StreamBody;
use hyper::body::Frame;

use crate::agent::{Function, request};

const LAST_CHUNK: &[u8] = b"0\r\n\r\n";
const TYPE: HeaderValue = HeaderValue::from_static("text/plain");

/// Answers `many` with 1000 pieces, `cut` with one and an error, `late` with one and then nothing; anything else with itself.
async fn handler(call: Call) -> Result<Reply, Error> {
    let piece = || Frame::data(Bytes::from_static(b"piece"));
    Ok(match &call.body()[..] {
        b"many" => {
            let pieces = stream::iter((0..1000).map(move |_| Ok::<_, Infallible>(piece())));
            Reply::stream(TYPE, StreamBody::new(pieces))
        }
        b"cut" => {
            let pieces = [Ok(piece()), Err(io::Error::other("the source failed"))];
            Reply::stream(TYPE, StreamBody::new(stream::iter(pieces)))
        }
        b"late" => {
            let pieces = stream::iter([Ok::<_, Infallible>(piece())]).chain(stream::pending());
            Reply::stream(TYPE, StreamBody::new(pieces))
        }
        body => Reply::text(String::from_utf8_lossy(body)),
    })
}

/// What is on the socket until the function closes it, or after a call that ends.
async fn answered(function: &Function, headers: &str, body: &str) -> Vec<u8> {
    let mut connection = function.connect().await;
    connection.send(request(headers, body)).await;
    connection.half_close().await;
    let bytes = connection.rest().await;
    assert!(bytes.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", String::from_utf8_lossy(&bytes));
    bytes
}

#[tokio::test]
async fn fn_contract_73_a_stream_goes_in_chunks() {
    let bytes = answered(&Function::start(handler), "", "many").await;
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("transfer-encoding: chunked\r\n") && !text.contains("content-length"));
    assert_eq!(text.matches("piece").count(), 1000);
    assert!(text.as_bytes().ends_with(LAST_CHUNK));
}

#[tokio::test]
async fn fn_contract_74_a_stream_that_fails_has_no_last_chunk_and_the_function_lives() {
    let function = Function::start(handler);
    let bytes = answered(&function, "", "cut").await;
    assert!(!bytes.ends_with(LAST_CHUNK), "{}", String::from_utf8_lossy(&bytes));
    assert_eq!(function.exchange(request("", "alive")).await.text(), "alive");
}

#[tokio::test]
async fn fn_contract_79_a_stream_past_the_deadline_is_cut_and_the_function_lives() {
    let function = Function::start(handler);
    let until = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(2));
    let until = chrono::DateTime::parse_from_rfc2822(&until).unwrap().to_rfc3339();
    let start = Instant::now();
    let bytes = answered(&function, &format!("Fn-Deadline: {until}\r\n"), "late").await;
    assert!(!bytes.ends_with(LAST_CHUNK), "{}", String::from_utf8_lossy(&bytes));
    assert!((0.9..3.0).contains(&start.elapsed().as_secs_f64()), "{:?}", start.elapsed());
    assert_eq!(function.exchange(request("", "alive")).await.text(), "alive");
}
