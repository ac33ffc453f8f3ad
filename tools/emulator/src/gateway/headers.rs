//! What a route does to the headers of a request and of its answer: set and rename, then filter.
//!
//! Source: docs/spec/oci-services.md#header-transformations.

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use super::context::Context;
use super::spec::{FilterType, HeaderTransformations, IfExists};

/// Headers of a request that no transformation touches.
const OF_REQUESTS: [&str; 14] = [
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

/// Headers of an answer that no transformation touches, beside those that begin with
/// `access-control-`.
const OF_ANSWERS: [&str; 16] = [
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "opc-request-id",
    "proxy-authenticate",
    "public-key-pins",
    "retry-after",
    "strict-transport-security",
    "te",
    "trailers",
    "transfer-encoding",
    "upgrade",
    "x-content-type-options",
    "x-frame-options",
    "x-xss-protection",
];

/// Returns the headers that the back end gets.
pub(super) fn of_request(rules: &HeaderTransformations, context: &Context<'_>) -> HeaderMap {
    let is_protected = |name: &str| OF_REQUESTS.contains(&name);
    transformed(rules, context, context.headers.clone(), is_protected)
}

/// The headers that the client gets.
pub(super) fn of_answer(
    rules: &HeaderTransformations,
    context: &Context<'_>,
    headers: HeaderMap,
) -> HeaderMap {
    let is_protected =
        |name: &str| OF_ANSWERS.contains(&name) || name.starts_with("access-control-");
    transformed(rules, context, headers, is_protected)
}

fn transformed(
    rules: &HeaderTransformations,
    context: &Context<'_>,
    mut headers: HeaderMap,
    is_protected: fn(&str) -> bool,
) -> HeaderMap {
    let changeable = |name: &str| {
        let name = HeaderName::from_bytes(name.as_bytes()).ok();
        name.filter(|name| !is_protected(name.as_str()))
    };
    for rule in rules.set_headers.iter().flat_map(|set| &set.items) {
        let values: Option<Vec<HeaderValue>> = rule
            .values
            .iter()
            .map(|value| HeaderValue::from_str(&context.rendered(value)).ok())
            .collect();
        // A name or value that turns out invalid sets nothing, and the client is not told.
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
            is_protected(name.as_str()) || named(name) == (filter.r#type == FilterType::Allow)
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;

    /// Returns the headers after these rules, as lines; the client sent `a: client` and `b: 1`.
    fn after(rules: &Value) -> Vec<String> {
        let rules = serde_json::from_value(rules.clone()).unwrap();
        let headers: HeaderMap = [("a", "client"), ("b", "1"), ("cookie", "c")]
            .map(|(name, value)| {
                (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())
            })
            .into_iter()
            .collect();
        let path = BTreeMap::from([("model".to_owned(), "iris".to_owned())]);
        let claims = json!({ "sub": "me", "n": 7 });
        let context = Context { path: &path, query: "x=1&y=2", headers: &headers, claims: &claims };
        let mut lines: Vec<String> = of_request(&rules, &context)
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        lines.sort_unstable();
        lines
    }

    fn set(value: &str, if_exists: &str) -> Value {
        json!({ "setHeaders": { "items": [{ "name": "A", "values": [value], "ifExists": if_exists }] } })
    }

    #[test]
    fn a_set_header_overwrites_adds_or_stays_away() {
        assert_eq!(after(&set("route", "OVERWRITE")), ["a: route", "b: 1", "cookie: c"]);
        assert_eq!(after(&set("route", "APPEND")), ["a: client", "a: route", "b: 1", "cookie: c"]);
        assert_eq!(after(&set("route", "SKIP")), ["a: client", "b: 1", "cookie: c"]);
    }

    #[test]
    fn a_value_that_renders_badly_sets_nothing() {
        assert_eq!(after(&set("a\nb", "OVERWRITE")), ["a: client", "b: 1", "cookie: c"]);
    }

    #[test]
    fn variables_are_those_of_the_request_as_it_came() {
        for (template, rendered) in [
            ("${request.path[model]}/x", "iris/x"),
            ("${request.query[y]}", "2"),
            ("${request.headers[a]}-${request.headers[absent]}", "client-"),
            ("${request.auth[sub]}${request.auth[n]}", "me7"),
            ("${request.body}", ""),
            ("no ${ end", "no ${ end"),
        ] {
            assert_eq!(
                after(&set(template, "OVERWRITE")).first().unwrap(),
                &format!("a: {rendered}")
            );
        }
    }

    #[test]
    fn renaming_comes_before_filtering_and_protected_headers_pass_both() {
        let rename =
            json!({ "items": [{ "from": "a", "to": "z" }, { "from": "cookie", "to": "y" }] });
        let allow = json!({ "type": "ALLOW", "items": [{ "name": "z" }] });
        assert_eq!(
            after(&json!({ "renameHeaders": rename, "filterHeaders": allow })),
            ["cookie: c", "z: client"]
        );
        let block = json!({ "type": "BLOCK", "items": [{ "name": "A" }, { "name": "cookie" }] });
        assert_eq!(after(&json!({ "filterHeaders": block })), ["b: 1", "cookie: c"]);
    }
}
