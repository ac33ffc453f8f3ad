//! Does a key file that asks for endless work, or for all memory, end at once?

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use oracle_cloud_client::{KeyError, PrivateKey};
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::{Kdf, Parameters};
use rsa::pkcs1::der::Encode;

use crate::data;

/// An encrypted key of the vectors, with another derivation.
fn load(file: &str, change: impl Fn(&mut Kdf)) -> Result<PrivateKey, KeyError> {
    let text = data::text(&format!("keys/{file}"));
    let base64: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(base64).unwrap();
    let mut info = EncryptedPrivateKeyInfoRef::try_from(der.as_slice()).unwrap();
    let EncryptionScheme::Pbes2(Parameters { kdf, .. }) = &mut info.encryption_algorithm else {
        panic!("{file}: not PBES2");
    };
    change(kdf);
    let label = "ENCRYPTED PRIVATE KEY";
    let base64 = STANDARD.encode(info.to_der().unwrap());
    let pem = format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n");
    PrivateKey::from_pem(pem.as_bytes(), Some(data::text("keys/passphrase-a.txt").as_bytes()))
}

fn scrypt(n: u64, r: u16, p: u16) -> Result<PrivateKey, KeyError> {
    load("test-rsa2048-a.pkcs8-scrypt.pem", |kdf| {
        let Kdf::Scrypt(scrypt) = kdf else { panic!("not scrypt") };
        (scrypt.cost_parameter, scrypt.block_size, scrypt.parallelization) = (n, r, p);
    })
}

fn pbkdf2(rounds: u32) -> Result<PrivateKey, KeyError> {
    load("test-rsa2048-a.pkcs8-aes256-sha256.pem", |kdf| {
        let Kdf::Pbkdf2(pbkdf2) = kdf else { panic!("not PBKDF2") };
        pbkdf2.iteration_count = rounds;
    })
}

#[test]
fn oci_signing_24_a_key_that_asks_for_endless_work_is_refused_at_once() {
    assert!(load("test-rsa2048-a.pkcs8-scrypt.pem", |_| {}).is_ok());
    for (n, r, p) in [(1 << 40, 8, 1), (1 << 22, 8, 1), (1 << 14, 8, u16::MAX), (1 << 63, 1, 1)] {
        assert_eq!(scrypt(n, r, p).unwrap_err(), KeyError::TooCostly, "{n} {r} {p}");
    }
    for rounds in [10_000_001, u32::MAX] {
        assert_eq!(pbkdf2(rounds).unwrap_err(), KeyError::TooCostly, "{rounds}");
    }
}

#[test]
fn oci_signing_24_a_key_whose_derivation_makes_no_sense_is_refused() {
    for (n, r, p) in [(0, 8, 1), (3, 8, 1), (1 << 14, 0, 1), (1 << 14, 8, 0)] {
        assert!(scrypt(n, r, p).is_err(), "{n} {r} {p}");
    }
    assert!(pbkdf2(0).is_err());
}

#[test]
fn oci_signing_24_a_derivation_dearer_than_usual_is_made() {
    // Another derivation than the one it was encrypted with: the key is wrong, and only that.
    let wrong = KeyError::InvalidKeyOrWrongPassphrase;
    assert_eq!(scrypt(1 << 15, 8, 1).unwrap_err(), wrong);
    assert_eq!(pbkdf2(20_000).unwrap_err(), wrong);
}
