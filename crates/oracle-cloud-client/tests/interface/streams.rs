//! Do answers come piece by piece, and how long may they pause?

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Response;
use http_body_util::BodyExt;
use oracle_cloud_client::{Error, RequestOptions, TransportError};

use crate::service::{Answer, Service, answer};

const NOW: Duration = Duration::ZERO;

/// An answer of four bytes, the second half after a pause.
fn pausing(pause: Duration) -> Answer {
    let head = b"HTTP/1.1 200 OK\r\nx-own: yes\r\ncontent-length: 4\r\n\r\nab".to_vec();
    vec![(NOW, head), (pause, b"cd".to_vec())]
}

#[tokio::test]
async fn a_piece_is_there_before_the_next_one_is_sent() {
    let service = Service::start(|_, _| pausing(Duration::from_secs(2))).await;
    let client = service.service().await;
    let start = Instant::now();
    let mut answer = client.get("/x").send_streaming().await.unwrap();
    assert!(answer.status().is_success() && answer.headers().contains_key("x-own"));
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "ab");
    assert!(start.elapsed() < Duration::from_millis(1900), "{:?}", start.elapsed());
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "cd");
    assert!(answer.chunk().await.unwrap().is_none());
    assert!(answer.chunk().await.unwrap().is_none());
}

#[tokio::test]
async fn an_answer_that_comes_can_be_passed_on_as_a_response() {
    let service = Service::start(|_, _| pausing(Duration::from_millis(10))).await;
    let answer = service.service().await.get("/x").send_streaming().await.unwrap();
    let response = Response::builder().body(answer.into_body()).unwrap();
    let whole: Bytes = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(whole, "abcd");
    let answer = service.service().await.get("/x").send_streaming().await.unwrap();
    let response = answer.into_response();
    assert!(response.status().is_success() && response.headers().contains_key("x-own"));
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "abcd");
}

#[tokio::test]
async fn a_download_that_pauses_for_4_s_is_no_failure() {
    let service = Service::start(|_, _| pausing(Duration::from_secs(4))).await;
    let storage = service.service().await;
    let whole = async { storage.get("/x").send().await.unwrap().body().clone() };
    let pieces = async {
        let answer = storage.get("/x").send_streaming().await.unwrap();
        answer.into_body().collect().await.unwrap().to_bytes()
    };
    let (whole, pieces) = tokio::join!(whole, pieces);
    assert_eq!((&whole[..], &pieces[..]), (&b"abcd"[..], &b"abcd"[..]));
    assert_eq!(service.received().len(), 2);
}

#[tokio::test]
async fn a_pause_longer_than_the_read_timeout_is_one() {
    let service = Service::start(|_, received| {
        if received.target == "/sized" {
            return pausing(Duration::from_secs(60));
        }
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n".to_vec();
        vec![(NOW, head), (Duration::from_secs(60), b"0\r\n\r\n".to_vec())]
    })
    .await;
    let storage = service.service().await;
    let brief = RequestOptions::default().attempts(1).read_timeout(Duration::from_secs(2));
    let read_timeout = |error: Error| {
        let Error::Transport { was_sent: true, source } = error else { panic!("{error:?}") };
        assert!(matches!(source.downcast_ref(), Some(TransportError::ReadTimeout)), "{source:?}");
    };
    read_timeout(storage.get("/sized").options(brief.clone()).send().await.unwrap_err());
    for path in ["/sized", "/chunked"] {
        let request = storage.get(path).options(brief.clone());
        let mut answer = request.send_streaming().await.unwrap();
        assert_eq!(answer.chunk().await.unwrap().unwrap(), "ab");
        read_timeout(answer.chunk().await.unwrap_err());
        assert!(answer.chunk().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn what_fails_before_a_stream_begins_is_tried_again_and_told_whole() {
    let service = Service::start(|number, _| match number {
        0 => answer(503, &[], "{}"),
        1 => answer(200, &[], "abcd"),
        _ => answer(404, &[], r#"{"code": "NotFound", "message": "none"}"#),
    })
    .await;
    let storage = service.service().await;
    let mut answer = storage.get("/x").send_streaming().await.unwrap();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "abcd");
    let error = storage.get("/x").send_streaming().await.unwrap_err();
    assert_eq!((error.is_not_found(), error.code()), (true, Some("NotFound")));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error_in_either_form() {
    let service = Service::start(|_, _| {
        vec![
            (NOW, b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 9\r\n\r\nab".to_vec()),
            (NOW, Vec::new()),
        ]
    })
    .await;
    let storage = service.service().await;
    let brief = RequestOptions::default().attempts(1).read_timeout(Duration::from_secs(2));
    let error = storage.get("/x").options(brief.clone()).send().await;
    assert!(matches!(error, Err(Error::Transport { was_sent: true, .. })), "{error:?}");
    let mut answer = storage.get("/x").options(brief).send_streaming().await.unwrap();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "ab");
    assert!(matches!(answer.chunk().await, Err(Error::Transport { .. })));
}
