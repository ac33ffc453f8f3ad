//! What a handler sees of a call, in JSON.

use std::env;

use chrono::DateTime;
use fn_fdk::{Call, Intent};
use http::{HeaderMap, HeaderValue};
use serde_json::{Map, Value, json};

use crate::tracing::Span;

pub(crate) fn of(call: &Call) -> Value {
    let content_type = call.content_type().map(latin);
    let media_type = content_type.as_deref().and_then(|text| text.split(';').next());
    let deadline = call.platform_headers().get("fn-deadline").map(latin);
    let deadline = deadline.and_then(|text| DateTime::parse_from_rfc3339(&text).ok());
    let deadline = deadline.map(|time| time.to_utc().to_rfc3339());
    let config = env::vars_os().filter_map(|(name, value)| {
        Some((name.into_string().ok()?, Value::from(value.into_string().ok()?)))
    });
    json!({
        "conformance": 1,
        "gateway": call.intent() == Intent::Gateway,
        "callId": call.id(),
        "deadline": deadline,
        "contentType": content_type,
        "mediaType": media_type.map(|text| text.trim().to_ascii_lowercase()),
        "method": call.method().as_str(),
        "path": call.uri().path(),
        "query": call.uri().query().unwrap_or_default(),
        "headers": pairs(call.headers()),
        "platform": pairs(call.platform_headers()),
        "config": config.filter(|(name, _)| name.starts_with("CONFORMANCE_")).collect::<Map<_, _>>(),
        "fnName": env::var("FN_FN_NAME").ok(),
        "appName": env::var("FN_APP_NAME").ok(),
        "memory": env::var("FN_MEMORY").ok().and_then(|text| text.parse::<u32>().ok()),
        "tracing": Span::of(call).view(),
    })
}

fn pairs(headers: &HeaderMap) -> Vec<(&str, String)> {
    headers.iter().map(|(name, value)| (name.as_str(), latin(value))).collect()
}

/// A value with each byte as one character.
fn latin(value: &HeaderValue) -> String {
    value.as_bytes().iter().copied().map(char::from).collect()
}
