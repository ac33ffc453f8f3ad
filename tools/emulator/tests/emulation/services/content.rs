//! Files, vector stores and containers.

use emulator::services::Service;
use emulator::services::generative_ai::PROJECT;
use serde_json::{Value, json};

use super::client::{Request, Setup, in_project};
use crate::deployment::client::{Answer, Call};

const STORES: &str = "/20231130/openai/v1/vector_stores";
/// No text, and with what ends a part of a form.
const BYTES: &[u8] = b"\r\n--x\r\n\xff\x00 the quick brown fox";

async fn upload(setup: &Setup, path: &str, name: &str, content: &[u8]) -> Answer {
    let head = format!(
        "--frontier\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nassistants\r\n\
         --frontier\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    let body = [head.as_bytes(), content, b"\r\n--frontier--\r\n"].concat();
    let (headers, target) = (in_project(PROJECT), format!("/openai/v1{path}"));
    let content_type = "multipart/form-data; boundary=frontier";
    let call = Call { content_type, further: &headers, body: &body, ..Call::PREDICT };
    let service = Service::Inference;
    setup.send(&Request { service, target: &target, call, by_user: false }).await
}

async fn file(setup: &Setup, name: &str, content: &[u8]) -> String {
    let answer = upload(setup, "/files", name, content).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn store(setup: &Setup) -> String {
    let headers = in_project(PROJECT);
    let body = json!({ "name": "animals" });
    let made = setup.json(Service::GenerativeAi, STORES, &headers, &body).await.json();
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_file_comes_back_byte_for_byte() {
    let setup = Setup::new().await;
    let id = file(&setup, "fox.bin", BYTES).await;
    let content = setup.ask("GET", &format!("/files/{id}/content")).await;
    assert_eq!(content.chunks.concat(), BYTES);
    let shown = setup.ask("GET", &format!("/files/{id}")).await.json();
    assert_eq!((&shown["bytes"], &shown["filename"]), (&json!(BYTES.len()), &json!("fox.bin")));
    let list = setup.ask("GET", "/files").await.json();
    assert_eq!(list["data"], json!([shown]));
    assert_eq!(setup.ask("DELETE", &format!("/files/{id}")).await.json()["deleted"], true);
    assert_eq!(setup.ask("GET", &format!("/files/{id}")).await.status, 404);
    let not_a_form = setup.post("/files", &json!({})).await;
    assert_eq!((not_a_form.status, &not_a_form.json()["error"]["param"]), (400, &json!("body")));
}

#[tokio::test]
async fn a_vector_store_is_filled_searched_and_emptied() {
    let setup = Setup::new().await;
    let (fox, dog) =
        (file(&setup, "fox", b"a quick fox").await, file(&setup, "dog", b"a dog").await);
    let store = format!("/vector_stores/{}", store(&setup).await);
    let body = json!({ "file_id": fox, "attributes": { "wild": true } });
    let added = setup.post(&format!("{store}/files"), &body).await.json();
    assert_eq!((&added["status"], &added["usage_bytes"]), (&json!("completed"), &json!(11)));
    let batch =
        setup.post(&format!("{store}/file_batches"), &json!({ "file_ids": [dog] })).await.json();
    assert_eq!(batch["file_counts"]["completed"], 1);
    let batch = format!("{store}/file_batches/{}", batch["id"].as_str().unwrap());
    assert_eq!(setup.ask("GET", &batch).await.status, 200);
    assert_eq!(setup.post(&format!("{batch}/cancel"), &json!({})).await.status, 200);
    let listed = setup.ask("GET", &format!("{batch}/files")).await.json();
    assert_eq!(listed["data"][0]["id"], json!(dog));

    let search = |body: Value| {
        let (setup, store) = (&setup, &store);
        async move { setup.post(&format!("{store}/search"), &body).await.json()["data"].clone() }
    };
    let found = search(json!({ "query": "a quick cat" })).await;
    let names: Vec<&Value> = found.as_array().unwrap().iter().map(|one| &one["filename"]).collect();
    assert_eq!(names, [&json!("fox"), &json!("dog")]);
    assert_eq!(
        search(json!({ "query": "a", "max_num_results": 1 })).await.as_array().unwrap().len(),
        1
    );
    let wild = json!({ "type": "eq", "key": "wild", "value": true });
    let found = search(json!({ "query": "a dog", "filters": wild })).await;
    assert_eq!(found[0]["content"][0]["text"], "a quick fox");

    let member = format!("{store}/files/{fox}");
    let content = setup.ask("GET", &format!("{member}/content")).await.json();
    assert_eq!(content["data"][0]["text"], "a quick fox");
    let changed = setup.post(&member, &json!({ "attributes": { "wild": false } })).await.json();
    assert_eq!(changed["attributes"]["wild"], false);
    assert_eq!(setup.ask("DELETE", &member).await.json()["deleted"], true);
    assert_eq!(setup.ask("GET", &member).await.status, 404);
    let rest = setup.ask("GET", &format!("{store}/files")).await.json();
    assert_eq!(rest["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn vector_stores_are_managed_at_the_other_host() {
    let (setup, headers) = (Setup::new().await, in_project(PROJECT));
    let target = format!("{STORES}/{}", store(&setup).await);
    let shown = setup.bare(Service::GenerativeAi, "GET", &target, &headers).await.json();
    assert_eq!((&shown["name"], &shown["file_counts"]["total"]), (&json!("animals"), &json!(0)));
    let list = setup.bare(Service::GenerativeAi, "GET", STORES, &headers).await.json();
    assert_eq!(list["data"], json!([shown]));
    let body = json!({ "name": "plants" });
    let changed = setup.json(Service::GenerativeAi, &target, &headers, &body).await.json();
    assert_eq!(changed["name"], "plants");
    assert_eq!(setup.ask("GET", "/vector_stores").await.status, 404);
    let deleted = setup.bare(Service::GenerativeAi, "DELETE", &target, &headers).await.json();
    assert_eq!(deleted["deleted"], true);
    assert_eq!(setup.bare(Service::GenerativeAi, "GET", &target, &headers).await.status, 404);
    let target = format!(
        "/20231130/models?compartmentId={}",
        emulator::services::generative_ai::COMPARTMENT
    );
    let models = setup.bare(Service::GenerativeAi, "GET", &target, "").await.json();
    assert_eq!(models["items"].as_array().unwrap().len(), 7);
}

#[tokio::test]
async fn a_container_holds_files() {
    let setup = Setup::new().await;
    let made = setup.post("/containers", &json!({ "name": "sums" })).await.json();
    let path = format!("/containers/{}", made["id"].as_str().unwrap());
    assert_eq!(setup.ask("GET", &path).await.json(), made);
    assert_eq!(setup.ask("GET", "/containers").await.json()["data"], json!([made]));
    let file = upload(&setup, &format!("{path}/files"), "fox.bin", BYTES).await.json();
    assert_eq!(file["path"], "/mnt/data/fox.bin");
    let member = format!("{path}/files/{}", file["id"].as_str().unwrap());
    assert_eq!(setup.ask("GET", &member).await.json(), file);
    assert_eq!(setup.ask("GET", &format!("{member}/content")).await.chunks.concat(), BYTES);
    assert_eq!(setup.ask("GET", &format!("{path}/files")).await.json()["data"], json!([file]));
    assert_eq!(setup.ask("DELETE", &member).await.json()["deleted"], true);
    assert_eq!(setup.ask("DELETE", &path).await.json()["deleted"], true);
    assert_eq!(setup.ask("GET", &path).await.status, 404);
}
