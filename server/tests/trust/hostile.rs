//! Tokens and headers that must not pass: each has its status, and nothing of it is shown.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use emulator::gateway::signing_key::signing_keys;
use emulator::identity::ISSUER;
use emulator::keys::Key;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue};
use model_deployment_fn::predict::Error;
use model_deployment_server::trust::{NotAdmitted, Trust};
use oracle_cloud_token::TokenFault::{
    Algorithm, Audience, Claim, Expired, Issuer, KeysUnavailable, Malformed, Missing, NotYetValid,
    Repeated, Scope, Signature, TooLarge, Type, UnknownKey,
};
use serde_json::{Value, json};

use crate::setup::{
    AUDIENCE, EcKey, bearer, claims, claims_with, client, header, seconds, signed, token_settings,
};

/// What no answer and no line of a log may have.
const CANARY: &str = "canary";

fn rs256() -> Value {
    json!({ "alg": "RS256", "kid": "rsa", "typ": "JWT" })
}

fn rs256_with(name: &str, value: Value) -> Value {
    let mut header = rs256();
    header[name] = value;
    header
}

/// Headers of a token that is fine but for these claims.
fn claiming(key: &Key, others: &Value) -> HeaderMap {
    bearer(&key.token(&rs256(), &claims_with(others)))
}

/// Headers of a token that is fine but for its own header.
fn headed(key: &Key, header: &Value) -> HeaderMap {
    bearer(&key.token(header, &claims()))
}

fn unsigned(header: &Value) -> HeaderMap {
    bearer(&signed(header, &claims(), |_| Vec::new()))
}

/// A token whose parts are these texts.
fn raw(header: &str, claims: &str, key: &Key) -> HeaderMap {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    let message = format!("{header}.{claims}");
    bearer(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes()))))
}

