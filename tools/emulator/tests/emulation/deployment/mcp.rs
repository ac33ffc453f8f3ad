//! The server of the Model Context Protocol behind the deployment.

use emulator::deployment::Behaviour;
use serde_json::{Value, json};

use super::client::{Answer, Call, Setup};

const POST: &str = "accept: application/json, text/event-stream\r\n";
const GET: &str = "accept: text/event-stream\r\n";

async fn post(setup: &Setup, body: &Value, further: &str) -> Answer {
    let (path, body, further) =
        ("/predictWithResponseStream/mcp", body.to_string(), format!("{POST}{further}"));
    let call = Call { path, body: body.as_bytes(), further: &further, ..Call::PREDICT };
    setup.call(call).await
}

async fn bodyless(setup: &Setup, method: &str, further: &str) -> Answer {
    let path = "/predictWithResponseStream/mcp";
    setup.call(Call { method, path, further, ..Call::BODYLESS }).await
}

/// The ids and the messages of a stream.
fn events(text: &str) -> Vec<(String, Value)> {
    let event = |event: &str| {
        let (head, data) = event.split_once("\ndata: ").unwrap();
        let id = head.strip_prefix("id: ").unwrap().strip_suffix("\nevent: message").unwrap();
        (id.to_owned(), serde_json::from_str(data).unwrap())
    };
    text.split_terminator("\n\n").map(event).collect()
}

fn request(method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params })
}

fn classification() -> Value {
    request(
        "tools/call",
        &json!({ "name": "classify", "arguments": { "text": "6.3 3.3 6.0 2.5" }, "_meta": { "progressToken": 3 } }),
    )
}

/// Opens a session: the header that names it from then on.
async fn opened(setup: &Setup) -> String {
    let open = request("initialize", &json!({ "protocolVersion": "2025-06-18" }));
    let answer = post(setup, &open, "").await;
    let [(_, message)] = &events(&answer.text())[..] else { panic!("{answer:?}") };
    assert_eq!(message["result"]["protocolVersion"], "2025-06-18");
    let id = answer.header("mcp-session-id").unwrap();
    format!("mcp-session-id: {id}\r\nmcp-protocol-version: 2025-06-18\r\n")
}

#[tokio::test]
async fn a_session_is_opened_demanded_and_ended() {
    let setup = Setup::new().await;
    let list = request("tools/list", &json!({}));
    assert_eq!(post(&setup, &list, "").await.status, 400);
    assert_eq!(post(&setup, &list, "mcp-session-id: other\r\n").await.status, 404);
    let session = opened(&setup).await;
    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let answer = post(&setup, &initialized, &session).await;
    assert_eq!((answer.status, answer.text().as_str()), (202, ""));
    let answer = post(&setup, &list, &session).await;
    assert_eq!(events(&answer.text())[0].1["result"]["tools"][0]["name"], "classify");
    let wrong = session.replace("2025-06-18", "1999-01-01");
    assert_eq!(post(&setup, &list, &wrong).await.status, 400);
    assert_eq!(bodyless(&setup, "DELETE", &session).await.status, 204);
    assert_eq!(post(&setup, &list, &session).await.status, 404);
    assert_eq!(bodyless(&setup, "DELETE", &session).await.status, 404);
}

#[tokio::test]
async fn a_tool_tells_its_progress_word_by_word_before_its_result() {
    let setup = Setup::new().await;
    let session = opened(&setup).await;
    let answer = post(&setup, &classification(), &session).await;
    assert!(answer.is_streamed(), "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let events = events(&answer.text());
    assert_eq!((events.len(), answer.chunks.len()), (6, 6));
    let words = events.iter().filter_map(|(_, event)| event["params"]["message"].as_str());
    assert_eq!(words.collect::<String>(), "This is an Iris virginica.");
    let (_, result) = events.last().unwrap();
    assert_eq!((&result["id"], &result["result"]["isError"]), (&json!(7), &json!(false)));
    for (method, params, code) in [
        ("tools/call", json!({ "name": "other" }), -32_602),
        ("resources/list", json!({}), -32_601),
    ] {
        let answer = post(&setup, &request(method, &params), &session).await;
        assert_eq!(self::events(&answer.text())[0].1["error"]["code"], code);
    }
}

#[tokio::test]
async fn a_stream_that_broke_off_is_resumed_behind_the_last_event() {
    let setup = Setup::new().await;
    let session = opened(&setup).await;
    let whole = post(&setup, &classification(), &session).await.text();
    let all = events(&whole);
    for (number, (id, _)) in all.iter().enumerate() {
        let further = format!("{GET}{session}last-event-id: {id}\r\n");
        let rest = bodyless(&setup, "GET", &further).await;
        assert_eq!(events(&rest.text()), all[number + 1..]);
    }
    setup.deployment.behave(Behaviour::StreamFailure);
    let half = post(&setup, &classification(), &session).await.text();
    // The last event is cut: a client knows the one before.
    let (complete, _cut) = half.rsplit_once("\n\n").unwrap();
    let seen = events(complete);
    let (id, _) = seen.last().unwrap();
    let rest = bodyless(&setup, "GET", &format!("{GET}{session}last-event-id: {id}\r\n")).await;
    assert_eq!(seen.len() + events(&rest.text()).len(), all.len());
    let further = format!("{GET}{session}last-event-id: 99-0\r\n");
    assert_eq!(bodyless(&setup, "GET", &further).await.status, 400);
}

#[tokio::test]
async fn a_get_opens_a_stream_without_end() {
    let setup = Setup::new().await;
    let session = opened(&setup).await;
    let (path, further) = ("/predictWithResponseStream/mcp", format!("{GET}{session}"));
    let request = setup.sign(Call { path, further: &further, ..Call::BODYLESS });
    let mut connection = setup.connect().await;
    connection.send(&request).await;
    assert!(
        connection
            .is_silent_after(b"\"ready\",\"level\":\"info\",\"logger\":\"emulator\"}}\n\n\r\n")
            .await
    );
    let (body, accept) =
        (classification().to_string(), format!("accept: application/json\r\n{session}"));
    let call = Call { path, body: body.as_bytes(), further: &accept, ..Call::PREDICT };
    assert_eq!(setup.call(call).await.status, 406);
}
