//! `mdfn jwk`: every pitfall of turning an identity domain's key set into static keys.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use emulator::gateway::spec::Specification;
use emulator::identity::IdentityDomain;
use emulator::keys::Key;
use rsa::pkcs8::DecodePublicKey;
use serde_json::{Value, json};

use crate::{Done, mdfn, mdfn_full};

fn keys(done: &Done) -> Vec<Value> {
    assert_eq!(done.code, 0, "{done:?}");
    serde_json::from_str(&done.stdout).unwrap()
}

fn set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

/// A member as real domains publish it: certificates, and operations without `verify`.
fn published(key: &Key, kid: &str) -> Value {
    let mut jwk = key.jwk(kid);
    let members = jwk.as_object_mut().unwrap();
    members.insert("key_ops".to_owned(), json!(["encrypt", "sign"]));
    members.insert("x5t".to_owned(), json!("x"));
    members.insert("x5t#S256".to_owned(), json!("x"));
    members.insert("x5c".to_owned(), json!(["MIIredacted"]));
    jwk
}

fn with(mut jwk: Value, member: &str, value: Value) -> Value {
    jwk.as_object_mut().unwrap().insert(member.to_owned(), value);
    jwk
}

#[test]
fn what_the_gateway_does_not_know_is_left_out() {
    let key = Key::generate();
    let found = keys(&mdfn(&["jwk"], &set(&[published(&key, "SIGNING_KEY")])));
    let plain = key.jwk("SIGNING_KEY");
    assert_eq!(
        found,
        [json!({
            "format": "JSON_WEB_KEY", "kid": "SIGNING_KEY", "kty": "RSA", "alg": "RS256", "use": "sig",
            "n": plain["n"], "e": plain["e"],
        })]
    );
}

#[test]
fn a_single_key_an_array_and_a_set_are_one() {
    let key = published(&Key::generate(), "k");
    let of_set = keys(&mdfn(&["jwk", "-"], &set(std::slice::from_ref(&key))));
    assert_eq!(keys(&mdfn(&["jwk"], &key.to_string())), of_set);
    assert_eq!(keys(&mdfn(&["jwk"], &json!([key]).to_string())), of_set);
}

#[test]
fn other_writings_of_a_modulus_become_base64url_without_padding_and_leading_zero() {
    let key = Key::generate();
    let jwk = key.jwk("k");
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    let zero = [&[0], modulus.as_slice()].concat();
    for n in [STANDARD.encode(&modulus), STANDARD.encode(&zero), URL_SAFE_NO_PAD.encode(&zero)] {
        let found = keys(&mdfn(&["jwk"], &set(&[with(jwk.clone(), "n", json!(n))])));
        assert_eq!(found[0]["n"], jwk["n"], "{n}");
    }
}

#[test]
fn an_absent_algorithm_is_rs256_and_the_other_two_stay() {
    let mut without = Key::generate().jwk("a");
    without.as_object_mut().unwrap().remove("alg");
    let other = with(Key::generate().jwk("b"), "alg", json!("RS512"));
    let found = keys(&mdfn(&["jwk"], &set(&[without, other])));
    assert_eq!((&found[0]["alg"], &found[1]["alg"]), (&json!("RS256"), &json!("RS512")));
}

#[test]
fn pem_is_the_same_key_with_the_markers_that_are_required() {
    let key = Key::generate();
    let found = keys(&mdfn(&["jwk", "--pem"], &set(&[published(&key, "k")])));
    assert_eq!((&found[0]["format"], &found[0]["kid"]), (&json!("PEM"), &json!("k")));
    let pem = found[0]["key"].as_str().unwrap();
    assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{pem}");
    assert_eq!(&rsa::PublicKey::from_public_key_pem(pem).unwrap(), key.public());
}

