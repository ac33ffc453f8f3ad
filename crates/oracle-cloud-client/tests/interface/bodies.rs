//! Is a body sent whole or not at all, and again where it can be made again?

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream;
use oracle_cloud_client::{Body, Error, TransportError};
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use crate::service::{Service, answer, causes};

/// These pieces, announced as so many bytes, and how often they were made.
fn pieces(length: u64, pieces: &'static [&'static str]) -> (Body, Arc<AtomicUsize>) {
    let times = Arc::new(AtomicUsize::new(0));
    let count = times.clone();
    let make = move || {
        count.fetch_add(1, Ordering::Relaxed);
        stream::iter(pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))))
    };
    (Body::replayable(length, make), times)
}

#[tokio::test]
async fn a_body_in_pieces_is_hashed_signed_and_made_anew_for_each_attempt() {
    let service = Service::start(|number, _| answer([503, 200][number.min(1)], &[], "{}")).await;
    let (body, made) = pieces(8, &["{\"a\"", "", ": 1}"]);
    service.service().await.put("/x").body(body).send().await.unwrap();
    let received = service.received();
    assert_eq!(received.len(), 2);
    for received in received {
        assert_eq!(received.body, b"{\"a\": 1}");
        let hash = STANDARD.encode(Sha256::digest(&received.body));
        assert_eq!(received.header("x-content-sha256"), Some(hash.as_str()));
        assert_eq!(received.header("content-length"), Some("8"));
        assert_eq!(received.header("content-type"), Some("application/octet-stream"));
        assert_eq!(received.header("transfer-encoding"), None);
        assert!(received.covered().ends_with("content-length content-type x-content-sha256"));
    }
    // Once for the hash.
    assert_eq!(made.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn an_unsigned_body_is_left_out_of_the_signature_and_not_read_first() {
    let service = Service::start(|number, _| answer([503, 200][number.min(1)], &[], "{}")).await;
    let (body, made) = pieces(4, &["ab", "cd"]);
    service.service().await.put("/x").unsigned_body(body).send().await.unwrap();
    for received in service.received() {
        assert_eq!(
            (received.covered().as_str(), &received.body[..]),
            ("date (request-target) host", &b"abcd"[..])
        );
        assert_eq!(received.header("x-content-sha256"), None);
    }
    assert_eq!((service.received().len(), made.load(Ordering::Relaxed)), (2, 2));
}

#[tokio::test]
async fn a_body_that_is_longer_or_shorter_than_announced_is_an_error_and_never_a_200() {
    let service = Service::saying("{}").await;
    let storage = service.service().await;
    for (length, parts) in [
        (2, &["abcd"][..]),
        (2, &["ab", "cd"]),
        (2, &["ab", "", "c"]),
        (3, &["ab", "cd"]),
        (6, &["abcd"]),
        (1, &[]),
        (0, &["a"]),
    ] {
        for unsigned in [false, true] {
            let (body, _) = pieces(length, parts);
            let body = if unsigned { body.unsigned() } else { body };
            let error = storage.put("/x").body(body).send().await.unwrap_err();
            let Error::Transport { source, .. } = error else { panic!("{error:?}") };
            let of_body = matches!(source.downcast_ref(), Some(TransportError::RequestBody(_)));
            assert!(of_body, "{length} {parts:?}: {source:?}");
        }
        let body = stream::iter(parts.iter().map(|part| Ok(Bytes::from_static(part.as_bytes()))));
        let error = storage.put("/x").body(Body::once(length, body)).send().await;
        assert!(matches!(error, Err(Error::Transport { .. })), "{length} {parts:?}: {error:?}");
    }
    // No request came whole.
    assert_eq!(service.received().len(), 0);
    for body in [pieces(0, &[]).0, Body::once(0, stream::empty())] {
        storage.put("/x").body(body).send().await.unwrap();
        assert_eq!(service.received().pop().unwrap().header("content-length"), Some("0"));
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_told_with_its_cause() {
    let service = Service::saying("{}").await;
    let pieces = stream::iter([Ok(Bytes::from_static(b"ab")), Err(io::Error::other("the disk"))]);
    let error = service.service().await.put("/x").body(Body::once(4, pieces)).send().await;
    let error = error.unwrap_err();
    assert_eq!(causes(&error).pop().as_deref(), Some("the disk"), "{error:?}");
    assert_eq!(service.received().len(), 0);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for_longer_than_the_request_may_take() {
    let service = Service::saying("{}").await;
    let storage = service.service().await;
    for unsigned in [false, true] {
        let body = Body::replayable(4, stream::pending);
        let body = if unsigned { body.unsigned() } else { body };
        let request = storage.put("/x").body(body).timeout(Duration::from_millis(200));
        let error = timeout(Duration::from_secs(10), request.send()).await.unwrap();
        assert!(matches!(error, Err(Error::Transport { .. })), "{error:?}");
    }
    assert_eq!(service.received().len(), 0);
}

#[tokio::test]
async fn a_body_that_can_be_read_once_is_sent_once() {
    for status in [401, 429, 503] {
        let service = Service::start(move |_, _| answer(status, &[], "{}")).await;
        let body = Body::once(4, stream::iter([Ok(Bytes::from_static(b"abcd"))]));
        let error = service.service().await.put("/x").body(body).send().await.unwrap_err();
        assert_eq!(error.status().map(|own| own.as_u16()), Some(status));
        assert_eq!(service.received().len(), 1);
    }
}

#[tokio::test]
async fn a_file_is_read_again_for_each_attempt_and_what_is_none_is_refused() {
    let directory = std::env::temp_dir().join(format!("upload-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("report.bin");
    let content: Vec<u8> = (0..700_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    std::fs::write(&path, &content).unwrap();
    let service = Service::start(|number, _| answer([503, 200][number.min(1)], &[], "{}")).await;
    let storage = service.service().await;
    let body = Body::from_file(&path).await.unwrap();
    assert_eq!(body.length(), 700_000);
    storage.put("/x").body(body.clone()).send().await.unwrap();
    assert_eq!(service.received().len(), 2);
    assert!(service.received().iter().all(|received| received.body == content));
    // It became longer since its length was taken.
    std::fs::write(&path, [&content[..], b"more"].concat()).unwrap();
    let error = storage.put("/x").unsigned_body(body).send().await;
    assert!(matches!(error, Err(Error::Transport { .. })), "{error:?}");
    assert_eq!(service.received().len(), 2);
    assert!(Body::from_file(&directory).await.is_err());
    assert!(Body::from_file(directory.join("nothing")).await.is_err());
    std::fs::remove_dir_all(&directory).unwrap();
}
