//! The models, and the requests that each of them takes.

use serde_json::{Map, Value, json};

use super::super::answer::{Answer, OpenAiError};
use super::super::call::Call;
use super::scope::COMPARTMENT;

/// The endpoint of a dedicated cluster, which is called like a model.
pub const ENDPOINT: &str = "ocid1.generativeaiendpoint.oc1.sa-saopaulo-1.aaaaaaaaendpoint";

/// The use of a model, and its protocol.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// A chat of `OpenAI`'s.
    OpenAi,
    /// Another chat.
    Chat,
    /// A chat of Cohere's, which has no `OpenAI` protocol.
    Cohere,
    /// Embeddings.
    Embedding,
    /// The order of documents.
    Rerank,
}

/// One model.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model {
    pub(super) id: &'static str,
    pub(super) kind: Kind,
}

const MODELS: [Model; 8] = [
    Model { id: "openai.gpt-oss-120b", kind: Kind::OpenAi },
    Model { id: "openai.gpt-5.2", kind: Kind::OpenAi },
    Model { id: "xai.grok-4.3", kind: Kind::Chat },
    Model { id: "meta.llama-3.3-70b-instruct", kind: Kind::Chat },
    Model { id: ENDPOINT, kind: Kind::Chat },
    Model { id: "cohere.command-a-03-2025", kind: Kind::Cohere },
    Model { id: "cohere.embed-v4.0", kind: Kind::Embedding },
    Model { id: "cohere.rerank-v3.5", kind: Kind::Rerank },
];

/// The model that takes `max_completion_tokens` and refuses `max_tokens`.
const RENAMES_LIMIT: &str = "openai.gpt-5.2";

/// Returns the model of this id.
pub(super) fn find(id: &str) -> Result<Model, Answer> {
    let found = MODELS.into_iter().find(|model| model.id == id);
    found.ok_or_else(|| Answer::error(404, "404", &format!("Entity with key {id} not found")))
}

/// Returns the model that a body in `OpenAI`'s protocol names.
pub(super) fn named(body: &Map<String, Value>) -> Result<Model, Answer> {
    let Some(id) = body.get("model").and_then(Value::as_str) else {
        return Err(Answer::openai(
            400,
            &OpenAiError {
                message: "you must provide a model parameter",
                param: Some("model"),
                code: Some("missing_required_parameter"),
            },
        ));
    };
    let model = find(id)?;
    match model.kind {
        Kind::OpenAi | Kind::Chat => Ok(model),
        Kind::Cohere | Kind::Embedding | Kind::Rerank => Err(unsupported()),
    }
}

/// Returns the error for an operation of `OpenAI`'s protocol that this service does not have.
pub(super) fn unsupported() -> Answer {
    Answer::error(400, "400", "Unsupported OpenAI operation")
}

impl Model {
    /// Refuses a request with a parameter that this model does not take.
    pub(super) fn check_parameters(self, request: &Map<String, Value>) -> Result<(), Answer> {
        let is_set = |name: &&str| request.get(*name).is_some_and(|value| !value.is_null());
        let refused = ["max_tokens", "maxTokens"].into_iter().find(is_set);
        let Some(param) = refused.filter(|_| self.id == RENAMES_LIMIT) else { return Ok(()) };
        let message = format!("Unsupported parameter: '{param}' is not supported with this model.");
        let (param, code) = (Some(param), Some("unsupported_parameter"));
        Err(Answer::nested(400, &OpenAiError { message: &message, param, code }))
    }

    /// Returns the entry of the model in the list.
    pub(super) fn summary(self, call: &Call<'_>) -> Value {
        let capability = match self.kind {
            Kind::OpenAi | Kind::Chat | Kind::Cohere => "CHAT",
            Kind::Embedding => "TEXT_EMBEDDINGS",
            Kind::Rerank => "TEXT_RERANK",
        };
        json!({
            "id": format!("ocid1.generativeaimodel.oc1.sa-saopaulo-1.{}", self.id),
            "compartmentId": COMPARTMENT,
            "displayName": self.id,
            "vendor": self.id.split('.').next(),
            "version": "1",
            "capabilities": [capability],
            "type": "BASE",
            "lifecycleState": "ACTIVE",
            "timeCreated": call.timestamp(),
        })
    }
}

/// Returns the models of the list, without the endpoint.
pub(super) fn all() -> impl Iterator<Item = Model> {
    MODELS.into_iter().filter(|model| model.id != ENDPOINT)
}
