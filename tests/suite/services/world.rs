//! The function, a deployment, and the emulated services that it may call beside it.

use std::time::Duration;

use emulator::agent::{Agent, Answer, Invocation, Program};
use emulator::monitoring::Monitoring;
use emulator::services::generative_ai::{COMPARTMENT, OTHER_PROJECT, PROJECT};
use emulator::services::{Behaviour, Received, Service, Services};
use emulator::user::User;
use serde_json::{Value, json};

use crate::setup::{GRACE, Setup, header};

/// A function that may call some operations of the emulated services.
pub(crate) struct World {
    pub(crate) setup: Setup,
    pub(crate) services: Services,
    pub(crate) program: Program,
}

impl World {
    pub(crate) async fn new() -> Self {
        let setup = Setup::new().await;
        let services = Services::start(setup.issuer.clone(), User::new(), &setup.authority).await;
        let services = services.unwrap();
        let entries = entries(&services).to_string();
        let program = setup.program.clone().config("ALLOWED_SERVICES", entries);
        Self { setup, services, program }
    }

    /// The same with another entry.
    pub(crate) fn with_entry(mut self, alias: &str, entry: Value) -> Self {
        let entries = &self.program.config["ALLOWED_SERVICES"];
        let mut entries: Value = serde_json::from_str(entries).unwrap();
        entries[alias] = entry;
        self.program = self.program.config("ALLOWED_SERVICES", entries.to_string());
        self
    }

    /// OCI Monitoring, and the program that posts to it.
    pub(crate) async fn monitored(&self) -> (Monitoring, Program) {
        let setup = &self.setup;
        let monitoring = Monitoring::start(setup.issuer.clone(), &setup.authority).await.unwrap();
        let allowed = &setup.program.config["ALLOWED_HOSTS"];
        let host = monitoring.url().trim_start_matches("https://").to_owned();
        let program = self.program.clone().config("ALLOWED_HOSTS", format!("{allowed},{host}"));
        let program = program
            .config("METRICS_NAMESPACE", "model_deployment_fn")
            .config("METRICS_ENDPOINT", monitoring.url());
        (monitoring, program)
    }

    pub(crate) async fn start(&self) -> Agent {
        Agent::start(self.program.clone()).await.unwrap()
    }

    /// The function with this time for a call, which is given up only later.
    pub(crate) async fn start_for(&self, timeout: Duration) -> Agent {
        let program = self.program.clone().timeout(timeout).grace(GRACE);
        Agent::start(program).await.unwrap()
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        self.services.behave(Service::Inference, behaviour);
    }

    /// What arrived at the services, each with a signature that is valid.
    pub(crate) fn arrived(&self) -> Vec<Received> {
        let received = self.services.received();
        for one in &received {
            assert!(one.verdict.is_ok(), "{:?}: {}", one.verdict, one.request.target);
        }
        received
    }

    /// Whether nothing was sent to anybody.
    pub(crate) fn sent_nothing(&self) -> bool {
        self.services.received().is_empty() && self.setup.deployment.received().is_empty()
    }
}

/// The host of a service, as an entry writes it out.
pub(crate) fn host(services: &Services, service: Service) -> String {
    services.url(service).trim_start_matches("https://").to_owned()
}

fn entries(services: &Services) -> Value {
    let host = |service| host(services, service);
    let inference = host(Service::Inference);
    let objects = "/n/emulated/b/predictions/o";
    json!({
        "chat": { "host": inference, "base": "/openai/v1", "open": ["@openai-chat"], "compartments": [COMPARTMENT],
            "models": ["xai.grok-4.3", "openai.gpt-oss-120b"] },
        "llm": { "host": inference, "base": "/openai/v1", "open": ["@openai-chat", "@openai-responses", "@openai-state"],
            "compartments": [COMPARTMENT], "projects": [PROJECT, OTHER_PROJECT] },
        "quiet": { "host": inference, "base": "/openai/v1", "open": ["@openai-responses"], "compartments": [COMPARTMENT],
            "projects": [PROJECT], "stateless": true },
        "again": { "host": inference, "base": "/openai/v1", "open": ["@openai-chat"], "compartments": [COMPARTMENT],
            "retry": ["/openai/v1/chat/completions"], "set": { "x-team": "blue" } },
        "native": { "host": inference, "base": "/20231130", "open": ["@genai-native"], "compartments": [COMPARTMENT],
            "models": ["meta.llama-3.3-70b-instruct", "cohere.embed-v4.0"] },
        "reports": { "host": host(Service::ObjectStorage), "base": objects, "mount": "/models/reports",
            "open": [format!("GET {objects}"), format!("GET,HEAD,PUT,DELETE {objects}/{{*}}")],
            "headers": ["range"], "returns": ["etag", "content-range"] },
        "language": { "host": host(Service::Language), "base": "/20221001",
            "open": ["POST /20221001/actions/batchDetectLanguageSentiments"], "compartments": [COMPARTMENT] },
    })
}

/// A call through a gateway whose route names the target.
pub(crate) fn called(
    target: &str,
    method: &str,
    path: &str,
    body: impl Into<bytes::Bytes>,
) -> Invocation {
    let call = Invocation::json(body).through_gateway(method, path);
    header(call, "service_target", target)
}

/// The same call with another content type, or none.
pub(crate) fn typed(mut call: Invocation, content_type: Option<&str>) -> Invocation {
    call.content_type = content_type.map(str::to_owned);
    call
}

/// A chat behind an alias.
pub(crate) fn chat(alias: &str, body: &Value) -> Invocation {
    called(alias, "POST", "/models/x/v1/chat/completions", body.to_string())
}

/// What a client says to a model.
pub(crate) fn message(model: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": "Grüße an alle" }] })
}

/// The same, and the answer is to come word by word.
pub(crate) fn streamed(model: &str) -> Value {
    let mut body = message(model);
    body["stream"] = true.into();
    body["stream_options"] = json!({ "include_usage": true });
    body
}

/// The body of an answer that is JSON.
pub(crate) fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("no JSON: {answer:?}"))
}
