//! Are keys of older OpenSSL read with the feature `legacy-keys`, and refused with a reason without
//! it?

use oracle_cloud_signature::{KeyError, PrivateKey};

/// What older OpenSSL makes of one key: its own format, and PBES1.
const LEGACY: [&[u8]; 2] = [
    include_bytes!("../testdata/rsa2048.legacy-aes256.pem"),
    include_bytes!("../testdata/rsa2048.pkcs8-pbes1-3des.pem"),
];

fn read(pem: &[u8]) -> Result<PrivateKey, KeyError> {
    PrivateKey::from_pem(pem, Some(b"test passphrase=1"))
}

#[cfg(feature = "legacy-keys")]
#[test]
fn with_the_feature_both_older_encryptions_are_read() {
    for pem in LEGACY {
        let read = read(pem);
        assert!(read.is_ok(), "{read:?}");
    }
}

#[cfg(not(feature = "legacy-keys"))]
#[test]
fn without_the_feature_both_older_encryptions_are_refused_and_the_feature_is_named() {
    for pem in LEGACY {
        let error = read(pem).unwrap_err();
        assert!(matches!(error, KeyError::UnsupportedEncryption(_)), "{error}");
        assert!(error.to_string().contains("`legacy-keys`"), "{error}");
    }
}

#[test]
fn pbes2_is_read_with_or_without_it() {
    assert!(read(include_bytes!("../testdata/rsa2048.pkcs8-aes256-sha256.pem")).is_ok());
}
