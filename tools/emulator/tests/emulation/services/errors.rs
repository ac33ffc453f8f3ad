//! What the live service was seen to refuse, and how.

use emulator::services::Service;
use emulator::services::generative_ai::{COMPARTMENT, OTHER_PROJECT, PROJECT};
use serde_json::{Value, json};

use super::client::{Setup, in_compartment, in_project};

const GROK: &str = "xai.grok-4.3";

fn chat(model: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": "Hello" }] })
}

#[tokio::test]
async fn a_list_of_models_and_embeddings_are_not_part_of_the_protocol() {
    let (setup, headers) = (Setup::new().await, in_compartment());
    for (base, status) in
        [("/openai/v1", 404), ("/20231130/openai/v1", 404), ("/20231130/actions/v1", 400)]
    {
        let target = format!("{base}/models");
        let answer = setup.bare(Service::Inference, "GET", &target, &headers).await;
        assert_eq!(answer.status, status, "{base}");
        let target = format!("{base}/embeddings");
        let body = json!({ "model": "cohere.embed-v4.0", "input": "Hello" });
        let answer = setup.json(Service::Inference, &target, &headers, &body).await;
        assert_eq!(answer.status, 400, "{base}");
        assert_eq!(answer.json()["message"], "Unsupported OpenAI operation", "{base}");
    }
    let target = "/openai/v1/completions";
    let answer = setup.json(Service::Inference, target, &headers, &json!({})).await;
    let message = "Path doesn't map to a registered service";
    assert_eq!(answer.json(), json!({ "code": "404", "message": message }));
}

#[tokio::test]
async fn compartment_and_project_are_demanded_and_checked() {
    let setup = Setup::new().await;
    let missing = Some("Compartment ID must be provided");
    let far = "openai-project: ocid1.generativeaiproject.oc1.us-chicago-1.aaaaaaaaproject\r\n";
    let unknown = "openai-project: ocid1.generativeaiproject.oc1.sa-saopaulo-1.aaaaaaaanone\r\n";
    let opc = format!("opc-compartment-id: {COMPARTMENT}\r\n");
    let own = format!("CompartmentId: {COMPARTMENT}\r\n");
    let other = "opc-compartment-id: ocid1.compartment.oc1..other\r\n";
    let two = format!("{own}{other}");
    let project = format!("openai-project: {PROJECT}\r\n");
    let projects = format!("{project}{project}");
    for (headers, path, status, message) in [
        ("", "/chat/completions", 400, missing),
        (own.as_str(), "/chat/completions", 200, None),
        (opc.as_str(), "/chat/completions", 200, None),
        (project.as_str(), "/chat/completions", 200, None),
        (other, "/chat/completions", 404, None),
        (two.as_str(), "/chat/completions", 400, Some("More than one compartment ID was provided")),
        (far, "/chat/completions", 400, Some("Invalid OpenAI project")),
        (projects.as_str(), "/chat/completions", 400, Some("Invalid OpenAI project")),
        (unknown, "/chat/completions", 404, None),
        (own.as_str(), "/responses", 400, missing),
        (opc.as_str(), "/responses", 400, Some("Non-OpenAI models require 'OpenAI-Project'")),
        (opc.as_str(), "/conversations", 400, missing),
    ] {
        let mut body = chat(GROK);
        body["input"] = json!("Hello");
        let target = format!("/openai/v1{path}");
        let answer = setup.json(Service::Inference, &target, headers, &body).await;
        assert_eq!(answer.status, status, "{path} with {headers}: {}", answer.text());
        if let Some(message) = message {
            assert_eq!(answer.json()["message"], message, "{path} with {headers}");
        }
    }
}

#[tokio::test]
async fn models_are_refused_each_in_its_way() {
    let (setup, headers) = (Setup::new().await, in_compartment());
    let target = "/openai/v1/chat/completions";
    let post = |body: Value| {
        let (setup, headers) = (&setup, &headers);
        async move { setup.json(Service::Inference, target, headers, &body).await }
    };
    let unknown = post(chat("xai.grok-0")).await;
    assert_eq!(unknown.refusal(), (404, "404".to_owned()));
    let cohere = post(chat("cohere.command-a-03-2025")).await;
    assert_eq!(cohere.json()["message"], "Unsupported OpenAI operation");
    let mut body = chat(GROK);
    body.as_object_mut().unwrap().remove("model");
    let none = post(body).await;
    assert_eq!((none.status, &none.json()["error"]["param"]), (400, &json!("model")));
    let mut body = chat("openai.gpt-5.2");
    body["max_tokens"] = json!(10);
    let nested = post(body).await;
    let inner: Value = serde_json::from_str(nested.json()["message"].as_str().unwrap()).unwrap();
    assert_eq!((nested.status, &inner["error"]["param"]), (400, &json!("max_tokens")));
    let not_json = setup.json(Service::Inference, target, &headers, &json!("no object")).await;
    assert_eq!((not_json.status, &not_json.json()["error"]["code"]), (400, &Value::Null));
}

#[tokio::test]
async fn a_wrong_body_at_the_root_is_422_in_plain_text() {
    let (setup, headers) = (Setup::new().await, in_compartment());
    let body = json!({ "model": "openai.gpt-oss-120b" });
    let answer = setup.json(Service::Inference, "/v1/responses", &headers, &body).await;
    assert_eq!((answer.status, answer.text().as_str()), (422, "missing field `input`"));
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    let body = json!({ "model": "openai.gpt-oss-120b", "input": "Hello" });
    let answer = setup.json(Service::Inference, "/v1/responses", &headers, &body).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn input_and_metadata_that_the_service_does_not_take_are_named() {
    let setup = Setup::new().await;
    let many: serde_json::Map<String, Value> =
        (0..17).map(|number| (format!("key{number}"), json!("value"))).collect();
    for (body, param) in [
        (json!({ "input": [{ "role": "user", "content": "Hello" }] }), "input[0]"),
        (json!({ "input": 1 }), "input"),
        (json!({}), "input"),
        (json!({ "input": "Hello", "metadata": { "key": "x".repeat(513) } }), "metadata"),
        (json!({ "input": "Hello", "metadata": many }), "metadata"),
        (json!({ "input": "Hello", "store": "yes" }), "store"),
        (
            json!({ "input": "Hello", "previous_response_id": "a", "conversation": "b" }),
            "conversation",
        ),
    ] {
        let mut body = body;
        body["model"] = json!(GROK);
        let answer = setup.post("/responses", &body).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]["param"]),
            (400, &json!(param)),
            "{body}"
        );
    }
}

#[tokio::test]
async fn nothing_of_one_project_is_there_for_another() {
    let setup = Setup::new().await;
    let made = setup.post("/conversations", &json!({})).await.json();
    let id = made["id"].as_str().unwrap();
    let target = format!("/openai/v1/conversations/{id}");
    for (project, status) in [(PROJECT, 200), (OTHER_PROJECT, 404)] {
        let headers = in_project(project);
        let answer = setup.bare(Service::Inference, "GET", &target, &headers).await;
        assert_eq!(answer.status, status, "{project}");
    }
    assert_eq!(setup.ask("GET", "/conversations").await.status, 404);
}
