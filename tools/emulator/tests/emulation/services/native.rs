//! Generative AI's own protocol.

use emulator::services::Service;
use emulator::services::generative_ai::{COMPARTMENT, ENDPOINT};
use serde_json::{Value, json};

use super::client::{Setup, in_compartment};
use crate::deployment::client::{Answer, events};

async fn act(setup: &Setup, action: &str, mode: Value, mut body: Value) -> Answer {
    body["compartmentId"] = json!(COMPARTMENT);
    body["servingMode"] = mode;
    setup.json(Service::Inference, &format!("/20231130/actions/{action}"), "", &body).await
}

fn on_demand(model: &str) -> Value {
    json!({ "servingType": "ON_DEMAND", "modelId": model })
}

fn generic(stream: bool) -> Value {
    let content = json!([{ "type": "TEXT", "text": "Hello there" }]);
    json!({ "chatRequest": {
        "apiFormat": "GENERIC",
        "messages": [{ "role": "USER", "content": content }],
        "isStream": stream,
        "streamOptions": { "isIncludeUsage": true },
    } })
}

#[tokio::test]
async fn a_chat_answers_in_each_of_its_formats_whole_and_word_by_word() {
    let setup = Setup::new().await;
    let cohere = |request: Value| json!({ "chatRequest": request });
    let message =
        json!([{ "role": "USER", "content": [{ "type": "TEXT", "text": "Hello there" }] }]);
    let command = on_demand("cohere.command-a-03-2025");
    let dedicated = json!({ "servingType": "DEDICATED", "endpointId": ENDPOINT });
    let text = "/message/content/0/text";
    for (mode, body, whole, piece) in [
        (on_demand("xai.grok-4.3"), generic(false), "/choices/0/message/content/0/text", text),
        (dedicated, generic(false), "/choices/0/message/content/0/text", text),
        (
            command.clone(),
            cohere(json!({ "apiFormat": "COHERE", "message": "Hello there" })),
            "/text",
            "/text",
        ),
        (command, cohere(json!({ "apiFormat": "COHEREV2", "messages": message })), text, text),
    ] {
        let answer = act(&setup, "chat", mode.clone(), body.clone()).await.json();
        let said = answer["chatResponse"].pointer(whole).unwrap();
        assert_eq!(said, "You said: Hello there", "{answer}");
        assert_eq!(answer["chatResponse"]["usage"]["totalTokens"], 6);
        let mut body = body;
        body["chatRequest"]["isStream"] = json!(true);
        let streamed = events(&act(&setup, "chat", mode, body).await.text());
        let pieces = streamed.iter().filter_map(|event| event.pointer(piece)?.as_str());
        assert_eq!(pieces.collect::<String>(), "You said: Hello there");
        assert!(streamed.last().unwrap()["finishReason"].is_string());
        let pads: std::collections::BTreeSet<usize> =
            streamed.iter().map(|event| event["pad"].as_str().unwrap().len()).collect();
        assert!(pads.len() > 1, "{pads:?}");
    }
}

#[tokio::test]
async fn a_chat_ends_at_its_limit_and_uses_are_told_only_if_asked() {
    let setup = Setup::new().await;
    let mut body = generic(true);
    body["chatRequest"]["maxTokens"] = json!(2);
    body["chatRequest"]["streamOptions"] = Value::Null;
    let streamed = act(&setup, "chat", on_demand("xai.grok-4.3"), body).await.text();
    let last = events(&streamed).pop().unwrap();
    assert_eq!((&last["finishReason"], &last["usage"]), (&json!("length"), &Value::Null));
    let with_usage = act(&setup, "chat", on_demand("xai.grok-4.3"), generic(true)).await.text();
    assert_eq!(events(&with_usage).pop().unwrap()["usage"]["totalTokens"], 6);
}

#[tokio::test]
async fn compartment_model_and_format_are_checked() {
    let setup = Setup::new().await;
    let both =
        json!({ "servingType": "ON_DEMAND", "modelId": "xai.grok-4.3", "endpointId": ENDPOINT });
    for (mode, status) in [
        (both, 400),
        (json!({}), 400),
        (on_demand("xai.grok-0"), 404),
        (on_demand("cohere.embed-v4.0"), 400),
        (on_demand("cohere.command-a-03-2025"), 400),
    ] {
        assert_eq!(
            act(&setup, "chat", mode.clone(), generic(false)).await.status,
            status,
            "{mode}"
        );
    }
    let target = "/20231130/actions/chat";
    for (compartment, status) in [(json!("ocid1.compartment.oc1..other"), 404), (Value::Null, 400)]
    {
        let mut body = generic(false);
        body["servingMode"] = on_demand("xai.grok-4.3");
        body["compartmentId"] = compartment;
        let answer = setup.json(Service::Inference, target, "", &body).await;
        assert_eq!(answer.status, status);
    }
    let retired = act(&setup, "generateText", on_demand("xai.grok-4.3"), json!({})).await;
    assert_eq!(retired.status, 404);
}

#[tokio::test]
async fn texts_are_embedded_and_documents_are_put_in_order() {
    let setup = Setup::new().await;
    let embed = on_demand("cohere.embed-v4.0");
    let body = json!({ "inputs": ["abc", "cba", "xyz"], "outputDimensions": 256 });
    let answer = act(&setup, "embedText", embed.clone(), body).await.json();
    let vectors = answer["embeddings"].as_array().unwrap();
    assert_eq!(vectors[0].as_array().unwrap().len(), 256);
    assert_eq!(vectors[0], vectors[1]);
    assert_ne!(vectors[0], vectors[2]);
    let many = json!({ "inputs": vec!["abc"; 97] });
    assert_eq!(act(&setup, "embedText", embed, many).await.status, 400);

    let rerank = on_demand("cohere.rerank-v3.5");
    let body =
        json!({ "input": "red fox", "documents": ["a dog", "a red fox", "a red car"], "topN": 2 });
    let ranks = act(&setup, "rerankText", rerank, body).await.json()["documentRanks"].clone();
    let places: Vec<&Value> = ranks.as_array().unwrap().iter().map(|rank| &rank["index"]).collect();
    assert_eq!(places, [&json!(1), &json!(2)]);
}

#[tokio::test]
async fn guardrails_find_what_they_are_asked_for() {
    let setup = Setup::new().await;
    let body = json!({
        "compartmentId": COMPARTMENT,
        "input": { "type": "TEXT", "content": "Mail jane@example.com, I hate it." },
        "guardrailConfigs": {
            "contentModerationConfig": { "categories": ["OVERALL"] },
            "personallyIdentifiableInformationConfig": { "types": ["EMAIL"] },
            "promptInjectionConfig": {},
        },
    });
    let target = "/20231130/actions/applyGuardrails";
    let results = setup.json(Service::Inference, target, "", &body).await.json()["results"].clone();
    assert_eq!(results["contentModeration"]["categories"][0]["score"], 1.0);
    assert_eq!(results["promptInjection"]["score"], 0.0);
    let found = &results["personallyIdentifiableInformation"][0];
    assert_eq!((&found["text"], &found["offset"]), (&json!("jane@example.com"), &json!(5)));
    let target = "/20231130/guardrailVersions";
    let versions = setup.bare(Service::Inference, "GET", target, &in_compartment()).await.json();
    assert_eq!(versions["items"][0]["state"], "ACTIVE");
    assert_eq!(setup.bare(Service::Inference, "GET", target, "").await.status, 400);
}
