//! Do the tokens of a call reach OCI Monitoring, by alias and listed model, and as the page says?

use std::collections::BTreeSet;

use emulator::agent::Agent;
use emulator::monitoring::Monitoring;
use serde_json::Value;

use super::world::{World, chat, message, streamed};
use crate::pages::table;
use crate::setup::thrice;

async fn measured(world: &World) -> (Monitoring, Agent) {
    let (monitoring, program) = world.monitored().await;
    (monitoring, Agent::start(program).await.unwrap())
}

fn dimensions(metric: &Value) -> BTreeSet<&str> {
    metric["dimensions"].as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn a_call_has_the_metrics_of_every_call_and_its_tokens_by_alias_and_model() {
    thrice(|| async {
        let world = World::new().await;
        let (monitoring, function) = measured(&world).await;
        assert_eq!(function.call(chat("chat", &streamed("xai.grok-4.3"))).await.status, 200);
        let taken = monitoring.taken();
        let posted: Vec<String> =
            taken.iter().map(|metric| format!("`{}`", metric["name"].as_str().unwrap())).collect();
        let pages =
            ["## Metrics", "It has two more metrics:"].map(|mark| table("docs/metrics.md", mark));
        let explained: Vec<String> = pages.iter().flatten().map(|row| row[0].clone()).collect();
        assert_eq!(posted, explained);
        for metric in &taken {
            assert_eq!(
                dimensions(metric),
                BTreeSet::from(["code", "function", "model", "service", "status"])
            );
            let named =
                ["service", "model"].map(|name| metric["dimensions"][name].as_str().unwrap());
            assert_eq!(named, ["chat", "xai.grok-4.3"]);
        }
        let tokens = taken.iter().find(|metric| metric["name"] == "tokens_out").unwrap();
        assert!(
            tokens["datapoints"][0]["value"].as_u64().is_some_and(|tokens| tokens > 0),
            "{tokens}"
        );
    })
    .await;
}

#[tokio::test]
async fn what_is_not_told_is_no_point_and_a_model_that_is_not_listed_is_no_dimension() {
    thrice(|| async {
        let world = World::new().await;
        let (monitoring, function) = measured(&world).await;
        let mut body = streamed("meta.llama-3.3-70b-instruct");
        body.as_object_mut().unwrap().remove("stream_options");
        assert_eq!(function.call(chat("again", &body)).await.status, 200);
        let taken = monitoring.taken();
        assert!(taken.iter().all(|metric| metric["dimensions"]["model"] == "other"), "{taken:?}");
        assert!(!taken.iter().any(|metric| metric["name"].as_str().unwrap().contains("tokens")));
        // Whatever else is called: a refused call names nothing of the client's.
        assert_eq!(function.call(chat("chat", &message("client-model"))).await.status, 403);
        assert!(!format!("{:?}", monitoring.taken()).contains("client-model"));
    })
    .await;
}
