//! The messages of a queue.

use emulator::services::{QUEUE, Service};
use serde_json::{Value, json};

use super::client::{Request, Setup};
use crate::deployment::client::{Answer, Call};

fn path(rest: &str) -> String {
    format!("/20210201/queues/{QUEUE}{rest}")
}

async fn get(setup: &Setup, rest: &str) -> Value {
    setup.bare(Service::Queue, "GET", &path(rest), "").await.json()
}

async fn post(setup: &Setup, rest: &str, body: Value) -> Answer {
    setup.json(Service::Queue, &path(rest), "", &body).await
}

#[tokio::test]
async fn a_message_is_put_had_by_one_and_deleted() {
    let setup = Setup::new().await;
    let red = json!({ "channelId": "red" });
    let messages = json!([{ "content": "one" }, { "content": "two", "metadata": red }]);
    let put = post(&setup, "/messages", json!({ "messages": messages })).await.json();
    assert_eq!(put["messages"][1]["id"], 2);
    assert_eq!(get(&setup, "/channels").await["items"], json!([QUEUE, "red"]));
    let got = get(&setup, "/messages?channelFilter=red").await;
    assert_eq!(
        (&got["messages"][0]["content"], &got["messages"][1]),
        (&json!("two"), &Value::Null)
    );
    let stats = get(&setup, "/stats").await;
    assert_eq!(
        (&stats["queue"]["visibleMessages"], &stats["queue"]["inFlightMessages"]),
        (&json!(1), &json!(1))
    );
    let receipt = got["messages"][0]["receipt"].as_str().unwrap().to_owned();
    let body = json!({ "visibilityInSeconds": 0 }).to_string();
    let call = Call { method: "PUT", body: body.as_bytes(), ..Call::PREDICT };
    let target = path(&format!("/messages/{receipt}"));
    let request = Request { service: Service::Queue, target: &target, call, by_user: true };
    assert_eq!(setup.send(&request).await.json()["id"], 2);
    let again = get(&setup, "/messages?limit=20").await;
    assert_eq!(again["messages"].as_array().unwrap().len(), 2);
    assert_eq!(again["messages"][1]["deliveryCount"], 2);
    // The receipt of the first delivery is worth nothing any more.
    assert_eq!(setup.bare(Service::Queue, "DELETE", &target, "").await.status, 404);
    let receipts: Vec<Value> = again["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| json!({ "receipt": message["receipt"] }))
        .collect();
    let entries: Vec<Value> = receipts
        .iter()
        .map(|entry| json!({ "receipt": entry["receipt"], "visibilityInSeconds": 60 }))
        .collect();
    let answer =
        post(&setup, "/messages/actions/updateMessages", json!({ "entries": entries })).await;
    assert_eq!(answer.json()["clientFailures"], 0);
    let first = path(&format!("/messages/{}", receipts[0]["receipt"].as_str().unwrap()));
    let answer = setup.bare(Service::Queue, "DELETE", &first, "content-length: 0\r\n").await;
    assert_eq!(answer.status, 204);
    let deleted =
        post(&setup, "/messages/actions/deleteMessages", json!({ "entries": receipts })).await;
    assert_eq!(deleted.json()["clientFailures"], 1);
    assert_eq!(get(&setup, "/stats").await["queue"]["sizeInBytes"], 0);
}

#[tokio::test]
async fn what_the_queue_does_not_take_is_refused() {
    let setup = Setup::new().await;
    let long = "x".repeat(256 * 1024 + 1);
    for messages in [
        json!([]),
        json!([{ "content": "" }]),
        json!([{ "content": long }]),
        json!(vec![json!({ "content": "one" }); 21]),
        json!("one"),
    ] {
        let answer = post(&setup, "/messages", json!({ "messages": messages })).await;
        assert_eq!(answer.refusal(), (400, "InvalidParameter".to_owned()));
    }
    let target = path("/messages?limit=21");
    assert_eq!(setup.bare(Service::Queue, "GET", &target, "").await.status, 400);
    let target = "/20210201/queues/ocid1.queue.other/messages";
    assert_eq!(setup.bare(Service::Queue, "GET", target, "").await.status, 404);
}
