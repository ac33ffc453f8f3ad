//! Lists of buckets and of objects.

use hyper::header::HeaderValue;
use serde_json::{Map, Value, json};

use super::objects::{Object, Objects};
use super::refusal::error;
use crate::clock::rfc3339;
use crate::http::{self, Reply};

/// The compartment that has buckets.
pub const COMPARTMENT: &str = "ocid1.compartment.oc1..aaaaaaaabuckets";
/// Its buckets, two on a page.
pub const BUCKETS: [&str; 5] = ["archive", "logs", "models", "predictions", "training"];
const PAGE: usize = 2;
/// The default and the largest number of objects of a list.
const OBJECTS: usize = 1000;

fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Returns a page of buckets; None for another compartment.
pub(super) fn buckets(query: &str) -> Option<Reply> {
    if parameter(query, "compartmentId").as_deref() != Some(COMPARTMENT) {
        return None;
    }
    let start = parameter(query, "page").map_or(Some(0), |page| page.parse::<usize>().ok())?;
    let page: Vec<Value> =
        BUCKETS.iter().skip(start).take(PAGE).map(|name| json!({ "name": name })).collect();
    let mut reply = http::reply(200, &Value::from(page));
    let next = start + PAGE;
    if next < BUCKETS.len() {
        reply.headers_mut().insert("opc-next-page", HeaderValue::from(next));
    }
    Some(reply)
}

/// Answers with a page of the objects of a bucket, from `start` on and with a prefix. With a
/// delimiter, names that have it after the prefix are summed up as prefixes.
pub(super) fn objects(objects: &Objects, namespace: &str, bucket: &str, query: &str) -> Reply {
    let text = |name: &str| parameter(query, name).unwrap_or_default();
    let (prefix, delimiter, fields) = (text("prefix"), text("delimiter"), text("fields"));
    let limit = match parameter(query, "limit").map(|limit| limit.parse()) {
        None => OBJECTS,
        Some(Ok(limit)) if (1..=OBJECTS).contains(&limit) => limit,
        Some(_) => return error(400, "InvalidParameter", "limit is not 1 to 1000"),
    };
    if !["", "/"].contains(&delimiter.as_str()) {
        return error(400, "InvalidParameter", "delimiter is not /");
    }
    let mut found = objects.list(namespace, bucket, &text("start"));
    found.retain(|(name, _)| name.starts_with(&prefix));
    let mut prefixes: Vec<String> = Vec::new();
    if !delimiter.is_empty() {
        found.retain(|(name, _)| {
            let rest = name.strip_prefix(&prefix).unwrap_or(name);
            let Some((folder, _)) = rest.split_once(&delimiter) else { return true };
            let folder = format!("{prefix}{folder}{delimiter}");
            if prefixes.last() != Some(&folder) {
                prefixes.push(folder);
            }
            false
        });
    }
    let next = found.get(limit).map(|(name, _)| name.clone());
    found.truncate(limit);
    let summaries: Vec<Value> =
        found.iter().map(|(name, object)| summary(name, object, &fields)).collect();
    let list = json!({ "objects": summaries, "prefixes": prefixes, "nextStartWith": next });
    http::reply(200, &list)
}

fn summary(name: &str, object: &Object, fields: &str) -> Value {
    let mut summary = Map::from_iter([("name".to_owned(), json!(name))]);
    for field in fields.split(',') {
        let value = match field {
            "size" => json!(object.bytes.len()),
            "etag" => json!(object.etag()),
            "md5" => json!(object.md5()),
            "timeCreated" | "timeModified" => json!(rfc3339(object.stored)),
            _ => continue,
        };
        summary.insert(field.to_owned(), value);
    }
    Value::Object(summary)
}
