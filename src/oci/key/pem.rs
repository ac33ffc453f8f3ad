//! The PEM block of a key: cut out of its surroundings, and decrypted where OpenSSL encrypted it before PKCS#8.

use aes::{Aes128, Aes192, Aes256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use des::TdesEde3;
use md5::{Digest, Md5};
use zeroize::{Zeroize, Zeroizing};

use super::{KeyError, Secret};

/// One PEM block with a private key.
pub(super) struct Block {
    /// What stands between `BEGIN` and the dashes.
    pub(super) label: String,
    /// How the content is encrypted, if the block's own header says so.
    pub(super) cipher: Option<Cipher>,
    /// The content.
    pub(super) der: Secret,
}

/// The `DEK-Info` of a block: a cipher's name and its initial vector.
pub(super) struct Cipher {
    name: String,
    vector: Vec<u8>,
}

impl Block {
    /// Finds the first private key in a text. Lines before and after the block may say anything.
    pub(super) fn find(text: &[u8]) -> Result<Self, KeyError> {
        let text = std::str::from_utf8(text).ok().ok_or(KeyError::NotPem)?;
        let mut lines = text.lines().map(str::trim);
        let mut public = false;
        let label = loop {
            let line =
                lines.next().ok_or(if public { KeyError::PublicKey } else { KeyError::NotPem })?;
            let label =
                line.strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----"));
            match label {
                Some(label) if label.ends_with("PRIVATE KEY") => break label,
                Some(label) => public |= label.ends_with("PUBLIC KEY"),
                None => {}
            }
        };
        let end = format!("-----END {label}-----");
        let mut base64 = Zeroizing::new(String::with_capacity(text.len()));
        let mut cipher = None;
        loop {
            match lines.next().ok_or(KeyError::NotPem)? {
                line if line == end => break,
                line => match line.split_once(':') {
                    Some(("DEK-Info", info)) => cipher = Some(Cipher::parse(info)?),
                    Some(_) => {}
                    None => base64.push_str(line),
                },
            }
        }
        let der = STANDARD.decode(base64.as_bytes()).ok().ok_or(KeyError::Invalid)?;
        Ok(Self { label: label.to_owned(), cipher, der: Zeroizing::new(der) })
    }

    /// The content, decrypted as OpenSSL's traditional format encrypts it.
    pub(super) fn decrypt(&self, passphrase: &[u8]) -> Result<Secret, KeyError> {
        let Cipher { name, vector } = self.cipher.as_ref().ok_or(KeyError::Invalid)?;
        match name.as_str() {
            "AES-128-CBC" => self.cbc::<Decryptor<Aes128>>(passphrase, vector, 16),
            "AES-192-CBC" => self.cbc::<Decryptor<Aes192>>(passphrase, vector, 24),
            "AES-256-CBC" => self.cbc::<Decryptor<Aes256>>(passphrase, vector, 32),
            "DES-EDE3-CBC" => self.cbc::<Decryptor<TdesEde3>>(passphrase, vector, 24),
            _ => Err(KeyError::UnsupportedEncryption),
        }
    }

    fn cbc<D: KeyIvInit + BlockModeDecrypt>(
        &self,
        passphrase: &[u8],
        vector: &[u8],
        size: usize,
    ) -> Result<Secret, KeyError> {
        let key = derive(passphrase, vector, size)?;
        let cipher = D::new_from_slices(&key, vector).ok().ok_or(KeyError::Invalid)?;
        let der = cipher
            .decrypt_padded_vec::<Pkcs7>(&self.der)
            .ok()
            .ok_or(KeyError::InvalidKeyOrWrongPassphrase)?;
        Ok(Zeroizing::new(der))
    }
}

impl Cipher {
    /// ```text
    /// DEK-Info: AES-256-CBC,0102030405060708090A0B0C0D0E0F10
    /// ```
    fn parse(info: &str) -> Result<Self, KeyError> {
        let (name, hex) = info.trim().split_once(',').ok_or(KeyError::Invalid)?;
        let pairs = hex.as_bytes().chunks(2);
        let byte = |pair| {
            std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())
        };
        let vector: Option<Vec<u8>> = pairs.map(byte).collect();
        Ok(Self { name: name.to_owned(), vector: vector.ok_or(KeyError::Invalid)? })
    }
}

/// OpenSSL's `EVP_BytesToKey`: MD5, one round, salted with the first eight bytes of the initial vector.
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
