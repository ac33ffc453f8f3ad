//! RSA keys, in the forms that the emulated services make, publish and check them.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use md5::Md5;
use rsa::pkcs8::{DecodePublicKey, EncodePublicKey};
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, PublicKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha384, Sha512};

/// A key pair of 2048 bits. It signs with aws-lc; what it signed is verified with the `rsa` crate.
#[derive(Debug)]
pub struct Key {
    pair: KeyPair,
    public: PublicKey,
}

impl Key {
    /// Returns a new key pair.
    pub fn generate() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("the machine has entropy and memory");
        let der: PublicKeyX509Der<'_> =
            pair.public_key().as_der().expect("a public key has a form");
        let public =
            PublicKey::from_public_key_der(der.as_ref()).expect("two libraries read one form");
        Self { pair, public }
    }

    /// Returns the public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs with RSA PKCS#1 v1.5 and SHA-256.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .expect("a key that was generated here signs");
        signature
    }

    /// Returns the private half as PKCS#8 PEM.
    pub fn pem(&self) -> String {
        let der: Pkcs8V1Der<'_> = self.pair.as_der().expect("a private key has a form");
        let base64 = STANDARD.encode(der.as_ref());
        let lines: Vec<&str> = (0..base64.len())
            .step_by(64)
            .filter_map(|at| base64.get(at..base64.len().min(at + 64)))
            .collect();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
    }

    /// Returns what OCI names the public half by: MD5 of its DER form, in hexadecimal.
    pub fn fingerprint(&self) -> String {
        let der = self.public.to_public_key_der().expect("a public key has a form");
        let bytes = Md5::digest(der.as_bytes());
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
    }

    /// Returns the public half as a JSON Web Key: `kty`, `kid`, `alg`, `n`, `e`.
    pub fn jwk(&self, kid: &str) -> Value {
        jwk(&self.public, kid)
    }

    /// Returns a JSON Web Token, RS256, with these claims.
    pub fn token(&self, header: &Value, claims: &Value) -> String {
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let signature = URL_SAFE_NO_PAD.encode(self.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

/// Returns a public key as a JSON Web Key: `kty`, `kid`, `alg`, `n`, `e`.
pub fn jwk(key: &PublicKey, kid: &str) -> Value {
    let [n, e] = [key.n_bytes(), key.e_bytes()].map(|number| URL_SAFE_NO_PAD.encode(number));
    json!({ "kty": "RSA", "kid": kid, "alg": "RS256", "n": n, "e": e })
}

/// Returns the key in the one-line form that clients send to token services: base64 of the DER,
/// without PEM's lines.
pub fn from_line(line: &str) -> Option<PublicKey> {
    PublicKey::from_public_key_der(&STANDARD.decode(line).ok()?).ok()
}

/// Returns the key that a JSON Web Key names by its `n` and `e`; None if they are no RSA key.
pub fn from_jwk(jwk: &Value) -> Option<PublicKey> {
    let number = |name| {
        let text = jwk.get(name)?.as_str()?.trim_end_matches('=');
        let bytes = URL_SAFE_NO_PAD.decode(text.replace('+', "-").replace('/', "_")).ok()?;
        Some(BoxedUint::from_be_slice_vartime(&bytes))
    };
    PublicKey::new(number("n")?, number("e")?).ok()
}

/// Returns whether `signature` is the one that the owner of `key` makes for `message`: RSA PKCS#1
/// v1.5 with SHA-256.
pub fn verifies(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    key.pkcs1v15_verify::<Sha256>(message, signature).is_ok()
}

/// A JSON Web Token taken apart. Nothing of it is verified yet.
#[derive(Clone, Debug)]
pub struct Token {
    /// The header: `alg`, `kid`.
    pub header: Value,
    /// The claims.
    pub claims: Value,
    signed: Vec<u8>,
    signature: Vec<u8>,
}

impl Token {
    /// Takes a token apart; None if it is not three parts of base64url with JSON in the first two.
    pub fn parse(text: &str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let json = |part: &str| {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?).ok()
        };
        let signature = URL_SAFE_NO_PAD.decode(signature.trim_end_matches('=')).ok()?;
        Some(Self {
            header: json(header)?,
            claims: json(claims)?,
            signed: signed.into(),
            signature,
        })
    }

    /// Returns whether it was signed, RS256, RS384 or RS512, with the private half of `key`.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        let verified = match self.header.get("alg").and_then(Value::as_str) {
            Some("RS256") => key.pkcs1v15_verify::<Sha256>(&self.signed, &self.signature),
            Some("RS384") => key.pkcs1v15_verify::<Sha384>(&self.signed, &self.signature),
            Some("RS512") => key.pkcs1v15_verify::<Sha512>(&self.signed, &self.signature),
            _ => return false,
        };
        verified.is_ok()
    }

    /// Returns a claim that is a text.
    pub fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str()
    }

    /// Returns a claim that is a time in seconds since 1970.
    pub fn seconds(&self, claim: &str) -> Option<f64> {
        self.claims.get(claim)?.as_f64()
    }
}
