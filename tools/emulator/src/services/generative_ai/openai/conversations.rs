//! Conversations and their items.

use serde_json::{Map, Value, json};

use super::items;
use crate::services::answer::{Answer, Outcome, invalid, missing};
use crate::services::call::Call;
use crate::services::document::{set, text};
use crate::services::generative_ai::collection::Collection;
use crate::services::generative_ai::memory::{Conversation, Memory};
use crate::services::generative_ai::policy::Resource;
use crate::services::generative_ai::scope::{OPC_COMPARTMENT_ID, Scope};
use crate::services::generative_ai::{body, page};

/// The most items of a request.
const MAX_ITEMS: usize = 20;

/// Answers a call of a path below `conversations`.
pub(super) fn answer(call: &Call<'_>, rest: &[&str], memory: &mut Memory) -> Outcome {
    let scope = Scope::read(call, &[OPC_COMPARTMENT_ID])?;
    memory.policies.check(call.caller, Resource::Conversation)?;
    let project = scope.state()?;
    let (id, rest) = match (call.method(), rest) {
        ("POST", []) => return create(call, project, memory),
        (_, [id, rest @ ..]) => (*id, rest),
        // There is no list.
        _ => return Err(Answer::unmapped()),
    };
    if (call.method(), rest) == ("POST", &["items"]) {
        let body = body::object(call)?;
        let added = added(&body, memory)?;
        let conversation = find(id, project, memory)?;
        add(&mut conversation.items, &added)?;
        return page::list(call, added);
    }
    let conversation = find(id, project, memory)?;
    match (call.method(), rest) {
        ("GET", []) => Ok(Answer::json(&conversation.document)),
        ("POST", []) => {
            set(&mut conversation.document, "metadata", body::metadata(&body::object(call)?)?);
            Ok(Answer::json(&conversation.document))
        }
        ("DELETE", []) => {
            memory.project(project).conversations.remove(id);
            let deleted = json!({ "id": id, "object": "conversation.deleted", "deleted": true });
            Ok(Answer::json(&deleted))
        }
        ("GET", ["items"]) => {
            let items = conversation.items.iter().map(|(_, item)| item.clone());
            page::list(call, items.collect())
        }
        ("GET", ["items", item]) => {
            let found = conversation.items.get(item).ok_or_else(|| missing("Item", item))?;
            Ok(Answer::json(found))
        }
        ("DELETE", ["items", item]) => {
            conversation.items.remove(item).ok_or_else(|| missing("Item", item))?;
            Ok(Answer::json(&conversation.document))
        }
        _ => Err(Answer::unmapped()),
    }
}

fn create(call: &Call<'_>, project: Option<&'static str>, memory: &mut Memory) -> Outcome {
    let body = body::object(call)?;
    let metadata = body::metadata(&body)?;
    let first = match body.get("items") {
        None | Some(Value::Null) => Vec::new(),
        Some(_) => added(&body, memory)?,
    };
    let id = memory.new_id("conv_");
    let document = json!({
        "id": id,
        "object": "conversation",
        "created_at": call.seconds(),
        "metadata": metadata,
    });
    let mut items = Collection::default();
    add(&mut items, &first)?;
    let conversation = Conversation { document: document.clone(), items };
    memory.project(project).conversations.add(id, conversation)?;
    Ok(Answer::json(&document))
}

fn find<'a>(
    id: &str,
    project: Option<&'static str>,
    memory: &'a mut Memory,
) -> Result<&'a mut Conversation, Answer> {
    let conversations = &mut memory.project(project).conversations;
    conversations.get_mut(id).ok_or_else(|| missing("Conversation", id))
}

/// Returns the items of a body.
fn added(body: &Map<String, Value>, memory: &mut Memory) -> Result<Vec<Value>, Answer> {
    match body.get("items").and_then(Value::as_array) {
        Some(items) if items.len() <= MAX_ITEMS => items::read(items, "items", memory),
        _ => Err(invalid("items", "invalid_type", "items is not a list of at most 20")),
    }
}

fn add(items: &mut Collection<Value>, added: &[Value]) -> Result<(), Answer> {
    for item in added {
        items.add(text(item, "id").to_owned(), item.clone())?;
    }
    Ok(())
}
