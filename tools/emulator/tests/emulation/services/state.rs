//! Responses and conversations: what was said is known when somebody goes on.

use emulator::services::Service;
use emulator::services::generative_ai::PROJECT;
use serde_json::{Value, json};

use super::client::{Request, Setup, in_project};
use crate::deployment::client::Call;

const GROK: &str = "xai.grok-4.3";

fn said(response: &Value) -> &str {
    response.pointer("/output/0/content/0/text").and_then(Value::as_str).unwrap()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

#[tokio::test]
async fn a_response_is_made_read_continued_and_deleted() {
    let setup = Setup::new().await;
    let first = json!({ "model": GROK, "input": "one", "metadata": { "of": "test" } });
    let first = setup.post("/responses", &first).await.json();
    let id = text(&first, "id");
    assert_eq!((said(&first), &first["status"]), ("You said: one", &json!("completed")));
    assert_eq!(first["usage"]["total_tokens"], 4);
    assert_eq!(setup.ask("GET", &format!("/responses/{id}")).await.json(), first);
    let items = setup.ask("GET", &format!("/responses/{id}/input_items")).await.json();
    assert_eq!(items["data"][0]["content"][0]["text"], "one");
    let next = json!({ "model": GROK, "input": "two", "previous_response_id": id });
    let next = setup.post("/responses", &next).await.json();
    assert_eq!(said(&next), "You said: two Before that you said: one");
    let compacted = json!({ "model": GROK, "input": "three", "previous_response_id": id });
    let compacted = setup.post("/responses/compact", &compacted).await.json();
    assert_eq!(compacted["output"][2]["type"], "compaction");
    let deleted = setup.ask("DELETE", &format!("/responses/{id}")).await.json();
    assert_eq!(deleted["deleted"], true);
    assert_eq!(setup.ask("GET", &format!("/responses/{id}")).await.status, 404);
}

#[tokio::test]
async fn a_response_that_is_not_stored_is_not_there() {
    let setup = Setup::new().await;
    let body = json!({ "model": GROK, "input": "one", "store": false });
    let response = setup.post("/responses", &body).await.json();
    let id = text(&response, "id");
    assert_eq!(setup.ask("GET", &format!("/responses/{id}")).await.status, 404);
    let next = json!({ "model": GROK, "input": "two", "previous_response_id": id });
    assert_eq!(setup.post("/responses", &next).await.status, 404);
}

#[tokio::test]
async fn a_response_in_the_background_is_done_later_or_cancelled() {
    let setup = Setup::new().await;
    let body = json!({ "model": GROK, "input": "one", "background": true });
    let queued = setup.post("/responses", &body).await.json();
    assert_eq!((&queued["status"], &queued["output"]), (&json!("queued"), &json!([])));
    let path = format!("/responses/{}", text(&queued, "id"));
    assert_eq!(said(&setup.ask("GET", &path).await.json()), "You said: one");
    let other = setup.post("/responses", &body).await.json();
    let path = format!("/responses/{}", text(&other, "id"));
    let cancelled = setup.post(&format!("{path}/cancel"), &json!({})).await.json();
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(setup.ask("GET", &path).await.json()["status"], "cancelled");
    let body = json!({ "model": GROK, "input": "one" });
    let done = setup.post("/responses", &body).await.json();
    let path = format!("/responses/{}/cancel", text(&done, "id"));
    assert_eq!(setup.post(&path, &json!({})).await.status, 400);
}

#[tokio::test]
async fn a_conversation_keeps_what_is_said_in_it() {
    let setup = Setup::new().await;
    let message = |text: &str| json!({ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": text }] });
    let body = json!({ "metadata": { "of": "test" }, "items": [message("one")] });
    let made = setup.post("/conversations", &body).await.json();
    let path = format!("/conversations/{}", text(&made, "id"));
    assert_eq!(setup.ask("GET", &path).await.json(), made);
    let added = setup.post(&format!("{path}/items"), &json!({ "items": [message("two")] })).await;
    let added = added.json()["data"][0].clone();
    let body = json!({ "model": GROK, "input": "three", "conversation": made["id"] });
    let response = setup.post("/responses", &body).await.json();
    assert_eq!(said(&response), "You said: three Before that you said: two");
    assert_eq!(response["conversation"]["id"], made["id"]);
    let page = setup.ask("GET", &format!("{path}/items?order=asc&limit=3")).await.json();
    let roles: Vec<&str> =
        page["data"].as_array().unwrap().iter().map(|item| text(item, "role")).collect();
    assert_eq!((roles.as_slice(), &page["has_more"]), (&["user"; 3][..], &json!(true)));
    let rest = format!("{path}/items?order=asc&after={}", text(&page, "last_id"));
    let rest = setup.ask("GET", &rest).await.json();
    assert_eq!((&rest["data"][0]["role"], &rest["has_more"]), (&json!("assistant"), &json!(false)));
    let item = format!("{path}/items/{}", text(&added, "id"));
    assert_eq!(setup.ask("GET", &item).await.json(), added);
    assert_eq!(setup.ask("DELETE", &item).await.status, 200);
    assert_eq!(setup.ask("GET", &item).await.status, 404);
    let changed = setup.post(&path, &json!({ "metadata": { "of": "another" } })).await.json();
    assert_eq!(changed["metadata"]["of"], "another");
    assert_eq!(setup.ask("DELETE", &path).await.json()["deleted"], true);
    assert_eq!(setup.ask("GET", &path).await.status, 404);
}

#[tokio::test]
async fn what_is_kept_has_a_bound() {
    let setup = Setup::new().await;
    let (headers, body) = (in_project(PROJECT), json!({ "model": GROK, "input": "one" }));
    let body = body.to_string();
    let call = Call { further: &headers, body: body.as_bytes(), ..Call::PREDICT };
    let (service, target) = (Service::Inference, "/openai/v1/responses");
    let request = setup.sign(&Request { service, target, call, by_user: false });
    let mut connection = setup.connect(service).await;
    for _ in 0..1000 {
        assert_eq!(connection.call(&request).await.unwrap().status, 200);
    }
    let refusal = connection.call(&request).await.unwrap().refusal();
    assert_eq!(refusal, (400, "LimitExceeded".to_owned()));
}