#[test]
fn keys_that_a_gateway_cannot_use_are_left_out_with_the_reason() {
    let good = Key::generate().jwk("good");
    let short = URL_SAFE_NO_PAD.encode([0xc1; 128]);
    let bad = [
        (json!({ "kty": "EC", "kid": "bad", "crv": "P-256", "x": "a", "y": "b" }), "not RSA"),
        (with(Key::generate().jwk("bad"), "use", json!("enc")), "`use` is not `sig`"),
        (with(Key::generate().jwk("bad"), "alg", json!("RSA-OAEP")), "`alg` is not"),
        (with(Key::generate().jwk("bad"), "n", json!("!")), "are no RSA key"),
        (with(Key::generate().jwk("bad"), "n", json!(short)), "1024 bits"),
        (json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" }), "without `kid`"),
    ];
    for (key, why) in bad {
        let beside = mdfn(&["jwk"], &set(&[key.clone(), good.clone()]));
        assert_eq!(keys(&beside).len(), 1);
        assert!(beside.stderr.contains(why), "{beside:?}");
        let alone = mdfn(&["jwk"], &set(&[key]));
        assert_eq!((alone.code, alone.stdout.as_str()), (1, ""));
        assert!(alone.stderr.contains(why) && alone.stderr.contains("no usable key"), "{alone:?}");
    }
}

#[test]
fn the_name_or_the_token_chooses_among_keys() {
    let (first, second) = (Key::generate(), Key::generate());
    let both = set(&[published(&first, "a"), published(&second, "b")]);
    let found = keys(&mdfn(&["jwk", "--kid", "b"], &both));
    assert_eq!((found.len(), &found[0]["n"]), (1, &second.jwk("b")["n"]));
    let unknown = mdfn(&["jwk", "--kid", "c"], &both);
    assert!(unknown.code == 1 && unknown.stderr.contains("it has `a`, `b`"), "{unknown:?}");

    // A domain keeps the name of its key: the token tells which of two it is.
    let files = tempfile::tempdir().unwrap();
    let token = files.path().join("token");
    let header = json!({ "alg": "RS256", "kid": "SIGNING_KEY" });
    fs::write(&token, second.token(&header, &json!({}))).unwrap();
    let token = token.to_str().unwrap();
    let same = set(&[published(&first, "SIGNING_KEY"), published(&second, "SIGNING_KEY")]);
    let ambiguous = mdfn(&["jwk"], &same);
    assert!(ambiguous.code == 1 && ambiguous.stderr.contains("--token"), "{ambiguous:?}");
    let found = keys(&mdfn(&["jwk", "--token", token], &same));
    assert_eq!((found.len(), &found[0]["n"]), (1, &second.jwk("b")["n"]));
    let rotated = mdfn(&["jwk", "--token", token], &set(&[published(&first, "SIGNING_KEY")]));
    assert!(rotated.code == 1 && rotated.stderr.contains("none of the keys"), "{rotated:?}");
}

#[test]
fn more_keys_than_a_gateway_takes_are_refused() {
    let key = Key::generate();
    let many: Vec<Value> = (0..11).map(|at| key.jwk(&at.to_string())).collect();
    let done = mdfn(&["jwk"], &set(&many));
    assert!(done.code == 1 && done.stderr.contains("11 keys"), "{done:?}");
    assert_eq!(keys(&mdfn(&["jwk"], &set(many.get(1..).unwrap()))).len(), 10);
}

#[test]
fn what_is_no_key_set_is_wrong_usage() {
    for input in ["", "<html>", "{}", "[]x", "7"] {
        let done = mdfn(&["jwk"], input);
        assert!(done.code == 2 && done.stderr.contains("not a key set"), "{input:?} {done:?}");
    }
    let done = mdfn(&["jwk", "/nowhere/keys.json"], "");
    assert!(done.code == 2 && done.stderr.contains("/nowhere/keys.json"), "{done:?}");
}

#[tokio::test]
async fn the_url_of_a_domain_is_enough_and_a_gateway_takes_the_result() {
    let identity = IdentityDomain::start(0, Vec::new()).await.unwrap();
    let url = identity.url();
    let found = tokio::task::spawn_blocking(move || {
        let whole = format!("{url}/admin/v1/SigningCert/jwk");
        let found = keys(&mdfn(&["jwk", &url], ""));
        assert_eq!(keys(&mdfn(&["jwk", &format!("{url}/")], "")), found);
        assert_eq!(keys(&mdfn(&["jwk", &whole], "")), found);
        let wrong = mdfn(&["jwk", &format!("{url}/nothing")], "");
        assert!(wrong.code == 3 && wrong.stderr.contains("status 404"), "{wrong:?}");
        found
    });
    let found = found.await.unwrap();
    // The key set as it is published is refused; what the command made of it is taken.
    let specification = |keys: &Value| {
        let additional = json!({ "issuers": ["i"], "audiences": ["a"] });
        let policy = json!({ "type": "STATIC_KEYS", "keys": keys, "additionalValidationPolicy": additional });
        let authentication = json!({
            "type": "TOKEN_AUTHENTICATION", "tokenHeader": "Authorization", "tokenAuthScheme": "Bearer",
            "validationPolicy": policy,
        });
        let specification =
            json!({ "requestPolicies": { "authentication": authentication }, "routes": [] });
        Specification::parse(&specification.to_string())
    };
    assert!(specification(&json!(found)).is_ok());
    assert!(specification(&identity.jwks()["keys"]).is_err());
}

#[test]
fn a_host_that_is_not_there_and_plain_http_to_another_machine_are_named() {
    let gone = mdfn(&["jwk", "http://127.0.0.1:9"], "");
    assert!(gone.code == 3 && gone.stderr.contains("127.0.0.1:9"), "{gone:?}");
    let plain = mdfn(&["jwk", "http://domain.example/"], "");
    assert!(plain.code == 2 && plain.stderr.contains("expected https"), "{plain:?}");
}

#[test]
fn a_hostile_set_does_not_write_on_the_terminal() {
    let key = |kid: String| json!({ "kty": "EC", "kid": kid });
    let mut members = vec![key("a\u{1b}[2J\u{202e}b".to_owned()), key("x".repeat(5000))];
    members.extend((0..40).map(|at| key(at.to_string())));
    members.push(Key::generate().jwk("good\u{7}"));
    let done = mdfn(&["jwk"], &set(&members));
    assert_eq!(keys(&done).len(), 1);
    assert!(done.stderr.contains("`a?[2J?b`"), "{done:?}");
    assert!(done.stderr.lines().all(|line| line.len() < 200), "{done:?}");
    assert_eq!(done.stderr.matches("is left out").count(), 10);
    assert!(done.stderr.contains("and 32 more"), "{done:?}");
    let unknown = mdfn(&["jwk", "--kid", "\u{1b}c"], &set(&members));
    assert!(unknown.code == 1 && !unknown.stderr.contains(['\u{1b}', '\u{7}']), "{unknown:?}");
    members.pop();
    let none = mdfn(&["jwk"], &set(&members));
    assert!(none.code == 1 && none.stderr.contains("and 32 more"), "{none:?}");
    assert!(!none.stderr.contains('\u{1b}') && none.stderr.len() < 4000, "{none:?}");
}

#[test]
fn a_key_with_an_empty_name_is_refused() {
    let done = mdfn(&["jwk"], &set(&[Key::generate().jwk("")]));
    assert!(done.code == 1 && done.stderr.contains("`kid` is empty"), "{done:?}");
}

#[test]
fn a_url_is_known_in_capitals_and_missed_where_it_has_no_scheme() {
    let done = mdfn(&["jwk", "HTTPS://127.0.0.1:9/"], "");
    assert!(done.code == 3 && done.stderr.contains("127.0.0.1:9"), "{done:?}");
    let done = mdfn(&["jwk", "idcs-x.identity.oraclecloud.com"], "");
    assert!(done.code == 2 && done.stderr.contains("a URL begins with `https://`"), "{done:?}");
}

#[test]
fn more_than_10_mib_is_not_read() {
    let done = mdfn(&["jwk", "/dev/zero"], "");
    assert!(done.code == 2 && done.stderr.contains("larger than 10 MiB"), "{done:?}");
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("keys.json");
    let text = set(&[Key::generate().jwk("k")]);
    let padding = " ".repeat(10 * 1024 * 1024 - text.len());
    fs::write(&file, format!("{text}{padding}")).unwrap();
    assert_eq!(keys(&mdfn(&["jwk", file.to_str().unwrap()], "")).len(), 1);
    let done = mdfn(&["jwk"], &format!("{text}{padding} "));
    assert!(done.code == 2 && done.stderr.contains("larger than 10 MiB"), "{done:?}");
}

#[test]
fn standard_input_is_named_once() {
    let done = mdfn(&["jwk", "-", "--token", "-"], &set(&[Key::generate().jwk("k")]));
    assert!(done.code == 2 && done.stderr.contains("more than once"), "{done:?}");
}

#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    let done = mdfn_full(&["jwk"], &set(&[Key::generate().jwk("k")]));
    assert!(done.code == 1 && done.stderr.contains("cannot be written"), "{done:?}");
}

