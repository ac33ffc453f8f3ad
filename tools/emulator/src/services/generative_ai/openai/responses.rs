//! Responses: created, read, continued, cancelled, and deleted.

use serde_json::{Map, Value, json};

use super::items;
use super::response::{Response, conversation_id, usage};
use crate::services::answer::{Answer, Outcome, invalid, missing};
use crate::services::call::Call;
use crate::services::document::{set, text as member};
use crate::services::generative_ai::memory::{Memory, StoredResponse};
use crate::services::generative_ai::models::{self, Kind, Model};
use crate::services::generative_ai::policy::Resource;
use crate::services::generative_ai::scope::{OPC_COMPARTMENT_ID, Scope};
use crate::services::generative_ai::{body, page, text};

/// Answers a call of a path below `responses`.
pub(super) fn answer(call: &Call<'_>, rest: &[&str], memory: &mut Memory) -> Outcome {
    let scope = Scope::read(call, &[OPC_COMPARTMENT_ID])?;
    memory.policies.check(call.caller, Resource::Response)?;
    match (call.method(), rest) {
        ("POST", []) => create(call, scope, memory),
        ("POST", ["compact"]) => compact(call, scope, memory),
        ("GET", [id]) => {
            let stored = stored(scope, id, memory)?;
            // One in the background is done by the time that somebody asks.
            if let Some(finished) = stored.finished.take() {
                stored.document = finished;
            }
            Ok(Answer::json(&stored.document))
        }
        ("DELETE", [id]) => {
            stored(scope, id, memory)?;
            memory.project(scope.state()?).responses.remove(id);
            Ok(Answer::json(&json!({ "id": id, "object": "response", "deleted": true })))
        }
        ("GET", [id, "input_items"]) => {
            let items = stored(scope, id, memory)?.input.clone();
            page::list(call, items)
        }
        ("POST", [id, "cancel"]) => cancel(stored(scope, id, memory)?),
        _ => Err(Answer::unmapped()),
    }
}

/// Answers the only operation at the root, whose errors have a shape of their own.
pub(super) fn create_at_root(call: &Call<'_>, memory: &mut Memory) -> Outcome {
    let scope = Scope::read(call, &[OPC_COMPARTMENT_ID])?;
    memory.policies.check(call.caller, Resource::Response)?;
    let body = call.object().map_err(|message| Answer::new(422, "text/plain", message))?;
    if let Some(absent) = ["model", "input"].into_iter().find(|name| !body.contains_key(*name)) {
        return Err(Answer::new(422, "text/plain", format!("missing field `{absent}`")));
    }
    create(call, scope, memory)
}

fn create(call: &Call<'_>, scope: Scope, memory: &mut Memory) -> Outcome {
    let body = body::object(call)?;
    let model = model(&body, scope)?;
    let metadata = body::metadata(&body)?;
    let store = body::flag(&body, "store", true)?;
    let stream = body::flag(&body, "stream", false)?;
    let is_background = body::flag(&body, "background", false)?;
    let mut known = before(&body, scope, memory)?;
    let input = items::input(&body, memory)?;
    known.extend(input.iter().cloned());
    let said = text::reply(&text::of_user(&known));
    let response = Response {
        id: memory.new_id("resp_"),
        created: call.seconds(),
        model: model.id,
        body: &body,
        metadata,
        store,
        known: &known,
        message: items::message(&said, memory),
        text: said,
    };
    let document = response.document("completed");
    let (document, finished) = if is_background {
        (response.document("queued"), Some(document))
    } else {
        (document, None)
    };
    let project = memory.project(scope.project);
    if let Some(id) = body.get("conversation").and_then(conversation_id)
        && let Some(conversation) = project.conversations.get_mut(id)
    {
        for item in input.iter().chain([&response.message]) {
            let id = member(item, "id").to_owned();
            conversation.items.add(id, item.clone())?;
        }
    }
    let answer = if stream { Answer::events(response.events()) } else { Answer::json(&document) };
    if store {
        let items = known.iter().chain([&response.message]).cloned().collect();
        project
            .responses
            .add(response.id.clone(), StoredResponse { document, finished, input, items })?;
    }
    Ok(answer)
}

/// Answers with the items of the user, and one item that only the service can read.
fn compact(call: &Call<'_>, scope: Scope, memory: &mut Memory) -> Outcome {
    let body = body::object(call)?;
    model(&body, scope)?;
    let mut known = before(&body, scope, memory)?;
    known.extend(items::input(&body, memory)?);
    let is_user = |item: &&Value| member(item, "role") == "user";
    let mut output: Vec<Value> = known.iter().filter(is_user).cloned().collect();
    output.push(json!({
        "id": memory.new_id("cmp_"),
        "type": "compaction",
        "encrypted_content": format!("{} items", known.len()),
    }));
    Ok(Answer::json(&json!({
        "id": memory.new_id("resp_"),
        "object": "response.compaction",
        "created_at": call.seconds(),
        "output": output,
        "usage": usage(&known, ""),
    })))
}

fn model(body: &Map<String, Value>, scope: Scope) -> Result<Model, Answer> {
    let model = models::named(body)?;
    match (model.kind, scope.project) {
        (Kind::OpenAi, _) | (_, Some(_)) => Ok(model),
        _ => Err(Answer::error(400, "400", "Non-OpenAI models require 'OpenAI-Project'")),
    }
}

/// Returns all items of the response or conversation that this response continues.
fn before(
    body: &Map<String, Value>,
    scope: Scope,
    memory: &mut Memory,
) -> Result<Vec<Value>, Answer> {
    let present = |name: &str| body.get(name).filter(|value| !value.is_null());
    let wrong = |name: &str| invalid(name, "invalid_type", &format!("{name} is not an id"));
    match (present("previous_response_id"), present("conversation")) {
        (None, None) => Ok(Vec::new()),
        (Some(_), Some(_)) => Err(invalid(
            "conversation",
            "mutually_exclusive_parameters",
            "previous_response_id and conversation are not taken together",
        )),
        (Some(previous), None) => {
            let id = previous.as_str().ok_or_else(|| wrong("previous_response_id"))?;
            Ok(stored(scope, id, memory)?.items.clone())
        }
        (None, Some(conversation)) => {
            let id = conversation_id(conversation).ok_or_else(|| wrong("conversation"))?;
            let project = memory.project(scope.state()?);
            let found = project.conversations.get(id).ok_or_else(|| missing("Conversation", id))?;
            Ok(found.items.iter().map(|(_, item)| item.clone()).collect())
        }
    }
}

fn stored<'a>(
    scope: Scope,
    id: &str,
    memory: &'a mut Memory,
) -> Result<&'a mut StoredResponse, Answer> {
    let project = memory.project(scope.state()?);
    project.responses.get_mut(id).ok_or_else(|| missing("Response", id))
}

fn cancel(stored: &mut StoredResponse) -> Outcome {
    if stored.document.get("background") != Some(&Value::Bool(true)) {
        let message = "Only a response in the background can be cancelled";
        return Err(invalid("response_id", "invalid_value", message));
    }
    if stored.finished.take().is_some() {
        set(&mut stored.document, "status", "cancelled");
    }
    Ok(Answer::json(&stored.document))
}
