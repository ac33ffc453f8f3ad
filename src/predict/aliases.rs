//! `MODEL_DEPLOYMENTS`: names for the addresses of model deployments.
//!
//! Source: docs/spec/oci-services.md#route-variants.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::endpoint::{Endpoint, EndpointRule};
use super::targets_error::TargetsError;

/// Returns the endpoints of a JSON object that maps aliases to URLs, all of them checked, or
/// everything that is wrong with it.
pub(super) fn checked(
    json: &str,
    rule: &EndpointRule,
) -> Result<BTreeMap<String, Endpoint>, Vec<TargetsError>> {
    let Ok(Members(members)) = serde_json::from_str(json) else {
        return Err(vec![TargetsError::NotAnObject]);
    };
    let (mut aliases, mut mistakes) = (BTreeMap::new(), Vec::new());
    for (alias, url) in members {
        match rule.check(&url) {
            Err(refusal) => mistakes.push(TargetsError::Alias(alias, refusal)),
            Ok(endpoint) => {
                if let Some(_first) = aliases.insert(alias.clone(), endpoint) {
                    mistakes.push(TargetsError::AliasRepeated(alias));
                }
            }
        }
    }
    if mistakes.is_empty() { Ok(aliases) } else { Err(mistakes) }
}

/// Returns the members of an object of texts in their order, repeated ones included.
struct Members(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor).map(Self)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Vec<(String, String)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}
