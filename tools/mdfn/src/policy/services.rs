//! What the function may do with other services than model deployments.
//!
//! Source: docs/spec/oci-services.md#service-permissions.

use std::collections::BTreeSet;

use super::options::Options;
use super::statement::{Policy, allowed, numbered};

const CHAT: &str = "{GENERATIVE_AI_CHAT}";
/// What works; whether less does is not known.
const RESPONSES: [&str; 2] = ["manage generative-ai-response", "manage generative-ai-conversation"];
const READ_OBJECTS: &str = "{OBJECT_INSPECT, OBJECT_READ}";

/// Returns the policies for the services that the options name.
pub(super) fn policies(options: &Options) -> impl Iterator<Item = Policy> {
    let chat = options.genai_chat.as_ref().map(|compartment| Policy {
        name: format!("{}-chat", options.name),
        description: "The function may chat with the listed models",
        compartment: compartment.clone(),
        statements: vec![allowed(options, CHAT, compartment, Some(&one_of(&options.genai_models)))],
    });
    let responses = options.genai_responses.as_ref().map(|compartment| Policy {
        name: format!("{}-responses", options.name),
        description: "The function may use responses and conversations",
        compartment: compartment.clone(),
        statements: RESPONSES.map(|what| allowed(options, what, compartment, None)).into(),
    });
    let mut seen = BTreeSet::new();
    let buckets = options.buckets.iter().filter(move |bucket| seen.insert(*bucket));
    let buckets = buckets.enumerate().map(|(number, (compartment, bucket))| {
        let own = format!("target.bucket.name = '{bucket}'");
        Policy {
            name: numbered(&format!("{}-bucket", options.name), number),
            description: "The function may list and read the objects of one bucket",
            compartment: compartment.clone(),
            statements: vec![allowed(options, READ_OBJECTS, compartment, Some(&own))],
        }
    });
    chat.into_iter().chain(responses).chain(buckets)
}

/// Returns the condition that the model is one of these.
fn one_of(models: &[String]) -> String {
    let quoted: Vec<String> = models.iter().map(|model| format!("'{model}'")).collect();
    match quoted.as_slice() {
        [model] => format!("target.model.id = {model}"),
        models => format!("target.model.id in ({})", models.join(", ")),
    }
}
