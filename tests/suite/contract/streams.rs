//! An answer that is made while it is sent.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use fn_fdk::{Call, Error, Reply};
use futures_util::{StreamExt, stream};
use hyper::body::{Frame, SizeHint};

use crate::agent::{Function, request};

const LAST_CHUNK: &[u8] = b"0\r\n\r\n";
const TYPE: &str = "text/plain";

/// Answers `many` with 1000 pieces; `cut` with one and an error; `late` with one and then nothing;
/// `panic` with none and a panic; anything else with itself.
async fn handler(call: Call) -> Result<Reply, Error> {
    let piece = || Ok::<_, io::Error>("piece");
    Ok(match &call.body()[..] {
        b"many" => Reply::stream(TYPE, stream::iter((0..1000).map(move |_| piece()))),
        b"cut" => {
            let pieces = [piece(), Err(io::Error::other("the source failed"))];
            Reply::stream(TYPE, stream::iter(pieces))
        }
        b"late" => Reply::stream(TYPE, stream::iter([piece()]).chain(stream::pending())),
        b"panic" => Reply::stream(TYPE, stream::once(async { panicking() })),
        body => Reply::text(String::from_utf8_lossy(body)),
    })
}

fn panicking() -> io::Result<&'static str> {
    panic!("before the first piece")
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
    let start = Instant::now();
    let until = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(2));
    let until = chrono::DateTime::parse_from_rfc2822(&until).unwrap().to_rfc3339();
    let bytes = answered(&function, &format!("Fn-Deadline: {until}\r\n"), "late").await;
    assert!(!bytes.ends_with(LAST_CHUNK), "{}", String::from_utf8_lossy(&bytes));
    assert!((0.9..10.0).contains(&start.elapsed().as_secs_f64()), "{:?}", start.elapsed());
    assert_eq!(function.exchange(request("", "alive")).await.text(), "alive");
}

#[tokio::test]
async fn fn_contract_64_and_74_a_stream_that_panics_before_its_first_piece_leaves_its_head_and_the_function()
 {
    let function = Function::start(handler);
    let bytes = answered(&function, "", "panic").await;
    assert!(!bytes.ends_with(LAST_CHUNK), "{}", String::from_utf8_lossy(&bytes));
    assert_eq!(function.exchange(request("", "alive")).await.text(), "alive");
}

#[tokio::test]
async fn fn_contract_73_a_body_of_known_length_is_sized_and_one_that_fails_is_a_failed_call() {
    let function = Function::start(async |call: Call| {
        let pieces = match &call.body()[..] {
            b"cut" => vec![Ok("pie"), Err(io::Error::other("the source failed"))],
            _ => vec![Ok("pie"), Ok("ce")],
        };
        http::Response::new(Sized5(stream::iter(pieces).boxed()))
    });
    let answer = function.exchange(request("", "")).await;
    assert_eq!((answer.header("content-length"), answer.text()), (Some("5"), "piece"));
    let failed = function.exchange(request("", "cut")).await;
    assert_eq!((failed.status(), &failed.json()["code"]), (502, &"FunctionFailed".into()));
}

/// A body that says that it has five bytes.
struct Sized5(stream::BoxStream<'static, io::Result<&'static str>>);

impl hyper::body::Body for Sized5 {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = self.0.poll_next_unpin(context);
        piece.map(|piece| piece.map(|piece| piece.map(|text| Frame::data(text.into()))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(5)
    }
}