#[test]
fn a_byte_order_mark_before_a_token_and_a_key_set_is_skipped() {
    let files = tempfile::tempdir().unwrap();
    let token = files.path().join("token");
    let input = format!("\u{feff}{}", set(&[Key::generate().jwk("k")]));
    assert_eq!(keys(&mdfn(&["jwk"], &input)).len(), 1);
    for (bytes, said) in [("\u{feff}words", "not a token"), ("\u{feff}\u{feff}", "not a token")] {
        fs::write(&token, bytes).unwrap();
        let done = mdfn(&["jwk", "--token", token.to_str().unwrap()], &input);
        assert!(done.code == 2 && done.stderr.contains(said), "{done:?}");
    }
}

/// A specification with these static keys.
fn specification(keys: &[Value]) -> String {
    let policy = json!({
        "type": "TOKEN_AUTHENTICATION",
        "validation-policy": { "type": "STATIC_KEYS", "keys": keys },
    });
    json!({ "data": { "specification": { "request-policies": { "authentication": policy } } } })
        .to_string()
}

#[test]
fn check_says_whether_a_specification_has_the_key_that_the_domain_signs_with() {
    let (old, new) = (Key::generate(), Key::generate());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    fs::write(&file, set(&[published(&new, "SIGNING_KEY")])).unwrap();
    let file = file.to_str().unwrap();
    let check = |specification: &str| mdfn(&["jwk", "--check", "-", file], specification);
    let entry = |key: &Key, kid: &str| with(key.jwk(kid), "format", json!("JSON_WEB_KEY"));
    let pem = keys(&mdfn(&["jwk", "--pem", file], ""));

    for present in [vec![entry(&new, "SIGNING_KEY")], pem] {
        let done = check(&specification(&present));
        assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done:?}");
        assert_eq!(done.stdout, "the specification has the key `SIGNING_KEY`\n");
    }
    let both = [entry(&old, "OLD"), entry(&new, "SIGNING_KEY")];
    let done = check(&specification(&both));
    assert!(done.code == 0 && done.stderr.contains("also has `OLD`"), "{done:?}");

    let replaced = check(&specification(&[entry(&old, "SIGNING_KEY")]));
    assert!(replaced.stderr.contains("the name exists, with another key"), "{replaced:?}");
    let renamed = check(&specification(&[entry(&new, "OTHER")]));
    for done in [replaced, renamed] {
        assert_eq!((done.code, done.stdout.as_str()), (1, ""), "{done:?}");
        assert!(done.stderr.contains("signs with the key `SIGNING_KEY`"), "{done:?}");
    }
}

