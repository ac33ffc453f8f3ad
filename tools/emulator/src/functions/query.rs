//! The parameters of a list: filters and pages.

use hyper::header::HeaderValue;
use serde_json::{Value, json};

use super::refusal::{Refusal, answer};
use crate::http::Reply;

/// How many items a page has by default, and at most.
const PAGE: usize = 10;
const LARGEST_PAGE: usize = 50;

/// The parameters of a request.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Parameters that are all `known`, or of pages.
    pub(super) fn read(query: &str, known: &[&str]) -> Result<Self, Refusal> {
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned().collect::<Vec<_>>();
        let of_pages = ["limit", "page", "sortOrder", "sortBy"];
        let is_known = |name: &str| known.contains(&name) || of_pages.contains(&name);
        match pairs.iter().find(|(name, _)| !is_known(name)) {
            Some((name, _)) => Err(Refusal::parameter(format!("{name} is not a parameter here"))),
            None => Ok(Self(pairs)),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| Refusal::parameter(format!("{name} is missing")))
    }

    /// Returns whether an item is one of those that were asked for: each of these parameters that
    /// is there is what the item's member says.
    pub(super) fn admits(&self, item: &Value, names: &[&str]) -> bool {
        names.iter().all(|name| {
            let wanted = self.get(name);
            wanted.is_none_or(|wanted| item.get(name).and_then(Value::as_str) == Some(wanted))
        })
    }

    /// Returns the page that was asked for, as a list, or in a collection.
    pub(super) fn page(&self, items: &[Value], is_collection: bool) -> Result<Reply, Refusal> {
        let number = |name: &str, otherwise: usize| match self.get(name).map(str::parse) {
            None => Ok(otherwise),
            Some(Ok(number)) => Ok(number),
            Some(Err(_)) => Err(Refusal::parameter(format!("{name} is not what it was"))),
        };
        let (start, limit) = (number("page", 0)?, number("limit", PAGE)?);
        if !(1..=LARGEST_PAGE).contains(&limit) {
            return Err(Refusal::parameter(format!("limit is not 1 to {LARGEST_PAGE}")));
        }
        let page: Vec<&Value> = items.iter().skip(start).take(limit).collect();
        let body = if is_collection { json!({ "items": page }) } else { json!(page) };
        let mut reply = answer(200, &body);
        let next = start.saturating_add(limit);
        if next < items.len() {
            reply.headers_mut().insert("opc-next-page", HeaderValue::from(next));
        }
        Ok(reply)
    }
}
