//! Reads a JSON object strictly: a member that the service does not know is a mistake, and so is
//! one of another kind.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::refusal::Refusal;

/// The members of one object, and its place in the body.
pub(super) struct Members<'a> {
    place: &'static str,
    object: &'a Map<String, Value>,
}

impl<'a> Members<'a> {
    /// Returns an object that has no other members than `known`.
    pub(super) fn read(
        place: &'static str,
        value: &'a Value,
        known: &[&str],
    ) -> Result<Self, Refusal> {
        let Some(object) = value.as_object() else {
            return Err(Refusal::parameter(format!("{place} is not an object")));
        };
        match object.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(Refusal::parameter(format!("{place} has no member {name}"))),
            None => Ok(Self { place, object }),
        }
    }

    /// Returns a member that is set; null is as good as none.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Refusal> {
        let text =
            |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        self.read_as(name, "a text", text)
    }

    pub(super) fn integer(&self, name: &str) -> Result<Option<u64>, Refusal> {
        self.read_as(name, "a whole number", Value::as_u64)
    }

    /// Returns an object whose members are texts.
    pub(super) fn texts(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, Refusal> {
        self.read_as(name, "an object of texts", |value| {
            let pair =
                |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
            value.as_object()?.iter().map(pair).collect()
        })
    }

    /// Returns a member that has to be there.
    pub(super) fn need<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Self, &str) -> Result<Option<T>, Refusal>,
    ) -> Result<T, Refusal> {
        read(self, name)?
            .ok_or_else(|| Refusal::parameter(format!("{} needs a member {name}", self.place)))
    }

    fn read_as<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        let Some(value) = self.get(name) else { return Ok(None) };
        read(value)
            .map(Some)
            .ok_or_else(|| Refusal::parameter(format!("{}: {name} is not {expected}", self.place)))
    }
}
