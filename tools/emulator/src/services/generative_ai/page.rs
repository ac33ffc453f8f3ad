//! A page of a list in `OpenAI`'s form.

use serde_json::{Value, json};

use super::super::answer::{Answer, Outcome, invalid};
use super::super::call::Call;

/// The default and the largest number of items of a page.
const PAGE: usize = 20;
const LARGEST_PAGE: usize = 100;

/// Returns the requested page of `items`, which are in the order of their creation.
pub(super) fn list(call: &Call<'_>, items: Vec<Value>) -> Outcome {
    let limit = match call.parameter("limit").map(|limit| limit.parse()) {
        None => PAGE,
        Some(Ok(limit)) if (1..=LARGEST_PAGE).contains(&limit) => limit,
        Some(_) => return Err(invalid("limit", "invalid_value", "limit is not 1 to 100")),
    };
    let items: Vec<Value> = match call.parameter("order").as_deref() {
        None | Some("desc") => items.into_iter().rev().collect(),
        Some("asc") => items,
        Some(_) => return Err(invalid("order", "invalid_value", "order is not asc or desc")),
    };
    let id = |item: &Value| item.get("id").cloned().unwrap_or_default();
    let start = match call.parameter("after") {
        None => 0,
        Some(after) => {
            let place = items.iter().position(|item| id(item) == after.as_str());
            place.ok_or_else(|| invalid("after", "invalid_value", "there is no such item"))? + 1
        }
    };
    let page: Vec<&Value> = items.iter().skip(start).take(limit).collect();
    Ok(Answer::json(&json!({
        "object": "list",
        "data": page,
        "first_id": page.first().map(|item| id(item)),
        "last_id": page.last().map(|item| id(item)),
        "has_more": start + page.len() < items.len(),
    })))
}
