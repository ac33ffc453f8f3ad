//! What a deployment specification is made of, as Oracle's SDK models it: classes with their
//! members.
//!
//! `model.py` makes `model.json` from the package `oci` 2.189.0.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

static MODEL: LazyLock<BTreeMap<String, Class>> =
    LazyLock::new(|| serde_json::from_str(include_str!("model.json")).expect("a test reads it"));

/// The class of a whole specification.
pub(super) const ROOT: &str = "ApiSpecification";

/// A class of objects, or the common part of several.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Class {
    base: Option<String>,
    choice: Option<Choice>,
    members: BTreeMap<String, Member>,
}

/// A member whose value names the class of an object.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Choice {
    pub(super) member: String,
    classes: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Member {
    pub(super) kind: Kind,
    #[serde(default)]
    required: bool,
    /// The values that it, or each of its items, may have; empty: any.
    #[serde(default)]
    pub(super) values: Vec<String>,
}

/// What a value is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Text,
    Boolean,
    Integer,
    Number,
    List(Box<Kind>),
    Map(Box<Kind>),
    Object(String),
}

/// What an object may have, and what it must have.
#[derive(Debug, Default)]
pub(super) struct Shape {
    pub(super) members: BTreeMap<&'static str, &'static Member>,
    pub(super) required: Vec<&'static str>,
}

/// Returns the class of this name.
pub(super) fn class(name: &str) -> &'static Class {
    MODEL.get(name).expect("the model has every class that it names")
}

impl Class {
    /// Returns the member that names an object's class, if there are several classes.
    pub(super) fn choice(&'static self) -> Option<&'static str> {
        self.choice.as_ref().map(|choice| choice.member.as_str())
    }

    /// Returns what an object has of which that member, if any, has the value `chosen`. Where no
    /// class is known for the value, what any of them may have.
    pub(super) fn shape(&'static self, chosen: Option<&str>) -> Shape {
        let mut shape = Shape::default();
        let Some(choice) = &self.choice else {
            shape.add(self, true);
            return shape;
        };
        if let Some(name) = chosen.and_then(|chosen| choice.classes.get(chosen)) {
            shape.add(class(name), true);
        } else {
            shape.add(self, true);
            for name in choice.classes.values() {
                shape.add(class(name), false);
            }
        }
        shape
    }
}

impl Shape {
    /// The members of a class; those of its base first, since only they say what is required.
    fn add(&mut self, class: &'static Class, demanding: bool) {
        if let Some(base) = &class.base {
            self.add(self::class(base), demanding);
        }
        for (name, member) in &class.members {
            if self.members.contains_key(name.as_str()) {
                continue;
            }
            self.members.insert(name, member);
            if demanding && member.required {
                self.required.push(name);
            }
        }
    }
}
