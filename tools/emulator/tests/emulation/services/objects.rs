//! Objects: written with and without their bytes in the signature, read whole and in part.

use emulator::services::Service;
use serde_json::json;

use super::client::{Request, Setup};
use crate::deployment::client::{Answer, Call};

const BUCKET: &str = "/n/emulated/b/models/o";
/// `a/b c+ü.txt`, as one segment.
const NAME: &str = "a%2Fb%20c%2B%C3%BC.txt";

async fn put(setup: &Setup, name: &str, body: &[u8], content_type: &str) -> Answer {
    let target = format!("{BUCKET}/{name}");
    // Without a content type the signature does not cover the body.
    let further = match content_type {
        "" => format!("content-length: {}\r\n", body.len()),
        _ => String::new(),
    };
    let call = Call { method: "PUT", path: "", content_type, further: &further, body };
    let request = Request { service: Service::ObjectStorage, target: &target, call, by_user: true };
    setup.send(&request).await
}

async fn get(setup: &Setup, rest: &str, further: &str) -> Answer {
    setup.bare(Service::ObjectStorage, "GET", &format!("{BUCKET}{rest}"), further).await
}

#[tokio::test]
async fn an_object_is_written_read_and_deleted_under_any_name() {
    let setup = Setup::new().await;
    for content_type in ["", "text/plain"] {
        let body = b"0123456789";
        let answer = put(&setup, NAME, body, content_type).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let object = format!("/{NAME}");
        let whole = get(&setup, &object, "").await;
        assert_eq!(whole.chunks.concat(), body);
        assert_eq!(
            setup.services.objects().get("emulated", "models", "a/b c+ü.txt").unwrap(),
            body[..]
        );
        // The same name, with its `/` as it is.
        assert_eq!(get(&setup, "/a/b%20c%2B%C3%BC.txt", "").await.chunks.concat(), body);
        let etag = whole.header("etag").unwrap();
        let same = get(&setup, &object, &format!("if-none-match: {etag}\r\n")).await;
        assert_eq!(same.status, 304);
        let target = format!("{BUCKET}/{NAME}");
        let deleted = setup.bare(Service::ObjectStorage, "DELETE", &target, "").await;
        assert_eq!(deleted.status, 204);
        assert_eq!(get(&setup, &object, "").await.refusal(), (404, "ObjectNotFound".to_owned()));
    }
}

#[tokio::test]
async fn a_part_of_an_object_is_read() {
    let setup = Setup::new().await;
    put(&setup, NAME, b"0123456789", "text/plain").await;
    for (range, expected, content_range) in
        [("bytes=2-4", "234", "bytes 2-4/10"), ("bytes=-1", "9", "bytes 9-9/10")]
    {
        let answer = get(&setup, &format!("/{NAME}"), &format!("range: {range}\r\n")).await;
        assert_eq!((answer.status, answer.text().as_str()), (206, expected));
        assert_eq!(answer.header("content-range"), Some(content_range));
    }
    let answer = get(&setup, &format!("/{NAME}"), "range: bytes=10-\r\n").await;
    assert_eq!(answer.refusal(), (416, "InvalidRange".to_owned()));
}

#[tokio::test]
async fn a_head_has_no_body_and_an_empty_object_is_one() {
    let setup = Setup::new().await;
    assert_eq!(put(&setup, "empty", b"", "text/plain").await.status, 200);
    assert_eq!(get(&setup, "/empty", "").await.text(), "");
    put(&setup, NAME, b"0123456789", "text/plain").await;
    let target = format!("{BUCKET}/{NAME}");
    let call = Call { method: "HEAD", ..Call::BODYLESS };
    let request =
        Request { service: Service::ObjectStorage, target: &target, call, by_user: false };
    let mut connection = setup.connect(Service::ObjectStorage).await;
    connection.send(&setup.sign(&request)).await;
    assert!(connection.is_silent_after(b"\r\n\r\n").await);
}

#[tokio::test]
async fn the_bytes_of_an_upload_are_covered_once_their_hash_is_sent() {
    let setup = Setup::new().await;
    let target = format!("{BUCKET}/{NAME}");
    let call = Call { method: "PUT", body: b"0123456789", ..Call::PREDICT };
    let request = Request { service: Service::ObjectStorage, target: &target, call, by_user: true };
    let signed = String::from_utf8(setup.sign(&request)).unwrap();
    let changed = signed.replacen("0123456789", "9876543210", 1);
    let mut connection = setup.connect(Service::ObjectStorage).await;
    let answer = connection.call(changed.as_bytes()).await.unwrap();
    assert_eq!(answer.refusal(), (401, "NotAuthenticated".to_owned()));
}

#[tokio::test]
async fn a_list_has_prefixes_fields_and_pages() {
    let setup = Setup::new().await;
    for name in ["a/one", "a/two", "b", "c"] {
        put(&setup, name, b"0123", "text/plain").await;
    }
    let list = |query: &'static str| {
        let setup = &setup;
        async move { get(setup, query, "").await.json() }
    };
    let names = |names: &[&str]| {
        json!(names.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>())
    };
    assert_eq!(list("").await["objects"], names(&["a/one", "a/two", "b", "c"]));
    assert_eq!(list("?prefix=a/").await["objects"], names(&["a/one", "a/two"]));
    let folders = list("?delimiter=/").await;
    assert_eq!((&folders["objects"], &folders["prefixes"]), (&names(&["b", "c"]), &json!(["a/"])));
    let page = list("?limit=3").await;
    assert_eq!(
        (&page["objects"], &page["nextStartWith"]),
        (&names(&["a/one", "a/two", "b"]), &json!("c"))
    );
    assert_eq!(
        list("?start=c&fields=name,size").await["objects"],
        json!([{ "name": "c", "size": 4 }])
    );
    for namespace in ["/n", "/n/"] {
        let answer = setup.bare(Service::ObjectStorage, "GET", namespace, "").await;
        assert_eq!(answer.json(), "emulated", "{namespace}");
    }
    let other = setup.bare(Service::ObjectStorage, "GET", "/n/emulated/b/none/o", "").await;
    assert_eq!(other.refusal(), (404, "BucketNotFound".to_owned()));
}
