//! The static keys of a specification.
//!
//! Source: docs/spec/oci-services.md#static-keys.

use std::collections::BTreeSet;

use emulator::keys;
use rsa::PublicKey;
use rsa::pkcs8::DecodePublicKey;
use rsa::traits::PublicKeyParts;
use serde_json::Value;

use super::value::{list, text, texts};
use crate::gateway_spec::findings::{Findings, Place};

/// The most keys that a gateway takes.
const MAX_KEYS: usize = 10;

/// The keys that a gateway verifies tokens with.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Those in the specification, by the names that tokens call them by.
    pub(crate) fixed: Vec<(String, PublicKey)>,
    /// The place where others are fetched, or the service that checks each token.
    pub(crate) elsewhere: Vec<String>,
}

impl Known {
    /// Returns the keys of all the ways in which callers are checked.
    pub(super) fn from_policies(policies: &Value) -> Self {
        let chosen = policies.get("dynamicAuthentication");
        let chosen = chosen.map_or(&[][..], |choice| list(choice, "authenticationServers"));
        let chosen = chosen.iter().filter_map(|server| server.get("authenticationServerDetail"));
        let mut known = Self::default();
        for policy in policies.get("authentication").into_iter().chain(chosen) {
            let sources = ["validationPolicy", "publicKeys"].map(|name| policy.get(name));
            for source in sources.into_iter().flatten() {
                let discovery = source.get("sourceUriDetails");
                let places = [text(source, "uri"), discovery.and_then(|uri| text(uri, "uri"))];
                known.elsewhere.extend(places.into_iter().flatten().map(str::to_owned));
                let named = |key| Some((text(key, "kid")?.to_owned(), public(key).ok()?));
                known.fixed.extend(list(source, "keys").iter().filter_map(named));
            }
        }
        known
    }
}

/// Judges all keys of a policy.
pub(super) fn judge(keys: &[Value], place: &Place, findings: &mut Findings) {
    findings.note(
        place,
        "static keys: when the identity domain replaces its key, every call is a 401 until they are replaced here",
    );
    if keys.is_empty() {
        findings.refused(place, "STATIC_KEYS has no key");
    }
    findings.within(place, "keys", keys.len(), MAX_KEYS);
    let mut names = BTreeSet::new();
    for key in keys {
        let name = text(key, "kid").unwrap_or_default();
        let place = Place::Key(name.to_owned());
        if !names.insert(name) {
            findings
                .note(&place, "another key has its name; which of them a token means is not known");
        }
        if let Some(why) = mistake(key) {
            findings.refused(&place, &why);
        }
    }
}

/// Returns why the gateway would refuse a key.
fn mistake(key: &Value) -> Option<String> {
    let operations = texts(key, "key_ops");
    if !operations.is_empty() && !operations.contains(&"verify") {
        return Some("`key_ops` is without `verify`".to_owned());
    }
    if text(key, "alg").is_some_and(|alg| !["RS256", "RS384", "RS512"].contains(&alg)) {
        return Some("`alg` is not RS256, RS384 or RS512".to_owned());
    }
    public(key).err()
}

/// Returns the key itself, of 2048 to 4096 bits.
fn public(key: &Value) -> Result<PublicKey, String> {
    let public = match text(key, "key") {
        Some(pem) => PublicKey::from_public_key_pem(pem)
            .map_err(|error| format!("`key` is not a public key in PEM: {error}"))?,
        None => keys::from_jwk(key).ok_or("its `n` and `e` are no RSA key")?,
    };
    let bits = public.n().bit_width();
    if (2048..=4096).contains(&bits) {
        Ok(public)
    } else {
        Err(format!("it has {bits} bits, and the gateway takes 2048 to 4096"))
    }
}
