//! The clients that people have, through gateway and function to other services: they have a token,
//! and nothing of it arrives there.

use emulator::services::Behaviour;
use emulator::services::generative_ai::{COMPARTMENT, PROJECT};
use serde_json::{Value, json};

use super::services::{Environment, printed};
use crate::pages::file;
use crate::services::routed::{Routed, TARGETS};

const SAID: &str = "You said: Grüße 🌸";

impl Routed {
    /// Runs a client: what it prints. What arrived was signed, and had nothing of the client's own.
    async fn serve(&self, environment: Environment, script: &str) -> Value {
        let mut client = environment.client(script);
        client.env("GATEWAY", format!("{}/models", self.gateway.url())).env("TOKEN", &self.token);
        client.env("PROJECT", PROJECT).env("COMPARTMENT", COMPARTMENT);
        let seen = printed(client).await;
        let arrived = self.world.arrived();
        assert!(!arrived.is_empty());
        for one in arrived {
            let headers = &one.request.headers;
            for (name, value) in headers {
                let is_own = ["cookie", "openai-beta"].contains(&name.as_str());
                let is_told = name.starts_with("x-stainless-") || TARGETS.contains(&name.as_str());
                assert!(!is_own && !is_told, "{name}: {}", one.request.target);
                let value = String::from_utf8_lossy(value);
                assert!(!value.contains(&self.token), "{name}: {}", one.request.target);
            }
        }
        for line in self.function.lines() {
            assert!(!line.contains(&self.token) && !line.contains("Grüße"), "{line}");
        }
        seen
    }
}

#[tokio::test]
#[ignore = "needs OpenAI's clients for Python; .ci/interop installs them"]
async fn openai_of_two_versions_chats_and_keeps_a_project_s_state() {
    for environment in [Environment::Usual, Environment::OpenAi2] {
        let routed = Routed::start().await;
        let seen = routed.serve(environment, "routed_openai.py").await;
        let expected = json!({
            "chat": [SAID, 6],
            "streamed": SAID,
            "used": 6,
            "response": "You said: two Before that you said: one",
            "response_streamed": ["response.created", "response.completed"],
            "items": ["one"],
            "deleted": 404,
            "conversation": "You said: two Before that you said: one",
            "file": true,
            "found": ["fox.txt"],
            "other_model": 403,
            "closed": 403,
            "stranger": 401,
        });
        assert_eq!(seen, expected);
        for one in routed.world.arrived() {
            let target = &one.request.target;
            for name in ["opc-compartment-id", "compartmentid"] {
                assert_eq!(one.request.text(name), Some(COMPARTMENT), "{target}");
            }
            let has_project = !target.ends_with("/chat/completions");
            let project = has_project.then_some(PROJECT);
            assert_eq!(one.request.text("openai-project"), project, "{target}");
        }
        assert!(routed.function.lines().iter().any(|line| line.contains(" tokens_out=3")));
    }
}

#[tokio::test]
#[ignore = "needs LiteLLM; .ci/interop installs it"]
async fn litellm_and_plain_requests_chat_embed_and_read_and_write_objects() {
    let routed = Routed::start().await;
    let seen = routed.serve(Environment::Usual, "routed_others.py").await;
    let expected = json!({
        "embedded": [1536, 1536],
        "sentiment": "Positive",
        "stored": [200, 200],
        "equal": true,
        "part": [206, [250, 251, 252, 253, 254, 255, 0, 1, 2, 3], "bytes 250-259/5242880"],
        "listed": ["a/c+ü d.txt", "empty"],
        "deleted": [204, 404],
        "litellm": SAID,
        "litellm_streamed": SAID,
    });
    assert_eq!(seen, expected);
    let arrived = routed.world.arrived();
    let upload = arrived.iter().find(|one| one.request.method == "PUT").unwrap();
    assert!(
        upload.request.target.ends_with("/o/a/c%2B%C3%BC%20d.txt"),
        "{}",
        upload.request.target
    );
    assert!(upload.request.text("x-content-sha256").is_some());
    for name in ["expect", "transfer-encoding"] {
        assert_eq!(upload.request.text(name), None, "{name}");
    }
}

#[tokio::test]
#[ignore = "needs OCI's clients on top of OpenAI's; .ci/interop installs them"]
async fn clients_of_oci_have_a_token_in_place_of_a_signer() {
    let script = include_str!("../../interop/services/routed_oci.py");
    let shown = script.find("class Bearer:").zip(script.find("\n\n\ndef oci_openai("));
    let (start, end) = shown.unwrap();
    assert!(file("docs/generative-ai.md").contains(&script[start..end]));
    let routed = Routed::start().await;
    let seen = routed.serve(Environment::OpenAi2, "routed_oci.py").await;
    let expected = json!({
        "oci_openai_renewing": SAID,
        "oci_openai": SAID,
        "oci_openai_streamed": SAID,
        "oci_openai_async": SAID,
        "oci_openai_response": "You said: Hello",
        "other_compartment": 403,
        "genai_auth": SAID,
        "genai_auth_streamed": SAID,
        "genai_auth_second": "You said: two Before that you said: one",
        // The first one had expired.
        "tokens": 2,
        "stranger": 401,
    });
    assert_eq!(seen, expected);
}

#[tokio::test]
#[ignore = "needs OpenAI's clients for Python; .ci/interop installs them"]
async fn openai_does_not_repeat_what_the_function_has_repeated_or_cannot() {
    for environment in [Environment::Usual, Environment::OpenAi2] {
        let routed = Routed::start().await;
        // A stream that breaks off is the function's own 502; a 500 of the service's passes as it is.
        let failed = Behaviour::Reply(500, Vec::new(), b"{}".to_vec());
        for behaviour in [Behaviour::EndAfter(1), failed] {
            routed.world.behave(behaviour);
        }
        let seen = routed.serve(environment, "routed_failures.py").await;
        assert_eq!(seen, json!({ "own": [502, "ServiceStreamFailed"], "of_the_service": SAID }));
        // One call of the client, and then two.
        assert_eq!(routed.world.arrived().len(), 3);
    }
}
