//! Does a deployment that speaks OpenAI's protocol do so through the gateway, also when it fails midway?
//!
//! The gateway executes the specification that `mdfn gateway-spec` prints for such a model.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use emulator::agent::Agent;
use emulator::deployment::Behaviour;
use emulator::gateway::document::{Input, Keys};
use emulator::gateway::signing_key::static_keys;
use emulator::gateway::spec::Specification;
use emulator::gateway::{Functions, Gateway};
use emulator::identity::{Client, IdentityDomain};
use emulator::principal::FUNCTION;
use http::Method;
use serde_json::{Value, json};

use crate::gateway::send;
use crate::setup::{GRACE, Setup};

/// A gateway with a client's token, around the function of a setup.
struct Llm {
    gateway: Gateway,
    token: String,
    function: Arc<Agent>,
    _identity: IdentityDomain,
}

impl Llm {
    async fn start(setup: &Setup) -> Self {
        let program = setup.program.clone().config("ALLOWED_PATHS", "openai");
        let function = Arc::new(Agent::start(program).await.unwrap());
        let client = Client {
            id: "chat-client".to_owned(),
            secret: "emulated-secret".to_owned(),
            audience: "https://gateway.example/".to_owned(),
            scope: "predict".to_owned(),
        };
        let identity = IdentityDomain::start(0, vec![client.clone()]).await.unwrap();
        let base = setup.url().replace("/predict", "");
        let keys = Keys::Static(static_keys(&identity.jwks()).unwrap());
        let mut input = Input::new(FUNCTION, &client.audience, keys);
        input.openai_models = BTreeMap::from([("llm".to_owned(), base)]);
        input.anonymous_health = true;
        let specification = Specification::parse(&input.document().to_string()).unwrap();
        let functions = Functions::from([(FUNCTION.to_owned(), function.clone())]);
        let gateway = Gateway::start(0, "/models", specification, functions).await.unwrap();
        let token = identity.mint(&client, &json!({}));
        Self { gateway, token, function, _identity: identity }
    }

    fn url(&self) -> String {
        format!("{}/models/llm", self.gateway.url())
    }

    /// What the function answers itself.
    async fn own(&self, path: &str, headers: &[(&str, &str)]) -> (u16, Value) {
        let url = format!("{}/models{path}", self.gateway.url());
        let (status, body) = send(Method::GET, &url, headers, "").await;
        (status.as_u16(), body)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let bearer = format!("Bearer {}", self.token);
        let url = self.url() + path;
        let (status, body) = send(Method::GET, &url, &[("authorization", &bearer)], "").await;
        (status.as_u16(), body)
    }

    async fn chat(&self, stream: bool) -> (u16, Value) {
        let bearer = format!("Bearer {}", self.token);
        let messages = [json!({ "role": "user", "content": "5.1 3.5 1.4 0.2" })];
        let chat = json!({ "model": "odsc-llm", "messages": messages, "stream": stream });
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let url = self.url() + "/v1/chat/completions";
        let (status, body) = send(Method::POST, &url, &headers, &chat.to_string()).await;
        (status.as_u16(), body)
    }
}

fn is_whole(answer: &(u16, Value)) -> bool {
    let text = answer.1.as_str().unwrap_or_default();
    answer.0 == 200 && text.contains("setosa") && text.ends_with("data: [DONE]\n\n")
}

#[tokio::test]
async fn paths_chats_and_streams_pass_the_gateway() {
    let setup = Setup::new().await;
    let llm = Llm::start(&setup).await;
    let (status, models) = llm.get("/v1/models?after=x").await;
    assert_eq!((status, &models["data"][0]["id"]), (200, &json!("odsc-llm")));
    let (status, chat) = llm.chat(false).await;
    let said = chat["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(status == 200 && said.contains("setosa"), "{chat}");
    let streamed = llm.chat(true).await;
    assert!(is_whole(&streamed), "{streamed:?}");
    let received = setup.deployment.received();
    assert!(received[0].request.target.ends_with("/predict/v1/models?after=x"));
    assert!(received.iter().all(|received| received.verdict.is_ok()));
}

#[tokio::test]
async fn a_stream_that_fails_midway_is_an_error_at_the_gateway() {
    let mut setup = Setup::new().await;
    setup.program = setup.program.timeout(Duration::from_secs(3)).grace(GRACE);
    let llm = Llm::start(&setup).await;
    for (behaviour, status, code) in [
        (Behaviour::StreamFailure, 502, "DeploymentStreamFailed"),
        // A chat may cost money: one that broke off is not had again unasked.
        (Behaviour::ResetStream, 502, "DeploymentAnswerInvalid"),
        (Behaviour::Cut, 502, "DeploymentAnswerInvalid"),
        (Behaviour::StallStream, 504, "DeploymentTimedOut"),
        (Behaviour::Stall, 504, "DeploymentTimedOut"),
    ] {
        setup.deployment.behave(behaviour.clone());
        let (seen, body) = llm.chat(true).await;
        assert_eq!((seen, &body["code"]), (status, &json!(code)), "{behaviour:?} {body}");
        assert!(is_whole(&llm.chat(true).await), "{behaviour:?}");
    }
    assert_eq!(llm.function.starts(), 1);
}

#[tokio::test]
async fn throttling_skew_and_both_framings_do_not_reach_the_client() {
    let setup = Setup::new().await;
    let llm = Llm::start(&setup).await;
    for behaviour in [
        Behaviour::Busy(429, "0".to_owned()),
        Behaviour::Busy(503, "1".to_owned()),
        Behaviour::ChunkedWithLength,
        Behaviour::CloseAfter,
    ] {
        setup.deployment.behave(behaviour.clone());
        let streamed = llm.chat(true).await;
        assert!(is_whole(&streamed), "{behaviour:?} {streamed:?}");
    }
    for offset in [600, -600] {
        setup.deployment.set_clock_offset(offset);
        assert!(is_whole(&llm.chat(true).await), "{offset}");
    }
}

#[tokio::test]
async fn health_is_a_route_without_a_deployment() {
    let setup = Setup::new().await;
    setup.principal.rotate(-10).unwrap();
    let llm = Llm::start(&setup).await;
    let anonymous = llm.own("/healthz", &[]).await;
    assert_eq!((anonymous.0, &anonymous.1["status"]), (200, &json!("ok")));
    // A client cannot make a call of a deployment of it.
    let url = setup.url();
    assert_eq!(llm.own("/healthz", &[("model_deployment", &url)]).await.0, 200);
    let bearer = format!("Bearer {}", llm.token);
    let token = [("authorization", bearer.as_str())];
    let (status, body) = llm.own("/readyz", &token).await;
    assert_eq!((status, &body["code"]), (503, &json!("CredentialsUnavailable")));
    setup.principal.rotate(3600).unwrap();
    assert_eq!(llm.own("/readyz", &token).await.0, 200);
    assert_eq!(llm.own("/readyz", &[]).await.0, 401);
    assert!(setup.deployment.received().is_empty());
}