type Case = (&'static str, HeaderMap, NotAdmitted);

fn headers_without_a_token() -> Vec<Case> {
    let missing = NotAdmitted::Token(Missing);
    let basic = format!("Basic {}", STANDARD.encode("canary:canary"));
    let twice = |first: &'static str, second: &'static str| {
        let values = [first, second].map(HeaderValue::from_static);
        values.into_iter().map(|value| (AUTHORIZATION, value)).collect()
    };
    vec![
        ("none", HeaderMap::new(), missing),
        ("an empty one", header("authorization", ""), missing),
        ("another scheme", header("authorization", &basic), missing),
        ("a signature", header("authorization", "Signature keyId=\"canary\""), missing),
        ("no scheme", header("authorization", "canary.canary.canary"), missing),
        ("a scheme that begins so", header("authorization", "Bearers canary"), missing),
        ("a tab after the scheme", header("authorization", "Bearer\tcanary"), missing),
        ("another header", header("x-authorization", "Bearer canary"), missing),
        ("a gateway's secret", header("x-gateway-secret", "canary-canary-canary"), missing),
        ("two", twice("Bearer canary", "Bearer canary"), NotAdmitted::Token(Repeated)),
        ("two schemes", twice("Basic canary", "Bearer canary"), NotAdmitted::Token(Repeated)),
        ("one and an empty one", twice("Bearer canary", ""), NotAdmitted::Token(Repeated)),
    ]
}

fn broken_tokens(key: &Key) -> Vec<Case> {
    let good = key.token(&rs256(), &claims());
    let parts: Vec<&str> = good.split('.').collect();
    let [head, body, signature] = parts[..] else { panic!("{good}") };
    let malformed = NotAdmitted::from(Malformed);
    let wrong = NotAdmitted::from(Signature);
    let text = |text: String| bearer(&text);
    let bytes = HeaderValue::from_bytes(b"Bearer \xff\xfe.canary.canary").unwrap();
    let mut flipped = URL_SAFE_NO_PAD.decode(signature).unwrap();
    flipped[0] ^= 1;
    let flipped = URL_SAFE_NO_PAD.encode(flipped);
    let other_claims = URL_SAFE_NO_PAD.encode(claims_with(&json!({ "sub": CANARY })).to_string());
    vec![
        ("the scheme alone", header("authorization", "Bearer"), malformed),
        ("an empty token", header("authorization", "Bearer   "), malformed),
        ("one word", text(CANARY.to_owned()), malformed),
        ("two parts", text(format!("{head}.{body}")), malformed),
        ("four parts", text(format!("{good}.{CANARY}")), malformed),
        ("five parts, as if encrypted", text(format!("{head}.{body}.{signature}.a.b")), malformed),
        ("a second token", text(format!("{good} {good}")), malformed),
        ("a list of tokens", text(format!("{good},{good}")), malformed),
        ("a parameter", text(format!("{good};{CANARY}")), malformed),
        ("quotes around it", text(format!("\"{good}\"")), malformed),
        ("bytes that are no text", HeaderMap::from_iter([(AUTHORIZATION, bytes)]), malformed),
        ("an empty header part", text(format!(".{body}.{signature}")), malformed),
        ("padding after a part", text(format!("{head}=.{body}.{signature}")), malformed),
        ("standard base64", text(format!("{head}.{body}.{}", STANDARD.encode("??>>"))), malformed),
        ("no claims", text(format!("{head}..{signature}")), wrong),
        ("no signature", text(format!("{head}.{body}.")), wrong),
        ("a bit of the signature", text(format!("{head}.{body}.{flipped}")), wrong),
        ("half a signature", text(format!("{head}.{body}.{}", &signature[..100])), wrong),
        ("other claims", text(format!("{head}.{other_claims}.{signature}")), wrong),
        ("a token of 8 KiB and one byte", text("x".repeat(8 * 1024 + 1)), TooLarge.into()),
        (
            "a token of 60 KiB",
            text(format!("{head}.{}.{signature}", "x".repeat(60_000))),
            TooLarge.into(),
        ),
        ("a header that is a list", raw("[]", "{}", key), malformed),
        ("a header that is a text", raw("\"canary\"", "{}", key), malformed),
        ("a header that ends early", raw("{\"alg\":\"RS256\"", "{}", key), malformed),
        ("a header after a header", raw("{\"alg\":\"RS256\"}{}", "{}", key), malformed),
        ("alg twice", raw("{\"alg\":\"RS256\",\"alg\":\"RS256\"}", "{}", key), malformed),
        ("claims that are a list", raw(&rs256().to_string(), "[]", key), malformed),
        ("claims that are null", raw(&rs256().to_string(), "null", key), malformed),
        ("claims that end early", raw(&rs256().to_string(), "{\"iss\":", key), malformed),
        ("claims so deep", raw(&rs256().to_string(), &"[".repeat(3000), key), malformed),
    ]
}

fn other_algorithms(key: &Key, elliptic: &EcKey, public: &str) -> Vec<Case> {
    let malformed = NotAdmitted::from(Malformed);
    let other = NotAdmitted::from(Algorithm);
    let hs256 = |secret: &[u8], kid: &str| {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let header = json!({ "alg": "HS256", "kid": kid });
        bearer(&signed(&header, &claims(), |text| hmac::sign(&secret, text).as_ref().to_vec()))
    };
    let n = URL_SAFE_NO_PAD.decode(key.jwk("a")["n"].as_str().unwrap()).unwrap();
    vec![
        ("alg none", unsigned(&json!({ "alg": "none", "kid": "rsa" })), malformed),
        ("alg None", unsigned(&json!({ "alg": "None" })), malformed),
        ("alg NONE, signed", headed(key, &rs256_with("alg", json!("NONE"))), malformed),
        ("an empty alg", headed(key, &rs256_with("alg", json!(""))), malformed),
        ("no alg", headed(key, &json!({ "kid": "rsa" })), malformed),
        ("alg null", headed(key, &rs256_with("alg", json!(null))), malformed),
        ("alg of a list", headed(key, &rs256_with("alg", json!(["RS256"]))), malformed),
        ("alg in lower case", headed(key, &rs256_with("alg", json!("rs256"))), malformed),
        ("HS256 with the key's PEM", hs256(public.as_bytes(), "rsa"), other),
        ("HS256 with the key's number", hs256(&n, "rsa"), other),
        ("HS256 with nothing", hs256(b"", "rsa"), other),
        ("HS256 and the elliptic key's name", hs256(b"secret", "ec"), other),
        ("RS384", headed(key, &rs256_with("alg", json!("RS384"))), other),
        ("RS512", headed(key, &rs256_with("alg", json!("RS512"))), other),
        ("PS256", headed(key, &rs256_with("alg", json!("PS256"))), other),
        ("ES384", headed(key, &rs256_with("alg", json!("ES384"))), other),
        ("EdDSA", headed(key, &rs256_with("alg", json!("EdDSA"))), other),
        (
            "ES256 with the RSA key's name",
            headed(key, &rs256_with("alg", json!("ES256"))),
            UnknownKey.into(),
        ),
        (
            "RS256 with the elliptic key's name",
            bearer(&elliptic.token(&json!({ "alg": "RS256", "kid": "ec" }), &claims())),
            UnknownKey.into(),
        ),
        (
            "ES256 of zeros",
            unsigned_with(&json!({ "alg": "ES256", "kid": "ec" }), 64),
            Signature.into(),
        ),
        ("RS256 of zeros", unsigned_with(&rs256(), 256), Signature.into()),
    ]
}

fn unsigned_with(header: &Value, zeros: usize) -> HeaderMap {
    bearer(&signed(header, &claims(), |_| vec![0; zeros]))
}

fn other_headers(key: &Key, stranger: &Key) -> Vec<Case> {
    let own = stranger.jwk("rsa");
    let malformed = NotAdmitted::from(Malformed);
    vec![
        ("another type", headed(key, &rs256_with("typ", json!("canary+jwt"))), Type.into()),
        ("an id token", headed(key, &rs256_with("typ", json!("id_token"))), Type.into()),
        ("a type that is empty", headed(key, &rs256_with("typ", json!(""))), Type.into()),
        ("a type that is a number", headed(key, &rs256_with("typ", json!(1))), malformed),
        ("another kid", headed(key, &rs256_with("kid", json!("canary"))), UnknownKey.into()),
        ("a kid that is empty", headed(key, &rs256_with("kid", json!(""))), UnknownKey.into()),
        (
            "a kid that is a path",
            headed(key, &rs256_with("kid", json!("../rsa"))),
            UnknownKey.into(),
        ),
        ("a kid that is a number", headed(key, &rs256_with("kid", json!(1))), malformed),
        ("a crit", headed(key, &rs256_with("crit", json!(["canary"]))), malformed),
        ("an empty crit", headed(key, &rs256_with("crit", json!([]))), malformed),
        ("b64 false", headed(key, &rs256_with("b64", json!(false))), malformed),
        ("a stranger's key", headed(stranger, &rs256()), Signature.into()),
        (
            "a stranger's key without a name",
            headed(stranger, &json!({ "alg": "RS256" })),
            Signature.into(),
        ),
        ("a key of its own", headed(stranger, &rs256_with("jwk", own)), Signature.into()),
        (
            "a key set of its own",
            headed(stranger, &rs256_with("jku", json!("https://canary.example/keys"))),
            Signature.into(),
        ),
        (
            "a certificate of its own",
            headed(stranger, &rs256_with("x5u", json!("https://canary.example/cert"))),
            Signature.into(),
        ),
    ]
}

fn other_claims(key: &Key) -> Vec<Case> {
    let (claim, malformed) = (NotAdmitted::from(Claim), NotAdmitted::from(Malformed));
    let now = seconds();
    let twice = format!(
        r#"{{"iss":"canary","iss":"{ISSUER}","aud":"{AUDIENCE}","scope":"predict","exp":{}}}"#,
        now + 600
    );
    vec![
        ("expired", claiming(key, &json!({ "exp": now - 31 })), Expired.into()),
        ("expired in 1970", claiming(key, &json!({ "exp": 0 })), Expired.into()),
        ("no exp", claiming(key, &json!({ "exp": null })), claim),
        ("exp that is a text", claiming(key, &json!({ "exp": (now + 600).to_string() })), claim),
        ("exp below zero", claiming(key, &json!({ "exp": -1 })), claim),
        ("exp beyond all numbers", claiming(key, &json!({ "exp": 1e300 })), claim),
        ("not valid yet", claiming(key, &json!({ "nbf": now + 40 })), NotYetValid.into()),
        ("nbf that is a text", claiming(key, &json!({ "nbf": "canary" })), claim),
        (
            "another issuer",
            claiming(key, &json!({ "iss": "https://canary.example/" })),
            Issuer.into(),
        ),
        (
            "the issuer without its slash",
            claiming(key, &json!({ "iss": ISSUER.trim_end_matches('/') })),
            Issuer.into(),
        ),
        ("no issuer", claiming(key, &json!({ "iss": null })), malformed),
        ("a list of issuers", claiming(key, &json!({ "iss": [ISSUER] })), malformed),
        ("two issuers", raw(&rs256().to_string(), &twice, key), malformed),
        ("another audience", claiming(key, &json!({ "aud": "canary" })), Audience.into()),
        ("other audiences", claiming(key, &json!({ "aud": ["canary", ""] })), Audience.into()),
        ("no audience in the list", claiming(key, &json!({ "aud": [] })), Audience.into()),
        ("no audience", claiming(key, &json!({ "aud": null })), claim),
        ("an audience that is a number", claiming(key, &json!({ "aud": 1 })), claim),
        (
            "an audience that begins so",
            claiming(key, &json!({ "aud": format!("{AUDIENCE}canary") })),
            Audience.into(),
        ),
        ("no scope", claiming(key, &json!({ "scope": null })), NotAdmitted::Token(Scope)),
        ("another scope", claiming(key, &json!({ "scope": "canary" })), NotAdmitted::Token(Scope)),
        (
            "the scope in capitals",
            claiming(key, &json!({ "scope": "PREDICT" })),
            NotAdmitted::Token(Scope),
        ),
        (
            "a scope that begins so",
            claiming(key, &json!({ "scope": "predict.canary" })),
            NotAdmitted::Token(Scope),
        ),
        (
            "scopes with commas",
            claiming(key, &json!({ "scope": "a,predict" })),
            NotAdmitted::Token(Scope),
        ),
        (
            "an empty list of scopes",
            claiming(key, &json!({ "scope": [] })),
            NotAdmitted::Token(Scope),
        ),
        (
            "scopes in one of a list",
            claiming(key, &json!({ "scope": ["a predict"] })),
            NotAdmitted::Token(Scope),
        ),
        ("a scope that is a number", claiming(key, &json!({ "scope": 1 })), malformed),
        (
            "a scope that is an object",
            claiming(key, &json!({ "scope": { "predict": true } })),
            malformed,
        ),
    ]
}

#[tokio::test]
async fn no_hostile_token_or_header_passes_and_nothing_of_it_is_shown() {
    let (key, stranger, elliptic) = (Key::generate(), Key::generate(), EcKey::generate());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let set = json!({ "keys": [key.jwk("rsa"), elliptic.jwk("ec")] });
    std::fs::write(&path, set.to_string()).unwrap();
    let trust = Trust::new(token_settings(path.to_str().unwrap()), None, &client().await).unwrap();
    trust.admit(&headed(&key, &rs256())).await.unwrap();
    let (keys, _others) = signing_keys(&set).unwrap();
    let pem = keys[0].pem();
    let public = pem["key"].as_str().unwrap();
    assert!(public.starts_with("-----BEGIN PUBLIC KEY-----"));
    let cases = [
        headers_without_a_token(),
        broken_tokens(&key),
        other_algorithms(&key, &elliptic, public),
        other_headers(&key, &stranger),
        other_claims(&key),
    ]
    .concat();
    assert!(cases.len() > 100, "{} cases", cases.len());
    for (what, headers, expected) in cases {
        let refused = trust.admit(&headers).await.err();
        assert_eq!(refused, Some(expected), "{what}");
        let given = format!("{expected} {expected:?} {:?}", expected.answer());
        assert!(!given.contains(CANARY), "{what}: {given}");
        for value in headers.values().filter_map(|value| value.to_str().ok()) {
            let parts = value.split(['.', ' ']).filter(|part| part.len() > 8);
            parts.for_each(|part| assert!(!given.contains(part), "{what}: {given}"));
        }
    }
}

#[test]
fn every_refusal_has_its_status_its_code_and_its_challenge() {
    let challenge = |error: &str| Some(format!("Bearer error=\"{error}\""));
    for (refused, status, code, expected) in [
        (NotAdmitted::SecretMissing, 403, "CallerNotAllowed", None),
        (NotAdmitted::SecretRepeated, 403, "CallerNotAllowed", None),
        (NotAdmitted::SecretWrong, 403, "CallerNotAllowed", None),
        (NotAdmitted::Token(Missing), 401, "NotAuthenticated", Some("Bearer".to_owned())),
        (NotAdmitted::Token(Repeated), 400, "InvalidParameter", challenge("invalid_request")),
        (Expired.into(), 401, "NotAuthenticated", challenge("invalid_token")),
        (NotAdmitted::Token(Scope), 403, "InsufficientScope", challenge("insufficient_scope")),
        (NotAdmitted::Token(KeysUnavailable), 503, "KeysUnavailable", None),
    ] {
        let answer = Error::from(refused.answer()).response(false, "this server");
        let headers = answer.headers();
        let given = headers.get(WWW_AUTHENTICATE).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!((answer.status().as_u16(), given), (status, expected));
        assert_eq!(refused.answer().code, code);
        assert_eq!(headers.contains_key("retry-after"), status == 503);
    }
}
