//! Tokens of an issuer whose keys are here.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use oracle_cloud_token::{KeySet, KeySource, TokenFault, TokenRule};
use serde_json::{Value, json};

const ISSUER: &str = "https://identity.oraclecloud.com/";
const AUDIENCE: &str = "https://api.example/";
const YEAR_2100: u64 = 4_102_444_800;

struct Key(EcdsaKeyPair);

impl Key {
    fn generate() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn jwk(&self, kid: &str) -> Value {
        let (_uncompressed, point) = self.0.public_key().as_ref().split_at(1);
        let (x, y) = point.split_at(32);
        let [x, y] = [x, y].map(|part| URL_SAFE_NO_PAD.encode(part));
        json!({ "kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "x": x, "y": y })
    }

    /// The headers of a request with a token for this scope.
    fn request(&self, kid: &str, scope: &str) -> HeaderMap {
        let header = json!({ "alg": "ES256", "kid": kid });
        let claims = json!({ "iss": ISSUER, "aud": AUDIENCE, "scope": scope, "exp": YEAR_2100 });
        let [header, claims] =
            [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let message = format!("{header}.{claims}");
        let signature = self.0.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        let token = format!("Bearer {message}.{}", URL_SAFE_NO_PAD.encode(signature));
        HeaderMap::from_iter([(AUTHORIZATION, token.parse().unwrap())])
    }
}

fn set(keys: &[Value]) -> Arc<KeySet> {
    Arc::new(KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap())
}

fn rule() -> TokenRule {
    TokenRule::new(ISSUER, AUDIENCE, "read")
}

#[tokio::test]
async fn a_token_passes_with_its_scope_and_a_key_of_the_set() {
    let (key, stranger) = (Key::generate(), Key::generate());
    let keys = set(&[key.jwk("a")]);
    for (request, expected) in [
        (key.request("a", "read"), Ok(())),
        (key.request("a", "write read"), Ok(())),
        (key.request("a", "reader"), Err(TokenFault::Scope)),
        (key.request("b", "read"), Err(TokenFault::UnknownKey)),
        (stranger.request("a", "read"), Err(TokenFault::Signature)),
        (HeaderMap::new(), Err(TokenFault::Missing)),
    ] {
        assert_eq!(rule().check(&request, &keys).await, expected);
    }
}

#[tokio::test]
async fn keys_of_one_name_are_all_tried() {
    let (key, other) = (Key::generate(), Key::generate());
    let keys = set(&[other.jwk("SIGNING_KEY"), key.jwk("SIGNING_KEY")]);
    assert_eq!(rule().check(&key.request("SIGNING_KEY", "read"), &keys).await, Ok(()));
}

/// A source whose set is replaced, and how often it was asked for a newer one.
struct Replaced(Arc<KeySet>, Arc<KeySet>, Mutex<u32>);

impl KeySource for Replaced {
    async fn current(&self) -> Option<Arc<KeySet>> {
        Some(self.0.clone())
    }

    async fn newer_than(&self, known: &Arc<KeySet>) -> Option<Arc<KeySet>> {
        assert!(Arc::ptr_eq(known, &self.0));
        *self.2.lock().unwrap() += 1;
        Some(self.1.clone())
    }
}

#[tokio::test]
async fn a_newer_set_is_asked_for_when_a_key_is_not_in_the_known_one_and_only_then() {
    let (old, new) = (Key::generate(), Key::generate());
    let keys = Replaced(set(&[old.jwk("a")]), set(&[new.jwk("a"), new.jwk("b")]), Mutex::new(0));
    let asked = || *keys.2.lock().unwrap();
    assert_eq!(rule().check(&old.request("a", "read"), &keys).await, Ok(()));
    assert_eq!(rule().check(&old.request("a", "other"), &keys).await, Err(TokenFault::Scope));
    assert_eq!(asked(), 0);
    for kid in ["a", "b"] {
        assert_eq!(rule().check(&new.request(kid, "read"), &keys).await, Ok(()));
    }
    assert_eq!(asked(), 2);
}

/// No key set was fetched so far.
struct Nothing;

impl KeySource for Nothing {
    async fn current(&self) -> Option<Arc<KeySet>> {
        None
    }
}

#[tokio::test]
async fn without_a_key_set_nobody_passes_and_it_is_nobodys_fault() {
    let request = Key::generate().request("a", "read");
    let refused = rule().check(&request, &Nothing).await.unwrap_err();
    assert_eq!(refused, TokenFault::KeysUnavailable);
    assert_eq!((refused.status().as_u16(), refused.challenge()), (503, None));
}
