//! What of the configuration is refused, and by which name.

use std::fs;

use crate::setup::{domain, mistakes, settings};

const ISSUER: (&str, &str) = ("TOKEN_ISSUER", "https://issuer.example/");
const AUDIENCE: (&str, &str) = ("TOKEN_AUDIENCE", "https://gateway.example/");
const SCOPE: (&str, &str) = ("TOKEN_SCOPE", "predict");
const KEYS: (&str, &str) = ("TOKEN_KEYS", "https://issuer.example/keys");

#[test]
fn half_of_a_kind_is_refused_and_what_is_missing_is_named() {
    settings(&[ISSUER, AUDIENCE, SCOPE, KEYS]).unwrap();
    for missing in 0..4 {
        let mut vars = vec![ISSUER, AUDIENCE, SCOPE, KEYS];
        let (name, _) = vars.remove(missing);
        let beside = vars[0].0;
        let expected = [format!("{name} is not set; expected it beside {beside}")];
        assert_eq!(mistakes(&vars), expected);
        // Set to nothing is not set.
        vars.push((name, "  "));
        assert_eq!(mistakes(&vars), expected);
    }
    assert_eq!(mistakes(&[KEYS]).len(), 3);
}

#[test]
fn both_kinds_are_refused() {
    let secret = ("GATEWAY_SECRET_FILE", "/nowhere");
    let expected = "GATEWAY_SECRET_FILE and TOKEN_AUDIENCE are both set; expected one of them";
    assert_eq!(mistakes(&[secret, AUDIENCE]), [expected]);
}

#[test]
fn a_place_of_keys_is_a_file_or_an_https_url() {
    for bad in [
        "http://issuer.example/keys",
        "http://127.0.0.1/keys",
        "file:///etc/keys",
        "https://",
        "https:///keys",
        "https://user@issuer.example/keys",
        "https://user:canary@issuer.example/keys",
        "https://issuer.example:port/keys",
        "https://issuer.example:0/keys",
        "https://issuer example/keys",
        "https://127.1/keys",
        "https://169.254.169.254/keys",
        "://",
    ] {
        let expected =
            "TOKEN_KEYS is not the path of a JSON Web Key Set, or the `https` URL of one";
        assert_eq!(mistakes(&[ISSUER, AUDIENCE, SCOPE, ("TOKEN_KEYS", bad)]), [expected], "{bad}");
    }
    let keys = ("TOKEN_KEYS", "HTTPS://issuer.example/keys");
    settings(&[ISSUER, AUDIENCE, SCOPE, keys]).unwrap();
}

#[test]
fn a_scope_is_one_scope() {
    for bad in ["read predict", "pre\"dict", "pre\\dict", "prédict"] {
        let expected = "TOKEN_SCOPE is not one scope, without blanks, such as `predict`";
        assert_eq!(mistakes(&[ISSUER, AUDIENCE, KEYS, ("TOKEN_SCOPE", bad)]), [expected], "{bad}");
    }
}

#[tokio::test]
async fn a_file_without_keys_is_refused_and_one_with_keys_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let keys = ("TOKEN_KEYS", path.to_str().unwrap());
    let vars = [ISSUER, AUDIENCE, SCOPE, keys];
    let many = format!("{{\"keys\":[{}]}}", vec!["{}"; 33].join(","));
    for bad in
        ["", "keys", "{}", "[]", r#"{"keys":[]}"#, r#"{"keys":{}}"#, "{\"keys\":[{}]}", &many]
    {
        fs::write(&path, bad).unwrap();
        let mistakes = mistakes(&vars);
        assert!(mistakes[0].starts_with("TOKEN_KEYS names a file that is not a JSON Web Key Set"));
    }
    fs::write(&path, domain().await.jwks().to_string()).unwrap();
    settings(&vars).unwrap();
    fs::remove_file(&path).unwrap();
    assert!(mistakes(&vars)[0].starts_with("TOKEN_KEYS names a file that cannot be read"));
}
