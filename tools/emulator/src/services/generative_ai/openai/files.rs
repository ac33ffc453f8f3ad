//! Files of a project.

use serde_json::json;

use super::multipart;
use crate::services::answer::{Answer, Outcome, invalid, missing};
use crate::services::call::Call;
use crate::services::document::text;
use crate::services::generative_ai::memory::{File, Memory};
use crate::services::generative_ai::page;
use crate::services::generative_ai::policy::Resource;
use crate::services::generative_ai::scope::{OPC_COMPARTMENT_ID, Scope};

/// The purposes of files.
const PURPOSES: [&str; 4] = ["assistants", "batch", "user_data", "vision"];
/// The most bytes of all files of a project.
const MAX_BYTES: usize = 256 * 1024 * 1024;

/// Answers a call of a path below `files`.
pub(super) fn answer(call: &Call<'_>, rest: &[&str], memory: &mut Memory) -> Outcome {
    let scope = Scope::read(call, &[OPC_COMPARTMENT_ID])?;
    memory.policies.check(call.caller, Resource::File)?;
    let project = scope.state()?;
    if (call.method(), rest) == ("POST", &[]) {
        return create(call, project, memory);
    }
    let files = &mut memory.project(project).files;
    let find = |id: &str| files.get(id).ok_or_else(|| missing("File", id));
    match (call.method(), rest) {
        ("GET", []) => {
            page::list(call, files.iter().map(|(_, file)| file.document.clone()).collect())
        }
        ("GET", [id]) => Ok(Answer::json(&find(id)?.document)),
        ("GET", [id, "content"]) => Ok(content(find(id)?)),
        ("DELETE", [id]) => {
            files.remove(id).ok_or_else(|| missing("File", id))?;
            Ok(Answer::json(&json!({ "id": id, "object": "file", "deleted": true })))
        }
        _ => Err(Answer::unmapped()),
    }
}

/// Answers with the bytes of a file.
pub(super) fn content(file: &File) -> Answer {
    Answer::new(200, "application/octet-stream", file.content.clone())
}

fn create(call: &Call<'_>, project: Option<&'static str>, memory: &mut Memory) -> Outcome {
    let parts = multipart::parts(call.request)?;
    let part = |name: &str| parts.iter().find(|part| part.name == name);
    let purpose = part("purpose").map(|part| String::from_utf8_lossy(part.content));
    let Some(purpose) = purpose.filter(|purpose| PURPOSES.contains(&purpose.as_ref())) else {
        return Err(invalid("purpose", "invalid_value", "purpose is missing or unknown"));
    };
    let Some(file) = part("file") else {
        return Err(invalid("file", "missing_required_parameter", "file is missing"));
    };
    let held: usize =
        memory.project(project).files.iter().map(|(_, file)| file.content.len()).sum();
    if held + file.content.len() > MAX_BYTES {
        return Err(Answer::error(400, "LimitExceeded", "The files are too large together."));
    }
    let id = memory.new_id("file-");
    let document = json!({
        "id": id,
        "object": "file",
        "bytes": file.content.len(),
        "created_at": call.seconds(),
        "filename": file.filename,
        "purpose": purpose,
        "status": "processed",
    });
    let kept = File { document: document.clone(), content: file.content.to_vec() };
    memory.project(project).files.add(id, kept)?;
    Ok(Answer::json(&document))
}

/// Returns the name of a file.
pub(super) fn name(file: &File) -> &str {
    text(&file.document, "filename")
}
