//! A gateway whose routes name services: a client's own word for a target counts nowhere.

use std::sync::Arc;

use emulator::agent::Agent;
use emulator::gateway::document::{Input, Keys};
use emulator::gateway::signing_key::static_keys;
use emulator::gateway::spec::Specification;
use emulator::gateway::{Functions, Gateway};
use emulator::identity::{Client, IdentityDomain};
use emulator::principal::FUNCTION;
use emulator::services::Service;
use emulator::services::generative_ai::{COMPARTMENT, PROJECT};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::world::{World, host, message};
use crate::gateway::send;

/// The names of the headers that say what the function is to call.
pub(crate) const TARGETS: [&str; 6] = [
    "model_deployment",
    "model-deployment",
    "x-model-deployment",
    "service_target",
    "service-target",
    "x-service-target",
];

/// A gateway with a route to each entry, and what is behind it.
pub(crate) struct Routed {
    pub(crate) world: World,
    pub(crate) gateway: Gateway,
    pub(crate) token: String,
    pub(crate) function: Arc<Agent>,
    _identity: IdentityDomain,
}

/// A route that sets the target, whatever a client sent.
fn route(path: &str, methods: &[&str], alias: &str) -> Value {
    let others = TARGETS.iter().filter(|name| **name != "service_target");
    let others: Vec<Value> = others.map(|name| json!({ "name": name })).collect();
    let target = json!({ "name": "service_target", "ifExists": "OVERWRITE", "values": [alias] });
    json!({
        "path": path,
        "methods": methods,
        "backend": { "type": "ORACLE_FUNCTIONS_BACKEND", "functionId": FUNCTION },
        "requestPolicies": {
            "authorization": { "type": "ANY_OF", "allowedScope": ["predict"] },
            "headerTransformations": {
                "setHeaders": { "items": [target] },
                "filterHeaders": { "type": "BLOCK", "items": others },
            },
        },
    })
}

impl Routed {
    pub(crate) async fn start() -> Self {
        let world = World::new().await;
        let stores = json!({
            "host": host(&world.services, Service::GenerativeAi),
            "base": "/20231130/openai/v1",
            "open": ["POST /20231130/openai/v1/vector_stores"],
            "compartments": [COMPARTMENT],
            "projects": [PROJECT],
        });
        let world = world.with_entry("stores", stores);
        let function = Arc::new(world.start().await);
        let client = Client {
            id: "chat-client".to_owned(),
            secret: "emulated-secret".to_owned(),
            audience: "https://gateway.example/".to_owned(),
            scope: "predict".to_owned(),
        };
        let identity = IdentityDomain::start(0, vec![client.clone()]).await.unwrap();
        let keys = Keys::Static(static_keys(&identity.jwks()).unwrap());
        let mut document = Input::new(FUNCTION, &client.audience, keys).document();
        let all = ["GET", "POST", "PUT", "DELETE"];
        document["routes"] = json!([
            route("/chat/v1/{path*}", &all, "chat"),
            route("/llm/v1/{path*}", &all, "llm"),
            route("/stores/v1/{path*}", &all, "stores"),
            route("/native/{path*}", &all, "native"),
            route("/language/{path*}", &all, "language"),
            route("/reports", &["GET"], "reports"),
            route("/reports/{path*}", &all, "reports"),
        ]);
        let specification = Specification::parse(&document.to_string()).unwrap();
        let functions = Functions::from([(FUNCTION.to_owned(), function.clone())]);
        let gateway = Gateway::start(0, "/models", specification, functions).await.unwrap();
        let token = identity.mint(&client, &json!({}));
        Self { world, gateway, token, function, _identity: identity }
    }
}

#[tokio::test]
async fn the_route_s_target_counts_whatever_a_client_calls_its_own() {
    let routed = Routed::start().await;
    let bearer = format!("Bearer {}", routed.token);
    let url = format!("{}/models/chat/v1/chat/completions", routed.gateway.url());
    let body = message("xai.grok-4.3").to_string();
    for name in TARGETS.iter().flat_map(|name| [(*name).to_owned(), name.to_uppercase()]) {
        for target in ["llm", "chat/openai/v1/models", &routed.world.setup.url()] {
            let headers = [
                ("authorization", bearer.as_str()),
                ("content-type", "application/json"),
                (name.as_str(), target),
            ];
            let (status, answer) = send(Method::POST, &url, &headers, &body).await;
            assert_eq!((status, &answer["object"]), (StatusCode::OK, &json!("chat.completion")));
        }
    }
    let arrived = routed.world.arrived();
    assert_eq!(arrived.len(), TARGETS.len() * 2 * 3);
    assert!(arrived.iter().all(|one| one.request.target == "/openai/v1/chat/completions"));
    assert!(routed.world.setup.deployment.received().is_empty());
    let lines = routed.function.lines();
    assert_eq!(lines.iter().filter(|line| line.contains(" target=chat ")).count(), arrived.len());
}
