//! Are keys of older OpenSSL read with the feature `legacy-keys`, and refused with a reason without
//! it?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use oracle_cloud_signature::{KeyError, PrivateKey};

fn vector(name: &str) -> Vec<u8> {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/keys");
    fs::read(vectors.join(name)).unwrap()
}

fn read(name: &str) -> Result<PrivateKey, KeyError> {
    PrivateKey::from_pem(&vector(name), Some(vector("passphrase-a.txt").trim_ascii()))
}

const LEGACY: [&str; 2] =
    ["test-rsa2048-a.legacy-aes256.pem", "test-rsa2048-a.pkcs8-pbes1-3des.pem"];

#[cfg(feature = "legacy-keys")]
#[test]
fn with_the_feature_both_older_encryptions_are_read() {
    for name in LEGACY {
        assert!(read(name).is_ok(), "{name}");
    }
}

#[cfg(not(feature = "legacy-keys"))]
#[test]
fn without_the_feature_both_older_encryptions_are_refused_and_the_feature_is_named() {
    for name in LEGACY {
        let error = read(name).unwrap_err();
        assert!(matches!(error, KeyError::UnsupportedEncryption(_)), "{name}: {error}");
        assert!(error.to_string().contains("`legacy-keys`"), "{error}");
    }
}

#[test]
fn pbes2_is_read_with_or_without_it() {
    assert!(read("test-rsa2048-a.pkcs8-aes256-sha256.pem").is_ok());
}
