//! Whether a deployment specification has the keys that an identity domain signs with.

use std::path::Path;

use emulator::gateway::signing_key::SigningKey;
use serde_json::Value;

use crate::gateway_spec;
use crate::input::{self, read};
use crate::terminal::{complain, printable};

/// A specification that has not the domain's keys, or that cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Input(#[from] input::Error),
    #[error("`--check` is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error(
        "`--check` is not a deployment specification; expected JSON with `routes`, or what `oci api-gateway deployment get` prints"
    )]
    NoSpecification,
    #[error("the specification has no keys to check tokens with")]
    NoKeys,
    #[error(
        "the domain signs with {0}, which the specification has not: such tokens are a 401; put what `mdfn jwk` prints into \
         its `keys`"
    )]
    Missing(String),
}

impl Error {
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Input(_) | Self::Json(_) | Self::NoSpecification => 2,
            Self::NoKeys | Self::Missing(_) => 1,
        }
    }
}

/// Compares the keys of a domain with the specification in a file; what is said of it where all are
/// there.
pub(super) fn check(keys: &[SigningKey], file: &Path) -> Result<String, Error> {
    let document: Value = serde_json::from_slice(&read("`--check`", file)?)?;
    let known = gateway_spec::keys(&document).ok_or(Error::NoSpecification)?;
    if known.fixed.is_empty() {
        let places: Vec<String> = known.elsewhere.iter().map(|uri| printable(uri)).collect();
        return match places.as_slice() {
            [] => Err(Error::NoKeys),
            places => Ok(format!("nothing to compare: the gateway asks {}", places.join(", "))),
        };
    }
    let has = |key: &SigningKey| {
        known.fixed.iter().any(|(kid, public)| *kid == key.kid && *public == key.public)
    };
    let missing: Vec<&SigningKey> = keys.iter().filter(|key| !has(key)).collect();
    for (kid, _) in known.fixed.iter().filter(|(kid, public)| {
        missing.is_empty() && !keys.iter().any(|key| key.kid == *kid && key.public == *public)
    }) {
        complain(&format!(
            "mdfn jwk: the specification also has `{}`, which is not one of the compared keys",
            printable(kid)
        ));
    }
    if missing.is_empty() {
        Ok(format!("the specification has {}", named(keys.iter(), "")))
    } else {
        let replaced = missing.iter().any(|key| known.fixed.iter().any(|(kid, _)| *kid == key.kid));
        let how = if replaced { " (the name exists, with another key)" } else { "" };
        Err(Error::Missing(named(missing.into_iter(), how)))
    }
}

fn named<'a>(keys: impl Iterator<Item = &'a SigningKey>, how: &str) -> String {
    let names: Vec<String> = keys.map(|key| format!("`{}`", printable(&key.kid))).collect();
    format!("the key {}{how}", names.join(" and "))
}
