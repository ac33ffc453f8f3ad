//! A key of an identity domain, as a gateway takes it.
//!
//! Source: docs/spec/oci-services.md#static-keys.

use rsa::PublicKey;
use rsa::pkcs8::{EncodePublicKey, LineEnding};
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};

use crate::keys;
use crate::terminal::printable;

/// A key that a gateway can verify with.
pub(super) struct Usable {
    pub(super) kid: String,
    alg: String,
    pub(super) public: PublicKey,
}

impl Usable {
    /// A member of a key set; an error says why a gateway cannot use it.
    pub(super) fn parse(jwk: &Value) -> Result<Self, String> {
        let text = |name| jwk.get(name).and_then(Value::as_str);
        let kid = text("kid").ok_or("a key without `kid` is left out: tokens could not name it")?;
        let shown = printable(kid);
        let refused = |why: &str| format!("key `{shown}` is left out: {why}");
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

    pub(super) fn jwk(&self) -> Value {
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

    pub(super) fn pem(&self) -> Value {
        let pem = self.public.to_public_key_pem(LineEnding::LF).expect("an RSA key has a PEM form");
        json!({ "format": "PEM", "kid": self.kid, "key": pem })
    }
}
