//! A file of settings: a JSON object of texts, with no name twice.

use std::fmt;

use emulator::agent::{Setting, parse_config};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::error::Error;

/// Names and values in the order of the file.
pub(super) fn parse(json: &[u8]) -> Result<Vec<(String, String)>, Error> {
    let Members(members) =
        serde_json::from_slice(json).map_err(|error| Error::SettingsFile(error.line()))?;
    let text = |(name, value): (String, Value)| match (parse_config(&name), value) {
        (Ok(Setting { value: None, .. }), Value::String(text)) => Ok((name, text)),
        (Ok(Setting { value: None, .. }), _) => Err(Error::SettingKind(name)),
        (Ok(_) | Err(_), _) => Err(Error::SettingName(name)),
    };
    members.into_iter().map(text).collect()
}

/// All members of an object, those of one name too, of which a map would keep the last.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor).map(Self)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Vec<(String, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}
