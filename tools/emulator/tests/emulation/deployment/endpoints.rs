//! Which target answers what, apart from those of the OpenAI-compatible server.

use serde_json::{Value, json};

use super::client::{Call, Setup, events};

fn refusal(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn predict_answers_at_once_and_the_stream_has_the_same_json_in_chunks() {
    let setup = Setup::new().await;
    let whole = setup.call(Call::PREDICT).await;
    assert_eq!((whole.status, whole.chunks.len(), whole.header("trailer")), (200, 1, None));
    assert_eq!(whole.json().pointer("/prediction/0"), Some(&json!("virginica")));
    let streamed = setup.call(Call { path: "/predictWithResponseStream", ..Call::PREDICT }).await;
    assert!(streamed.is_streamed(), "{streamed:?}");
    assert!(streamed.chunks.len() >= 3, "{streamed:?}");
    assert_eq!(streamed.header("content-type"), Some("application/json"));
    assert_eq!((streamed.text(), streamed.trailers.as_str()), (whole.text(), ""));
}

#[tokio::test]
async fn a_stream_for_who_accepts_events_has_one_a_row_each_in_its_chunk() {
    let setup = Setup::new().await;
    let answer = setup
        .call(Call {
            path: "/predictWithResponseStream",
            body: br#"{"data": [[6.3, 3.3, 6.0, 2.5], [5.1, 3.5, 1.4, 0.2]]}"#,
            further: "accept: application/json, text/event-stream\r\n",
            ..Call::PREDICT
        })
        .await;
    assert!(answer.is_streamed(), "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let events = events(&answer.text());
    assert_eq!(events.first(), Some(&json!({ "rows": 2 })));
    let classes = events.iter().skip(1).filter_map(|event| event.get("prediction"));
    assert_eq!(classes.collect::<Vec<_>>(), ["virginica", "setosa"]);
    assert_eq!(answer.chunks.len(), 4);
    assert!(answer.chunks.iter().all(|chunk| chunk.ends_with(b"\n\n")), "{answer:?}");
}

#[tokio::test]
async fn a_custom_endpoint_says_what_it_got() {
    let setup = Setup::new().await;
    for (method, content_type) in [
        ("GET", None),
        ("DELETE", None),
        ("POST", Some("text/csv")),
        ("PUT", Some("application/octet-stream")),
    ] {
        let body: &[u8] = if content_type.is_some() { b"\x00a,b" } else { b"" };
        let path = "/predict/echo/a/b%20c?x=1&y";
        let content_type_header = content_type.unwrap_or_default();
        let call = Call { method, path, content_type: content_type_header, body, further: "" };
        let expected = json!({
            "method": method,
            "path": "/echo/a/b%20c",
            "query": "x=1&y",
            "contentType": content_type,
            "bytes": body.len(),
            "body": if body.is_empty() { "" } else { "AGEsYg==" },
        });
        assert_eq!(setup.call(call).await.json(), expected);
    }
    let plain = setup.get("/predict/echo").await.json();
    assert_eq!(
        (plain.get("path"), plain.get("query")),
        (Some(&json!("/echo")), Some(&Value::Null))
    );
}

#[tokio::test]
async fn requests_without_a_body_follow_each_other_on_one_connection() {
    let setup = Setup::new().await;
    let mut connection = setup.connect().await;
    for method in ["GET", "DELETE", "GET"] {
        let call = Call { method, path: "/predict/echo", ..Call::BODYLESS };
        assert_eq!(connection.call(&setup.sign(call)).await.unwrap().status, 200);
    }
    assert_eq!(setup.deployment.connections(), 1);
}

#[tokio::test]
async fn unknown_targets_are_404() {
    let setup = Setup::new().await;
    for path in
        ["/predict/", "/predict/v1", "/predict/echoes", "/predicts", "/Predict", "//predict", ""]
    {
        assert_eq!(setup.get(path).await.refusal(), refusal(404, "NotAuthorizedOrNotFound"));
    }
}

#[tokio::test]
async fn a_known_target_with_another_method_is_405() {
    let setup = Setup::new().await;
    for (method, path) in [
        ("GET", "/predict"),
        ("DELETE", "/predictWithResponseStream"),
        ("POST", "/predict/v1/models"),
        ("POST", "/predict/metrics"),
        ("GET", "/predict/v1/chat/completions"),
        ("GET", "/predictWithResponseStream/v1/embeddings"),
        ("GET", "/predict/v1/load_lora_adapter"),
        ("HEAD", "/predict/echo"),
    ] {
        let answer = setup.call(Call { method, path, ..Call::BODYLESS }).await;
        assert_eq!(answer.refusal(), refusal(405, "MethodNotAllowed"), "{method} {path}");
    }
}

#[tokio::test]
async fn a_stream_from_what_does_not_stream_is_409() {
    let setup = Setup::new().await;
    let conflict = refusal(409, "ExternalServerIncorrectState");
    for path in ["v1/models", "metrics", "version", "echo"] {
        let path = format!("/predictWithResponseStream/{path}");
        assert_eq!(setup.get(&path).await.refusal(), conflict, "{path}");
    }
    for path in ["v1/chat/completions", "v1/completions", "v1/embeddings"] {
        let body = json!({ "prompt": "1", "input": "1",
            "messages": [{ "role": "user", "content": "1" }] });
        let path = format!("/predictWithResponseStream/{path}");
        assert_eq!(setup.post(&path, &body).await.refusal(), conflict, "{path}");
    }
}

#[tokio::test]
async fn a_body_of_unknown_length_is_411_whatever_the_method() {
    let setup = Setup::new().await;
    for request in [
        "POST / HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "PUT / HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n",
    ] {
        let answer = setup.connect().await.call(request.as_bytes()).await.unwrap();
        assert_eq!(answer.refusal(), refusal(411, "LengthRequired"), "{request}");
    }
}

#[tokio::test]
async fn every_target_wants_a_signature_first() {
    let setup = Setup::new().await;
    for path in ["/predict/v1/models", "/predict/unknown", "/predictWithResponseStream/echo"] {
        let call = setup.sign(Call { path, ..Call::BODYLESS });
        let call = String::from_utf8(call).unwrap().replace("signature=\"", "signature=\"A");
        let answer = setup.connect().await.call(call.as_bytes()).await.unwrap();
        assert_eq!(answer.refusal(), refusal(401, "NotAuthenticated"), "{path}");
    }
}
