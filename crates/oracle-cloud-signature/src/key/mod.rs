//! Private keys: every PEM form that OCI users have, and the one operation that signing needs.

mod cost;
mod error;
mod foreign;
#[cfg(feature = "legacy-keys")]
mod legacy;
#[cfg(feature = "legacy-keys")]
mod pbes1;
mod pem;

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use md5::{Digest, Md5};
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::pkcs5;
use pkcs8::spki::SubjectPublicKeyInfoRef;
use rsa::pkcs1::der::asn1::{BitStringRef, UintRef};
use rsa::pkcs1::der::{Decode, Encode};
use rsa::pkcs1::{RsaPrivateKey, RsaPublicKey};
use rsa::pkcs8::PrivateKeyInfoRef;
use zeroize::Zeroizing;

use super::error::SignError;
use super::secret::Secret;
pub use error::KeyError;
use error::MIN_KEY_BITS;
use pem::Block;

/// An RSA private key, ready to sign. It never shows itself, and wipes what it was read from.
///
/// ```
/// use oracle_cloud_signature::{KeyError, PrivateKey};
///
/// let refused = PrivateKey::from_pem(b"no key", None);
/// assert_eq!(refused.unwrap_err(), KeyError::NotPem);
/// ```
///
/// Source: docs/spec/oci-request-signing.md#private-keys.
pub struct PrivateKey {
    pair: KeyPair,
    public: PublicKey,
}

impl PrivateKey {
    /// Reads the first private key of a PEM text: PKCS#1 or PKCS#8, plain or encrypted.
    ///
    /// Text around the block is ignored, such as the line `OCI_API_KEY` that the OCI CLI asks for.
    /// A passphrase is ignored if the key is not encrypted, or if it is empty. The feature
    /// `legacy-keys` adds what older OpenSSL encrypted: PBES1, and its own format with `DEK-Info`.
    ///
    /// ```no_run
    /// let pem = std::fs::read("/home/me/.oci/key.pem")?;
    /// let key = oracle_cloud_signature::PrivateKey::from_pem(&pem, Some(b"passphrase"))?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyError`], which says what the text is instead and what to do about it.
    ///
    /// Source: docs/spec/oci-request-signing.md#private-keys.
    pub fn from_pem(pem: &[u8], passphrase: Option<&[u8]>) -> Result<Self, KeyError> {
        let passphrase = passphrase.filter(|passphrase| !passphrase.is_empty());
        let block = Block::find(pem)?;
        let needed = || passphrase.ok_or(KeyError::PassphraseMissing);
        match block.label.as_str() {
            "RSA PRIVATE KEY" if block.cipher.is_some() => {
                let der = decrypted_block(&block, needed)?;
                Self::from_pkcs1(&der).map_err(undecryptable)
            }
            "RSA PRIVATE KEY" => Self::from_pkcs1(&block.der),
            "PRIVATE KEY" => Self::from_pkcs8(&block.der),
            "ENCRYPTED PRIVATE KEY" => {
                let der = decrypted(&block.der, needed)?;
                Self::from_pkcs8(&der).map_err(undecryptable)
            }
            label => Err(foreign::classify_block(label, &block.der)),
        }
    }

    /// Generates a key of 2048 bits. This takes some tenths of a second.
    ///
    /// ```
    /// let key = oracle_cloud_signature::PrivateKey::generate()?;
    /// assert_eq!(key.public_key().bits(), 2048);
    /// # Ok::<_, oracle_cloud_signature::KeyError>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyError::NotGenerated`] if there is not enough memory or entropy.
    pub fn generate() -> Result<Self, KeyError> {
        let not_generated = |_unspecified| KeyError::NotGenerated;
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(not_generated)?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(not_generated)?;
        Self::from_pkcs8(der.as_ref())
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let info = PrivateKeyInfoRef::try_from(der).ok().ok_or(KeyError::Invalid)?;
        if info.algorithm.oid != rsa::pkcs1::ALGORITHM_OID {
            return Err(foreign::classify_algorithm(info.algorithm.oid));
        }
        Self::from_pkcs1(info.private_key.as_bytes())
    }

