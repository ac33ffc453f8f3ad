//! The management host: the list of models, and the vector stores.

use serde_json::{Value, json};

use super::super::answer::{Answer, Outcome, missing};
use super::super::call::Call;
use super::super::document::set;
use super::collection::Collection;
use super::memory::{Memory, VectorStore};
use super::policy::Resource;
use super::scope::{COMPARTMENT, OPC_COMPARTMENT_ID, Scope};
use super::{body, models, page};

/// Answers a call.
pub(super) fn answer(call: &Call<'_>, memory: &mut Memory) -> Outcome {
    let segments = call.below("/20231130").unwrap_or_default();
    match (call.method(), segments.as_slice()) {
        ("GET", ["models"]) => list_models(call, memory),
        (_, ["openai", "v1", "vector_stores", rest @ ..]) => vector_stores(call, rest, memory),
        _ => Err(Answer::unmapped()),
    }
}

fn list_models(call: &Call<'_>, memory: &Memory) -> Outcome {
    memory.policies.check(call.caller, Resource::Model)?;
    match call.parameter("compartmentId").as_deref() {
        None => Err(Answer::parameter("compartmentId is missing")),
        Some(COMPARTMENT) => {
            let items: Vec<Value> = models::all().map(|model| model.summary(call)).collect();
            Ok(Answer::json(&json!({ "items": items })))
        }
        Some(_) => Err(Answer::hidden()),
    }
}

fn vector_stores(call: &Call<'_>, rest: &[&str], memory: &mut Memory) -> Outcome {
    let scope = Scope::read(call, &[OPC_COMPARTMENT_ID])?;
    memory.policies.check(call.caller, Resource::VectorStore)?;
    let project = scope.project;
    let (id, is_new) = match rest {
        [] if call.method() == "POST" => (memory.new_id("vs_"), true),
        [] if call.method() == "GET" => {
            let is_seen =
                |store: &&VectorStore| store.project.is_none() || store.project == project;
            let stores = memory.vector_stores.iter().map(|(_, store)| store).filter(is_seen);
            return page::list(call, stores.map(document).collect());
        }
        [id] => ((*id).to_owned(), false),
        _ => return Err(Answer::unmapped()),
    };
    if is_new {
        return create(call, id, project, memory);
    }
    let store = memory.vector_store(project, &id).ok_or_else(|| missing("Vector store", &id))?;
    match call.method() {
        "GET" => Ok(Answer::json(&document(store))),
        "POST" => {
            let body = body::object(call)?;
            for name in ["name", "metadata"] {
                if let Some(value) = body.get(name) {
                    set(&mut store.document, name, value.clone());
                }
            }
            Ok(Answer::json(&document(store)))
        }
        "DELETE" => {
            memory.vector_stores.remove(&id);
            let object = "vector_store.deleted";
            Ok(Answer::json(&json!({ "id": id, "object": object, "deleted": true })))
        }
        _ => Err(Answer::unmapped()),
    }
}

fn create(
    call: &Call<'_>,
    id: String,
    project: Option<&'static str>,
    memory: &mut Memory,
) -> Outcome {
    let body = body::object(call)?;
    let store = VectorStore {
        document: json!({
            "id": id,
            "object": "vector_store",
            "created_at": call.seconds(),
            "last_active_at": call.seconds(),
            "name": body.get("name"),
            "metadata": body.get("metadata"),
            "status": "completed",
        }),
        project,
        files: Collection::default(),
        batches: Collection::default(),
    };
    let answer = Answer::json(&document(&store));
    memory.vector_stores.add(id, store)?;
    Ok(answer)
}

/// Returns the description of a store, with the counts of its files.
fn document(store: &VectorStore) -> Value {
    let files = store.files.iter().count();
    let bytes: u64 =
        store.files.iter().filter_map(|(_, file)| file.get("usage_bytes")?.as_u64()).sum();
    let mut document = store.document.clone();
    set(&mut document, "usage_bytes", bytes);
    let counts = json!({
        "in_progress": 0, "completed": files, "failed": 0, "cancelled": 0, "total": files,
    });
    set(&mut document, "file_counts", counts);
    document
}
