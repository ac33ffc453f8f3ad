//! Keys that OpenSSL encrypted in its own format, before PKCS#8 existed.
//!
//! Source: docs/spec/oci-request-signing.md#private-keys.

use aes::{Aes128, Aes192, Aes256};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use des::TdesEde3;
use md5::{Digest, Md5};
use zeroize::{Zeroize, Zeroizing};

use super::error::KeyError;
use super::pem::{Block, Cipher, Kind};
use crate::secret::Secret;

/// Decrypts the content of a block as its header says.
pub(super) fn decrypt(block: &Block, passphrase: &[u8]) -> Result<Secret, KeyError> {
    let Cipher { kind, vector } = block.cipher.as_ref().ok_or(KeyError::Invalid)?;
    let der = &block.der;
    match kind {
        Kind::Aes128 => cbc::<Decryptor<Aes128>>(der, passphrase, vector, 16),
        Kind::Aes192 => cbc::<Decryptor<Aes192>>(der, passphrase, vector, 24),
        Kind::Aes256 => cbc::<Decryptor<Aes256>>(der, passphrase, vector, 32),
        Kind::TripleDes => cbc::<Decryptor<TdesEde3>>(der, passphrase, vector, 24),
    }
}

fn cbc<D: KeyIvInit + BlockModeDecrypt>(
    der: &Secret,
    passphrase: &[u8],
    vector: &[u8],
    size: usize,
) -> Result<Secret, KeyError> {
    let key = derive(passphrase, vector, size)?;
    let cipher = D::new_from_slices(&key, vector).map_err(|_length| KeyError::Invalid)?;
    let mut der = der.clone();
    let content = cipher.decrypt_padded::<Pkcs7>(&mut der);
    let length = content.map_err(|_padding| KeyError::InvalidKeyOrWrongPassphrase)?.len();
    der.truncate(length);
    Ok(der)
}

/// OpenSSL's `EVP_BytesToKey`: MD5, one round, salted with the first eight bytes of the initial
/// vector.
fn derive(passphrase: &[u8], vector: &[u8], size: usize) -> Result<Secret, KeyError> {
    let salt = vector.get(..8).ok_or(KeyError::Invalid)?;
    let mut key = Zeroizing::new(Vec::with_capacity(size + 16));
    let mut digest = Vec::new();
    while key.len() < size {
        let mut hash = Md5::new_with_prefix(&digest);
        hash.update(passphrase);
        hash.update(salt);
        digest.zeroize();
        digest = hash.finalize().to_vec();
        key.extend_from_slice(&digest);
    }
    digest.zeroize();
    key.truncate(size);
    Ok(key)
}