    fn from_pkcs1(der: &[u8]) -> Result<Self, KeyError> {
        let key = RsaPrivateKey::<UintRef<'_>>::from_der(der).ok().ok_or(KeyError::Invalid)?;
        let public = PublicKey::new(&key.public_key())?;
        if public.bits() < MIN_KEY_BITS {
            return Err(KeyError::TooSmall(public.bits()));
        }
        let pair = KeyPair::from_der(der).ok().ok_or(KeyError::Invalid)?;
        Ok(Self { pair, public })
    }

    /// Signs with RSA PKCS#1 v1.5 and SHA-256, which OCI calls `rsa-sha256`.
    ///
    /// ```
    /// let key = oracle_cloud_signature::PrivateKey::generate()?;
    /// assert_eq!(key.sign(b"message")?.len(), 256);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SignError::Key`] if there is not enough memory or entropy.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let signed =
            self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signed.map_err(|_unspecified| SignError::Key)?;
        Ok(signature)
    }

    /// Returns the public half.
    ///
    /// ```
    /// let key = oracle_cloud_signature::PrivateKey::generate()?;
    /// assert_eq!(key.public_key().fingerprint().len(), 47);
    /// # Ok::<_, oracle_cloud_signature::KeyError>(())
    /// ```
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(redacted)")
    }
}

/// Returns the content of an encrypted PKCS#8. An unsupported encryption is reported before a
/// missing passphrase.
fn decrypted<'a>(
    der: &[u8],
    passphrase: impl Fn() -> Result<&'a [u8], KeyError>,
) -> Result<Secret, KeyError> {
    match EncryptedPrivateKeyInfoRef::try_from(der) {
        Ok(encrypted) if encrypted.encryption_algorithm.pbes2().is_some() => {
            cost::check(&encrypted.encryption_algorithm)?;
            let mut content = Zeroizing::new(encrypted.encrypted_data.as_bytes().to_vec());
            let decrypted =
                encrypted.encryption_algorithm.decrypt_in_place(passphrase()?, &mut content);
            match decrypted.map(<[u8]>::len) {
                Ok(length) => {
                    content.truncate(length);
                    Ok(content)
                }
                Err(pkcs5::Error::UnsupportedAlgorithm { .. }) => {
                    Err(foreign::classify_scheme(der))
                }
                Err(_) => Err(KeyError::InvalidKeyOrWrongPassphrase),
            }
        }
        Ok(_) | Err(_) => decrypted_pbes1(der, passphrase),
    }
}

/// Returns the content of a block that OpenSSL encrypted in its own format.
#[cfg(feature = "legacy-keys")]
fn decrypted_block<'a>(
    block: &Block,
    passphrase: impl Fn() -> Result<&'a [u8], KeyError>,
) -> Result<Secret, KeyError> {
    legacy::decrypt(block, passphrase()?)
}

#[cfg(not(feature = "legacy-keys"))]
fn decrypted_block<'a>(
    _block: &Block,
    _passphrase: impl Fn() -> Result<&'a [u8], KeyError>,
) -> Result<Secret, KeyError> {
    Err(KeyError::UnsupportedEncryption("OpenSSL's own format (without the feature `legacy-keys`)"))
}

#[cfg(feature = "legacy-keys")]
use pbes1::decrypt as decrypted_pbes1;

#[cfg(not(feature = "legacy-keys"))]
fn decrypted_pbes1<'a>(
    der: &[u8],
    _passphrase: impl Fn() -> Result<&'a [u8], KeyError>,
) -> Result<Secret, KeyError> {
    Err(foreign::classify_scheme(der))
}

/// Returns the error of a failed decryption. Its result can be any bytes, so nothing is concluded
/// from them.
fn undecryptable(error: KeyError) -> KeyError {
    match error {
        KeyError::TooSmall(_) | KeyError::NotRsa(_) => error,
        KeyError::NotPem
        | KeyError::PublicKey
        | KeyError::Certificate
        | KeyError::Form(..)
        | KeyError::PassphraseMissing
        | KeyError::InvalidKeyOrWrongPassphrase
        | KeyError::UnsupportedEncryption(_)
        | KeyError::TooCostly
        | KeyError::Invalid
        | KeyError::NotGenerated => KeyError::InvalidKeyOrWrongPassphrase,
    }
}

