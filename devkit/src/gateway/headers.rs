//! What a route does to the headers of a request: set and rename, then filter.
//!
//! Source: OCI API Gateway documentation, header transformations and context variables.

use std::collections::BTreeMap;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::spec::{FilterType, HeaderTransformations, IfExists};

/// Headers that no transformation touches.
const PROTECTED: [&str; 14] = [
    "cdn-loop",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "keep-alive",
    "opc-request-id",
    "origin",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-for",
    "x-real-ip",
];

/// What `${request.…}` stands for in a value: always the request as the client sent it.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) path: &'a BTreeMap<String, String>,
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) claims: &'a Value,
}

/// The headers that the back end gets.
pub(super) fn transformed(rules: &HeaderTransformations, context: &Context<'_>) -> HeaderMap {
    let mut headers = context.headers.clone();
    for rule in rules.set_headers.iter().flat_map(|set| &set.items) {
        let values: Option<Vec<HeaderValue>> = rule
            .values
            .iter()
            .map(|value| HeaderValue::from_str(&context.rendered(value)).ok())
            .collect();
        // A name or value that comes out invalid sets nothing, and the client is not told.
        if let (Some(name), Some(values)) = (changeable(&rule.name), values) {
            match rule.if_exists {
                IfExists::Skip if headers.contains_key(&name) => continue,
                IfExists::Overwrite => drop(headers.remove(&name)),
                IfExists::Append | IfExists::Skip => {}
            }
            for value in values {
                headers.append(name.clone(), value);
            }
        }
    }
    for rule in rules.rename_headers.iter().flat_map(|rename| &rename.items) {
        if let (Some(from), Some(to)) = (changeable(&rule.from), changeable(&rule.to)) {
            let values: Vec<HeaderValue> = headers.get_all(&from).iter().cloned().collect();
            headers.remove(from);
            for value in values {
                headers.append(to.clone(), value);
            }
        }
    }
    if let Some(filter) = &rules.filter_headers {
        let named = |name: &HeaderName| {
            filter.items.iter().any(|item| item.name.eq_ignore_ascii_case(name.as_str()))
        };
        let passes = |name: &HeaderName| {
            PROTECTED.contains(&name.as_str())
                || named(name) == (filter.r#type == FilterType::Allow)
        };
        headers = headers.iter().filter(|(name, _)| passes(name)).fold(
            HeaderMap::new(),
            |mut kept, (name, value)| {
                kept.append(name.clone(), value.clone());
                kept
            },
        );
    }
    headers
}

fn changeable(name: &str) -> Option<HeaderName> {
    HeaderName::from_bytes(name.as_bytes()).ok().filter(|name| !PROTECTED.contains(&name.as_str()))
}

impl Context<'_> {
    /// A value with its variables filled in; what is not there is nothing.
    fn rendered(&self, template: &str) -> String {
        let mut rendered = String::new();
        let mut rest = template;
        while let Some((before, variable)) = rest.split_once("${") {
            rendered.push_str(before);
            let Some((variable, after)) = variable.split_once('}') else {
                rendered.push_str("${");
                rest = variable;
                continue;
            };
            rendered.push_str(&self.variable(variable).unwrap_or_default());
            rest = after;
        }
        rendered + rest
    }

    fn variable(&self, variable: &str) -> Option<String> {
        if variable == "request.host" {
            return self.headers.get("host")?.to_str().ok().map(str::to_owned);
        }
        let (table, key) = variable.strip_suffix(']')?.split_once('[')?;
        match table {
            "request.path" => self.path.get(key).cloned(),
            "request.query" => self
                .query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(name, _)| *name == key)
                .map(|(_, value)| value.to_owned()),
            "request.headers" => self.headers.get(key)?.to_str().ok().map(str::to_owned),
            "request.auth" => self
                .claims
                .get(key)
                .map(|claim| claim.as_str().map_or_else(|| claim.to_string(), str::to_owned)),
            _ => None,
        }
    }
}
