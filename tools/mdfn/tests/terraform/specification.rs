//! The gateway's deployment specification, as the provider sends it.

use serde_json::{Map, Value, json};

/// The document that the provider sends for the block `specification`: names in the API's spelling,
/// and the media types of a body validation as the keys of a map.
pub(crate) fn sent(specification: &Value) -> Value {
    match specification {
        Value::Array(list) => list.iter().map(sent).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| match name.as_str() {
                "content" => ("content".to_owned(), content(value)),
                name => (camel(name), sent(value)),
            })
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

fn content(types: &Value) -> Value {
    let by_type = types.as_array().unwrap().iter().map(|content| {
        let media_type = content["media_type"].as_str().unwrap().to_owned();
        (media_type, json!({ "validationType": content["validation_type"] }))
    });
    by_type.collect::<Map<_, _>>().into()
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (head, rest) = word.split_at(1);
        name + &head.to_uppercase() + rest
    })
}
