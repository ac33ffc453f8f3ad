//! The search in a vector store by the words of the query.

use serde_json::{Map, Value, json};

use super::files;
use crate::services::answer::{Answer, Outcome, invalid};
use crate::services::generative_ai::collection::Collection;
use crate::services::generative_ai::likeness::share_of_words;
use crate::services::generative_ai::memory::File;

/// The default and the largest number of results.
const RESULTS: u64 = 10;
const MAX_RESULTS: u64 = 50;

/// Searches the files of a store, given by their ids and descriptions.
pub(super) fn search(
    body: &Map<String, Value>,
    members: &[(String, Value)],
    files: &Collection<File>,
) -> Outcome {
    let queries: Vec<&str> = match body.get("query") {
        Some(Value::String(query)) => vec![query],
        Some(Value::Array(queries)) => queries.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if queries.is_empty() {
        return Err(invalid(
            "query",
            "invalid_type",
            "query is neither a text nor a list of texts",
        ));
    }
    let limit = match body.get("max_num_results").map(Value::as_u64) {
        None => RESULTS,
        Some(Some(limit)) if (1..=MAX_RESULTS).contains(&limit) => limit,
        Some(_) => {
            let message = "max_num_results is not 1 to 50";
            return Err(invalid("max_num_results", "invalid_value", message));
        }
    };
    let filter = body.get("filters").filter(|filter| !filter.is_null()).map(filter).transpose()?;
    let mut found: Vec<(f64, Value)> = Vec::new();
    for (id, document) in members {
        let attributes = document.get("attributes").unwrap_or(&Value::Null);
        let is_wanted = filter.is_none_or(|(key, value)| attributes.get(key) == Some(value));
        let Some(file) = files.get(id).filter(|_| is_wanted) else { continue };
        let text = String::from_utf8_lossy(&file.content);
        let score = share_of_words(&queries.join(" "), &text);
        let result = json!({
            "file_id": id,
            "filename": files::name(file),
            "score": score,
            "attributes": attributes,
            "content": [{ "type": "text", "text": text }],
        });
        if score > 0.0 {
            found.push((score, result));
        }
    }
    found.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(Answer::json(&json!({
        "object": "vector_store.search_results.page",
        "search_query": queries,
        "data": found.into_iter().map(|(_, result)| result).collect::<Vec<_>>(),
        "has_more": false,
        "next_page": null,
    })))
}

/// Reads the only supported filter: an attribute equals a value.
fn filter(filter: &Value) -> Result<(&str, &Value), Answer> {
    let text = |name: &str| filter.get(name).and_then(Value::as_str);
    match (text("type"), text("key"), filter.get("value")) {
        (Some("eq"), Some(key), Some(value)) => Ok((key, value)),
        _ => Err(invalid("filters", "invalid_value", "only comparisons with eq are understood")),
    }
}
