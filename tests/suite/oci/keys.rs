//! Are all forms of private keys read, and all others refused without a word of them?

use oracle_cloud_client::{KeyError, PrivateKey};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::data;

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
fn oci_signing_22_and_26_every_key_loads_and_is_known_by_its_fingerprint() {
    let mut loaded = 0;
    for key in data::json("keys/index.json")["keys"].as_array().unwrap() {
        for file in key["private_key_files"].as_array().unwrap() {
            let name = file["file"].as_str().unwrap();
            if key["bits"] == 1024 {
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
fn oci_signing_22_a_traditional_key_with_aes_192_loads() {
    let pem = include_bytes!("../../data/test-rsa2048-a.legacy-aes192.pem");
    let passphrase = data::bytes("keys/passphrase-a.txt");
    let plain = PrivateKey::from_pem(&data::bytes("keys/test-rsa2048-a.pkcs8.pem"), None).unwrap();
    let loaded = PrivateKey::from_pem(pem, Some(&passphrase)).unwrap();
    assert_eq!(loaded.public_key(), plain.public_key());
    let wrong = PrivateKey::from_pem(pem, Some(b"wrong")).unwrap_err();
    assert_eq!(wrong, KeyError::InvalidKeyOrWrongPassphrase);
}

#[test]
fn oci_signing_23_and_24_the_refusals_are_those_expected() {
    for row in data::json("keys/keyload.json")["rows"].as_array().unwrap() {
        let file = row["file"].as_str().unwrap();
        let result = load(file, &row["passphrase"]);
        if file.starts_with("docs-sample") || row["must_be_refused"] == true {
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
fn oci_signing_24_each_bad_file_has_its_own_reason() {
    for (file, reason) in [
        ("bad-ec-p256.pkcs8.pem", KeyError::NotRsa("an EC key")),
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
fn oci_signing_49_a_key_shows_nothing_of_itself() {
    let key = load("test-rsa2048-a.pkcs8.pem", &Value::Null).unwrap();
    assert_eq!(format!("{key:?}"), "PrivateKey(redacted)");
}

#[test]
fn oci_signing_24_a_refusal_names_the_command_that_mends_it() {
    let block = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
    for (text, command) in [
        (block("OPENSSH PRIVATE KEY"), "`ssh-keygen -p -m PEM -f FILE`"),
        (block("PKCS12"), "`openssl pkcs12 -in FILE -nocerts -out NEW`"),
        ("PuTTY-User-Key-File-3: ssh-rsa\n".to_owned(), "`puttygen "),
        ("\u{0}-\u{0}-\u{0}-".to_owned(), "`iconv -f UTF-16 "),
    ] {
        let error = PrivateKey::from_pem(text.as_bytes(), None).unwrap_err().to_string();
        assert!(error.contains(command), "{text}: {error}");
    }
}

#[test]
fn oci_signing_25_what_stands_around_a_key_does_not_matter() {
    let plain = data::text("keys/test-rsa2048-a.pkcs8.pem");
    let expected = PrivateKey::from_pem(plain.as_bytes(), None).unwrap();
    let trimmed = plain.trim_end();
    for text in [
        format!("{plain}OCI_API_KEY\n"),
        format!("{trimmed}\nOCI_API_KEY"),
        plain.replace('\n', "\r\n"),
        trimmed.to_owned(),
        format!("\n\n  {plain}\n\n"),
        plain.replace('\n', " \n\t"),
        format!("Bag Attributes: none\n{plain}-----BEGIN CERTIFICATE-----\nAA==\n"),
        format!("{}{plain}", data::text("keys/test-rsa3072-b.public.pem")),
    ] {
        let key =
            PrivateKey::from_pem(text.as_bytes(), None).unwrap_or_else(|e| panic!("{e}: {text}"));
        assert_eq!(key.public_key(), expected.public_key());
    }
}

#[test]
fn oci_signing_23_and_24_no_refusal_shows_any_of_the_file_or_the_passphrase() {
    for row in data::json("keys/keyload.json")["rows"].as_array().unwrap() {
        let file = row["file"].as_str().unwrap();
        let Err(error) = load(file, &row["passphrase"]) else {
            continue;
        };
        let shown = format!("{error} {error:?}");
        let text = data::bytes(&format!("keys/{file}"));
        let lines = String::from_utf8_lossy(&text);
        let secret = lines.lines().filter(|line| line.len() > 20 && !line.starts_with("-----"));
        let passphrase = row["passphrase"].as_str().filter(|passphrase| !passphrase.is_empty());
        for secret in secret.chain(passphrase) {
            assert!(!shown.contains(secret), "{file}: {shown}");
        }
    }
}
