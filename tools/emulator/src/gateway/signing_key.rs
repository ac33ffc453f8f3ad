//! A signing key of an identity domain, as a gateway takes it.
//!
//! Source: docs/spec/oci-services.md#static-keys.

use rsa::PublicKey;
use rsa::pkcs8::{EncodePublicKey, LineEnding};
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};

use crate::keys;

/// Why a key set has no static keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoKeys {
    /// It is not a key.
    #[error(
        "this is not a key set; expected JSON such as {{\"keys\": [{{\"kty\": \"RSA\", \"kid\": ...}}]}}"
    )]
    NoSet,
    /// None of its keys can be used.
    #[error("the key set has no usable key: {}", reasons(.0))]
    Unusable(Vec<Unusable>),
}

/// A key that a gateway cannot use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unusable {
    /// A key without a `kid`.
    #[error("a key without `kid` is left out: tokens could not name it")]
    Nameless,
    /// A key with one, as whoever made the set wrote it, and what is wrong with it.
    #[error("key `{}` is left out: {}", .0.escape_debug(), .1)]
    Named(String, String),
}

/// A key that a gateway can verify with.
#[derive(Debug)]
pub struct SigningKey {
    /// The name that tokens call it by.
    pub kid: String,
    alg: String,
    /// The key itself.
    pub public: PublicKey,
}

impl SigningKey {
    /// Reads a member of a key set.
    pub fn parse(jwk: &Value) -> Result<Self, Unusable> {
        let text = |name| jwk.get(name).and_then(Value::as_str);
        let kid = text("kid").ok_or(Unusable::Nameless)?;
        let refused = |why: &str| Unusable::Named(kid.to_owned(), why.to_owned());
        if kid.is_empty() {
            return Err(refused("its `kid` is empty, and tokens could not name it"));
        }
        if text("kty") != Some("RSA") {
            return Err(refused("it is not RSA, and the gateway takes nothing else"));
        }
        if text("use").is_some_and(|usage| usage != "sig") {
            return Err(refused("its `use` is not `sig`"));
        }
        let alg = text("alg").unwrap_or("RS256");
        if !["RS256", "RS384", "RS512"].contains(&alg) {
            return Err(refused("its `alg` is not RS256, RS384 or RS512"));
        }
        let public = keys::from_jwk(jwk)
            .ok_or_else(|| refused("its `n` and `e` are no RSA key; `x5c` is not looked at"))?;
        let bits = public.n().bit_width();
        if !(2048..=4096).contains(&bits) {
            return Err(refused(&format!(
                "it has {bits} bits, and the gateway takes 2048 to 4096"
            )));
        }
        Ok(Self { kid: kid.to_owned(), alg: alg.to_owned(), public })
    }

    /// Returns the key as a static key of the form `JSON_WEB_KEY`.
    pub fn jwk(&self) -> Value {
        let plain = keys::jwk(&self.public, &self.kid);
        json!({
            "format": "JSON_WEB_KEY",
            "kid": self.kid,
            "kty": "RSA",
            "alg": self.alg,
            "use": "sig",
            "n": plain.get("n"),
            "e": plain.get("e"),
        })
    }

    /// Returns the key as a static key of the form `PEM`.
    pub fn pem(&self) -> Value {
        let pem = self.public.to_public_key_pem(LineEnding::LF).expect("an RSA key has a PEM form");
        json!({ "format": "PEM", "kid": self.kid, "key": pem })
    }
}

/// Returns the keys of a set, an array of keys or a single one, that a gateway can use, and why the
/// others are not; `None` if it is no key set.
pub fn signing_keys(set: &Value) -> Option<(Vec<SigningKey>, Vec<Unusable>)> {
    let members = match (set.get("keys").unwrap_or(set), set.get("kty")) {
        (Value::Array(members), _) => members.as_slice(),
        (single, Some(_)) => std::slice::from_ref(single),
        _ => return None,
    };
    let (mut keys, mut unusable) = (Vec::new(), Vec::new());
    for member in members {
        match SigningKey::parse(member) {
            Ok(key) => keys.push(key),
            Err(why) => unusable.push(why),
        }
    }
    Some((keys, unusable))
}

/// Returns the keys of a set as a gateway takes them; those that it cannot use are left out. An
/// error if none is left.
pub fn static_keys(set: &Value) -> Result<Value, NoKeys> {
    let (keys, unusable) = signing_keys(set).ok_or(NoKeys::NoSet)?;
    if keys.is_empty() {
        return Err(NoKeys::Unusable(unusable));
    }
    Ok(keys.iter().map(SigningKey::jwk).collect())
}

fn reasons(unusable: &[Unusable]) -> String {
    match unusable {
        [] => "it is empty".to_owned(),
        some => some.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    }
}
