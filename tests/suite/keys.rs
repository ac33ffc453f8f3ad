//! Are all forms of private keys read, and all others refused without a word of them?

use model_deployment_fn::oci::{KeyError, PrivateKey};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::data;

const PBES1: &str = "test-rsa2048-a.pkcs8-pbes1-3des.pem";

fn load(file: &str, passphrase: &Value) -> Result<PrivateKey, KeyError> {
    PrivateKey::from_pem(
        &data::bytes(&format!("keys/{file}")),
        passphrase.as_str().map(str::as_bytes),
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn items_22_and_26_every_key_loads_and_is_known_by_its_fingerprint() {
    let mut loaded = 0;
    for key in data::json("keys/index.json")["keys"].as_array().unwrap() {
        for file in key["private_key_files"].as_array().unwrap() {
            let name = file["file"].as_str().unwrap();
            if name == PBES1 || key["bits"] == 1024 {
                assert!(load(name, &file["passphrase"]).is_err(), "{name}");
                continue;
            }
            let private =
                load(name, &file["passphrase"]).unwrap_or_else(|error| panic!("{name}: {error}"));
            let public = private.public_key();
            assert_eq!(hex(&Sha256::digest(public.modulus())), key["modulus_sha256_hex"], "{name}");
            assert_eq!(public.fingerprint(), key["api_key_fingerprint_md5"], "{name}");
            assert_eq!(public.sanitised(), key["sanitised_public_key"], "{name}");
            assert!(public.is_jwk(&key["jwk"]), "{name}");
            loaded += 1;
        }
    }
    assert!(loaded >= 15, "{loaded}");
}

#[test]
fn items_23_and_24_the_refusals_are_those_expected() {
    for row in data::json("keys/keyload.json")["rows"].as_array().unwrap() {
        let file = row["file"].as_str().unwrap();
        let result = load(file, &row["passphrase"]);
        if file == PBES1 || file.starts_with("docs-sample") || row["must_be_refused"] == true {
            assert!(result.is_err(), "{file}");
            continue;
        }
        match row["python_sdk"]["error"].as_str() {
            None => assert!(result.is_ok(), "{file}: {result:?}"),
            Some("passphrase_missing") => {
                assert_eq!(result.unwrap_err(), KeyError::PassphraseMissing, "{file}");
            }
            Some("invalid_key_or_wrong_passphrase") => {
                assert_eq!(result.unwrap_err(), KeyError::InvalidKeyOrWrongPassphrase, "{file}");
            }
            Some(other) => panic!("{file}: {other}"),
        }
    }
}

#[test]
fn item_24_each_bad_file_has_its_own_reason() {
    for (file, reason) in [
        ("bad-ec-p256.pkcs8.pem", KeyError::NotRsa),
        ("bad-public-key.pem", KeyError::PublicKey),
        ("bad-truncated.pem", KeyError::NotPem),
        ("bad-not-pem.txt", KeyError::NotPem),
        ("bad-empty.pem", KeyError::NotPem),
        ("docs-sample-rsa1024.pkcs1.pem", KeyError::TooSmall(1024)),
    ] {
        assert_eq!(load(file, &Value::Null).unwrap_err(), reason, "{file}");
    }
}

#[test]
fn item_49_a_key_shows_nothing_of_itself() {
    let key = load("test-rsa2048-a.pkcs8.pem", &Value::Null).unwrap();
    assert_eq!(format!("{key:?}"), "PrivateKey(redacted)");
}
