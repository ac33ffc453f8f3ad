//! The provider's schema, as far as the module needs it: `tests/terraform/schema.json`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::module::place;

/// What a resource, a data source or a block inside may have.
pub(crate) type Members = BTreeMap<String, Member>;

#[derive(Clone, Debug)]
pub(crate) enum Member {
    Attribute { presence: Presence, kind: String },
    Block { presence: Presence, single: bool, members: Members },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Required,
    Optional,
    /// Set by the provider alone.
    Computed,
}

impl Presence {
    fn read(text: &str) -> Self {
        match text {
            "required" => Self::Required,
            "optional" => Self::Optional,
            "computed" => Self::Computed,
            other => panic!("the presence {other} in the schema"),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Schema {
    resources: BTreeMap<String, Members>,
    data: BTreeMap<String, Members>,
}

impl Schema {
    pub(crate) fn read() -> Self {
        let text = std::fs::read_to_string(place("tests/terraform/schema.json")).unwrap();
        let schema: Value = serde_json::from_str(&text).unwrap();
        let types = |mode: &str| {
            let types = schema[mode].as_object().unwrap();
            types.iter().map(|(name, body)| (name.clone(), members(body))).collect()
        };
        Self { resources: types("resource"), data: types("data") }
    }

    /// The members of a type; `mode` is `resource` or `data`.
    pub(crate) fn members(&self, mode: &str, kind: &str) -> Option<&Members> {
        if mode == "data" { self.data.get(kind) } else { self.resources.get(kind) }
    }
}

fn members(body: &Value) -> Members {
    let body: &Map<String, Value> = body.as_object().unwrap();
    body.iter().map(|(name, value)| (name.clone(), member(value))).collect()
}

fn member(value: &Value) -> Member {
    match value.as_str() {
        Some(text) => {
            let (presence, kind) = text.split_once(' ').unwrap();
            Member::Attribute { presence: Presence::read(presence), kind: kind.to_owned() }
        }
        None => Member::Block {
            presence: Presence::read(value["presence"].as_str().unwrap()),
            single: value["block"] == "single",
            members: members(&value["body"]),
        },
    }
}