/// The public half of a key, in the three forms that OCI uses.
///
/// ```
/// let key = oracle_cloud_signature::PrivateKey::generate()?;
/// let public = key.public_key();
/// assert_eq!((public.bits(), public.modulus().len()), (2048, 256));
/// # Ok::<_, oracle_cloud_signature::KeyError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublicKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    spki: Vec<u8>,
}

impl PublicKey {
    fn new(key: &RsaPublicKey<UintRef<'_>>) -> Result<Self, KeyError> {
        let algorithm = rsa::pkcs1::ALGORITHM_ID;
        let der = key.to_der().ok().ok_or(KeyError::Invalid)?;
        let subject_public_key = BitStringRef::from_bytes(&der).ok().ok_or(KeyError::Invalid)?;
        let spki = SubjectPublicKeyInfoRef::<'_> { algorithm, subject_public_key };
        let bytes = |number: UintRef<'_>| number.as_bytes().to_vec();
        Ok(Self {
            modulus: bytes(key.modulus),
            exponent: bytes(key.public_exponent),
            spki: spki.to_der().ok().ok_or(KeyError::Invalid)?,
        })
    }

    /// Returns the size of the modulus, in bits.
    ///
    /// ```
    /// let key = oracle_cloud_signature::PrivateKey::generate()?;
    /// assert_eq!(key.public_key().bits(), 2048);
    /// # Ok::<_, oracle_cloud_signature::KeyError>(())
    /// ```
    pub fn bits(&self) -> usize {
        let leading = self.modulus.first().map_or(0, |byte| byte.leading_zeros());
        self.modulus.len() * 8 - usize::try_from(leading).unwrap_or_default()
    }

    /// Returns the modulus, big-endian.
    ///
    /// ```
    /// let key = oracle_cloud_signature::PrivateKey::generate()?;
    /// assert_eq!(key.public_key().modulus().len(), 256);
    /// # Ok::<_, oracle_cloud_signature::KeyError>(())
    /// ```
    pub fn modulus(&self) -> &[u8] {
        &self.modulus
    }

    /// Returns the fingerprint under which an API key is registered: MD5 of the public key, as
    /// sixteen hexadecimal pairs.
    ///
    /// ```
    /// let key = oracle_cloud_signature::PrivateKey::generate()?;
    /// assert_eq!(key.public_key().fingerprint().split(':').count(), 16);
    /// # Ok::<_, oracle_cloud_signature::KeyError>(())
    /// ```
    pub fn fingerprint(&self) -> String {
        let pairs: Vec<String> =
            Md5::digest(&self.spki).iter().map(|byte| format!("{byte:02x}")).collect();
        pairs.join(":")
    }

    /// Returns the body of the PEM in one line, as the token services accept it.
    ///
    /// ```
    /// let key = oracle_cloud_signature::PrivateKey::generate()?;
    /// assert!(key.public_key().sanitised().starts_with("MIIB"));
    /// # Ok::<_, oracle_cloud_signature::KeyError>(())
    /// ```
    pub fn sanitised(&self) -> String {
        STANDARD.encode(&self.spki)
    }

    /// Returns whether a JSON Web Key is this key. Only its members `n` and `e` are compared.
    ///
    /// ```
    /// let key = oracle_cloud_signature::PrivateKey::generate()?;
    /// assert!(!key.public_key().is_jwk(&serde_json::json!({ "n": "AQAB", "e": "AQAB" })));
    /// # Ok::<_, oracle_cloud_signature::KeyError>(())
    /// ```
    pub fn is_jwk(&self, jwk: &serde_json::Value) -> bool {
        let member = |name| jwk.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        let same = |name, bytes: &[u8]| {
            member(name).trim_end_matches('=') == URL_SAFE_NO_PAD.encode(bytes)
        };
        same("n", &self.modulus) && same("e", &self.exponent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_key_is_counted_from_its_first_bit() {
        for (modulus, bits) in
            [(vec![0xff, 0], 16), (vec![0x80, 0], 16), (vec![0x7f, 0xff], 15), (vec![1], 1)]
        {
            let key = PublicKey { modulus, exponent: vec![3], spki: Vec::new() };
            assert_eq!(key.bits(), bits, "{key:?}");
        }
    }
}
