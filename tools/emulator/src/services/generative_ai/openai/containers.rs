//! Containers of a code interpreter, and the files in them. They run nothing.

use serde_json::{Value, json};

use super::{files, multipart};
use crate::services::answer::{Answer, Outcome, invalid, missing};
use crate::services::call::Call;
use crate::services::generative_ai::collection::Collection;
use crate::services::generative_ai::memory::{Container, File, Memory};
use crate::services::generative_ai::policy::Resource;
use crate::services::generative_ai::scope::{OPC_COMPARTMENT_ID, Scope};
use crate::services::generative_ai::{body, page};

/// The most bytes of all files of a container.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Answers a call of a path below `containers`.
pub(super) fn answer(call: &Call<'_>, rest: &[&str], memory: &mut Memory) -> Outcome {
    let scope = Scope::read(call, &[OPC_COMPARTMENT_ID])?;
    memory.policies.check(call.caller, Resource::Container)?;
    let project = scope.state()?;
    let new_id = memory.new_id("cntr_");
    let file_id = memory.new_id("cfile_");
    let containers = &mut memory.project(project).containers;
    match (call.method(), rest) {
        ("POST", []) => {
            let body = body::object(call)?;
            let document = json!({
                "id": new_id,
                "object": "container",
                "created_at": call.seconds(),
                "status": "running",
                "name": body::text(&body, "name")?,
                "expires_after": { "anchor": "last_active_at", "minutes": 20 },
            });
            let container = Container { document: document.clone(), files: Collection::default() };
            containers.add(new_id, container)?;
            Ok(Answer::json(&document))
        }
        ("GET", []) => {
            page::list(call, containers.iter().map(|(_, own)| own.document.clone()).collect())
        }
        ("DELETE", [id]) => {
            containers.remove(id).ok_or_else(|| missing("Container", id))?;
            Ok(Answer::json(&json!({ "id": id, "object": "container.deleted", "deleted": true })))
        }
        (_, [id, rest @ ..]) => {
            let container = containers.get_mut(id).ok_or_else(|| missing("Container", id))?;
            match (call.method(), rest) {
                ("GET", []) => Ok(Answer::json(&container.document)),
                (_, ["files", rest @ ..]) => within(call, id, rest, container, file_id),
                _ => Err(Answer::unmapped()),
            }
        }
        _ => Err(Answer::unmapped()),
    }
}

/// Answers a call of a path below the files of a container.
fn within(
    call: &Call<'_>,
    id: &str,
    rest: &[&str],
    container: &mut Container,
    new_id: String,
) -> Outcome {
    let kept = &mut container.files;
    let find = |id: &str| kept.get(id).ok_or_else(|| missing("Container file", id));
    match (call.method(), rest) {
        ("POST", []) => {
            let file = uploaded(call, id, kept, &new_id)?;
            let document = file.document.clone();
            kept.add(new_id, file)?;
            Ok(Answer::json(&document))
        }
        ("GET", []) => {
            page::list(call, kept.iter().map(|(_, file)| file.document.clone()).collect())
        }
        ("GET", [file]) => Ok(Answer::json(&find(file)?.document)),
        ("GET", [file, "content"]) => Ok(files::content(find(file)?)),
        ("DELETE", [file]) => {
            kept.remove(file).ok_or_else(|| missing("Container file", file))?;
            let object = "container.file.deleted";
            Ok(Answer::json(&json!({ "id": file, "object": object, "deleted": true })))
        }
        _ => Err(Answer::unmapped()),
    }
}

fn uploaded(
    call: &Call<'_>,
    container: &str,
    kept: &Collection<File>,
    id: &str,
) -> Result<File, Answer> {
    let parts = multipart::parts(call.request)?;
    let Some(part) = parts.iter().find(|part| part.name == "file") else {
        return Err(invalid("file", "missing_required_parameter", "file is missing"));
    };
    let held: usize = kept.iter().map(|(_, file)| file.content.len()).sum();
    if held + part.content.len() > MAX_BYTES {
        return Err(Answer::error(400, "LimitExceeded", "The files are too large together."));
    }
    let path = part.filename.as_ref().map(|name| Value::from(format!("/mnt/data/{name}")));
    let document = json!({
        "id": id,
        "object": "container.file",
        "created_at": call.seconds(),
        "bytes": part.content.len(),
        "container_id": container,
        "path": path,
        "source": "user",
    });
    Ok(File { document, content: part.content.to_vec() })
}