#[test]
fn check_says_where_there_is_nothing_to_compare() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    fs::write(&file, set(&[Key::generate().jwk("k")])).unwrap();
    let file = file.to_str().unwrap();
    let check =
        |specification: &Value| mdfn(&["jwk", "--check", "-", file], &specification.to_string());
    let policy = |validation: Value| {
        json!({ "routes": [], "requestPolicies": { "authentication": {
            "type": "TOKEN_AUTHENTICATION", "validationPolicy": validation } } })
    };
    let fetched = json!({ "type": "REMOTE_JWKS", "uri": "https://domain.example/jwk" });
    let done = check(&policy(fetched));
    assert!(done.code == 0 && done.stdout.contains("asks https://domain.example/jwk"), "{done:?}");
    let done = check(&json!({ "routes": [] }));
    assert!(done.code == 1 && done.stderr.contains("has no keys"), "{done:?}");
    let done = check(&json!({ "no": "specification" }));
    assert!(done.code == 2 && done.stderr.contains("not a deployment specification"), "{done:?}");
    for arguments in [vec!["jwk", "--check", "-"], vec!["jwk", "--check", "-", "--pem", file]] {
        let done = mdfn(&arguments, "{}");
        assert!(done.code == 2 && done.stdout.is_empty(), "{done:?}");
    }
}
