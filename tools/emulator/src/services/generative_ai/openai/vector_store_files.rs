//! The files of a vector store, and the search in them. The management host has the stores.

use serde_json::{Map, Value, json};

use super::search::search;
use crate::services::answer::{Answer, Outcome, invalid, missing};
use crate::services::call::Call;
use crate::services::document::set;
use crate::services::generative_ai::memory::{Batch, File, Memory, VectorStore};
use crate::services::generative_ai::policy::Resource;
use crate::services::generative_ai::scope::{OPC_COMPARTMENT_ID, Scope};
use crate::services::generative_ai::{body, page};

/// The most files of a batch.
const MAX_BATCH: usize = 500;

/// Answers a call of a path below a vector store.
pub(super) fn answer(call: &Call<'_>, id: &str, rest: &[&str], memory: &mut Memory) -> Outcome {
    let scope = Scope::read(call, &[OPC_COMPARTMENT_ID])?;
    let resource =
        if rest == ["search"] { Resource::VectorStore } else { Resource::VectorStoreFile };
    memory.policies.check(call.caller, resource)?;
    let project = scope.state()?;
    find(memory, project, id)?;
    match (call.method(), rest) {
        ("POST", ["search"]) => {
            let body = body::object(call)?;
            let store = find(memory, project, id)?;
            let members: Vec<(String, Value)> =
                store.files.iter().map(|(id, file)| (id.to_owned(), file.clone())).collect();
            search(&body, &members, &memory.project(project).files)
        }
        ("POST", ["files"]) => {
            let body = body::object(call)?;
            let file = body::text(&body, "file_id")?;
            let attributes = attributes(&body)?;
            let document = put(call, id, file, &attributes, project, memory)?;
            Ok(Answer::json(&document))
        }
        ("POST", ["file_batches"]) => create_batch(call, id, project, memory),
        (_, ["files", rest @ ..]) => {
            let content = rest.first().and_then(|file| memory.project(project).files.get(file));
            let content = content.map(|file| String::from_utf8_lossy(&file.content).into_owned());
            files(call, rest, content.as_deref(), find(memory, project, id)?)
        }
        (_, ["file_batches", batch, rest @ ..]) => {
            batches(call, batch, rest, find(memory, project, id)?)
        }
        _ => Err(Answer::unmapped()),
    }
}

fn find<'a>(
    memory: &'a mut Memory,
    project: Option<&'static str>,
    id: &str,
) -> Result<&'a mut VectorStore, Answer> {
    memory.vector_store(project, id).ok_or_else(|| missing("Vector store", id))
}

/// Answers a call of a path below the files of a store.
fn files(
    call: &Call<'_>,
    rest: &[&str],
    content: Option<&str>,
    store: &mut VectorStore,
) -> Outcome {
    let kept = &mut store.files;
    match (call.method(), rest) {
        ("GET", []) => page::list(call, kept.iter().map(|(_, file)| file.clone()).collect()),
        ("GET", [file]) => Ok(Answer::json(kept.get(file).ok_or_else(|| missing("File", file))?)),
        ("POST", [file]) => {
            let attributes = attributes(&body::object(call)?)?;
            let document = kept.get_mut(file).ok_or_else(|| missing("File", file))?;
            set(document, "attributes", attributes);
            Ok(Answer::json(document))
        }
        ("DELETE", [file]) => {
            kept.remove(file).ok_or_else(|| missing("File", file))?;
            let object = "vector_store.file.deleted";
            Ok(Answer::json(&json!({ "id": file, "object": object, "deleted": true })))
        }
        ("GET", [file, "content"]) => {
            let text = kept.get(file).and(content).ok_or_else(|| missing("File", file))?;
            Ok(Answer::json(&json!({
                "object": "vector_store.file_content.page",
                "data": [{ "type": "text", "text": text }],
                "has_more": false,
                "next_page": null,
            })))
        }
        _ => Err(Answer::unmapped()),
    }
}

/// Adds a file of the project to a store, or replaces it there.
fn put(
    call: &Call<'_>,
    store: &str,
    file: &str,
    attributes: &Value,
    project: Option<&'static str>,
    memory: &mut Memory,
) -> Result<Value, Answer> {
    let known: Option<&File> = memory.project(project).files.get(file);
    let bytes = known.ok_or_else(|| missing("File", file))?.content.len();
    let document = json!({
        "id": file,
        "object": "vector_store.file",
        "created_at": call.seconds(),
        "vector_store_id": store,
        "usage_bytes": bytes,
        "status": "completed",
        "last_error": null,
        "attributes": attributes,
    });
    let store = find(memory, project, store)?;
    store.files.remove(file);
    store.files.add(file.to_owned(), document.clone())?;
    Ok(document)
}

fn create_batch(
    call: &Call<'_>,
    store: &str,
    project: Option<&'static str>,
    memory: &mut Memory,
) -> Outcome {
    let body = body::object(call)?;
    let attributes = attributes(&body)?;
    let names = body.get("file_ids").and_then(Value::as_array);
    let names: Option<Vec<&str>> =
        names.and_then(|names| names.iter().map(Value::as_str).collect());
    let Some(names) = names.filter(|names| (1..=MAX_BATCH).contains(&names.len())) else {
        return Err(invalid("file_ids", "invalid_type", "file_ids is not a list of 1 to 500 ids"));
    };
    for name in &names {
        put(call, store, name, &attributes, project, memory)?;
    }
    let id = memory.new_id("vsfb_");
    let document = json!({
        "id": id,
        "object": "vector_store.file_batch",
        "created_at": call.seconds(),
        "vector_store_id": store,
        "status": "completed",
        "file_counts": {
            "in_progress": 0,
            "completed": names.len(),
            "failed": 0,
            "cancelled": 0,
            "total": names.len(),
        },
    });
    let files = names.into_iter().map(str::to_owned).collect();
    let batch = Batch { document: document.clone(), files };
    find(memory, project, store)?.batches.add(id, batch)?;
    Ok(Answer::json(&document))
}

/// Answers a call of a path below one batch.
fn batches(call: &Call<'_>, id: &str, rest: &[&str], store: &mut VectorStore) -> Outcome {
    let batch = store.batches.get(id).ok_or_else(|| missing("File batch", id))?;
    match (call.method(), rest) {
        // One that is done stays done.
        ("GET", []) | ("POST", ["cancel"]) => Ok(Answer::json(&batch.document)),
        ("GET", ["files"]) => {
            let files = batch.files.iter().filter_map(|file| store.files.get(file).cloned());
            page::list(call, files.collect())
        }
        _ => Err(Answer::unmapped()),
    }
}

fn attributes(body: &Map<String, Value>) -> Result<Value, Answer> {
    match body.get("attributes") {
        None | Some(Value::Null) => Ok(json!({})),
        Some(attributes) if attributes.is_object() => Ok(attributes.clone()),
        Some(_) => Err(invalid("attributes", "invalid_type", "attributes is not an object")),
    }
}
