//! Keys that older OpenSSL encrypted with `pbeWithSHA1And3-KeyTripleDES-CBC`: PKCS#8, with the key
//! derivation of PKCS#12.
//!
//! Source: docs/spec/oci-request-signing.md#pbes1. The `pkcs12` crate can do this too, but only
//! with versions of its dependencies that nothing else here uses.

use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use des::TdesEde3;
use rsa::pkcs1::der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use rsa::pkcs1::der::{Decode, Reader, SliceReader};
use sha1::{Digest, Sha1};
use zeroize::{Zeroize, Zeroizing};

use super::cost::check_rounds;
use super::error::KeyError;
use super::foreign;
use crate::secret::Secret;

const TRIPLE_DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3");
/// The block size of SHA-1, in bytes.
const BLOCK: usize = 64;
/// What is derived: a key or an initial vector.
const KEY: u8 = 1;
const VECTOR: u8 = 2;

/// Returns the plain PKCS#8 inside an encrypted one; `UnsupportedEncryption` if it is encrypted in
/// another way.
pub(super) fn decrypt<'a>(
    der: &[u8],
    passphrase: impl Fn() -> Result<&'a [u8], KeyError>,
) -> Result<Secret, KeyError> {
    let encrypted = Encrypted::parse(der).ok_or_else(|| foreign::classify_scheme(der))?;
    let Encrypted { salt, rounds, content } = encrypted;
    check_rounds(rounds)?;
    let passphrase = passphrase()?;
    let text = std::str::from_utf8(passphrase).ok().ok_or(KeyError::InvalidKeyOrWrongPassphrase)?;
    let units = text.encode_utf16().chain([0]).flat_map(u16::to_be_bytes);
    // Allocated in full at once: a buffer that grows leaves copies behind.
    let mut password = Zeroizing::new(Vec::with_capacity(2 * (text.len() + 1)));
    password.extend(units);
    let derived = |purpose, size| derive(purpose, &password, salt, rounds, size);
    let cipher = Decryptor::<TdesEde3>::new_from_slices(&derived(KEY, 24), &derived(VECTOR, 8));
    let cipher = cipher.ok().ok_or(KeyError::Invalid)?;
    let mut der = Zeroizing::new(content.to_vec());
    let content = cipher.decrypt_padded::<Pkcs7>(&mut der);
    let length = content.ok().ok_or(KeyError::InvalidKeyOrWrongPassphrase)?.len();
    der.truncate(length);
    Ok(der)
}

/// ```text
/// SEQUENCE { SEQUENCE { oid, SEQUENCE { salt, rounds } }, content }
/// ```
struct Encrypted<'a> {
    salt: &'a [u8],
    rounds: u32,
    content: &'a [u8],
}

impl<'a> Encrypted<'a> {
    fn parse(der: &'a [u8]) -> Option<Self> {
        let within = |any: AnyRef<'a>| SliceReader::new(any.value()).ok();
        let mut outer = within(AnyRef::from_der(der).ok()?)?;
        let mut algorithm = within(AnyRef::decode(&mut outer).ok()?)?;
        let content = <&OctetStringRef>::decode(&mut outer).ok()?.as_bytes();
        if ObjectIdentifier::decode(&mut algorithm).ok()? != TRIPLE_DES {
            return None;
        }
        let mut parameters = within(AnyRef::decode(&mut algorithm).ok()?)?;
        let salt = <&OctetStringRef>::decode(&mut parameters).ok()?.as_bytes();
        let rounds = u32::decode(&mut parameters).ok()?;
        (outer.is_finished() && parameters.is_finished()).then_some(Self { salt, rounds, content })
    }
}

/// The key derivation of PKCS#12 with SHA-1.
fn derive(purpose: u8, password: &[u8], salt: &[u8], rounds: u32, size: usize) -> Secret {
    let mut input = Zeroizing::new([&**filled(salt), &**filled(password)].concat());
    let mut derived = Zeroizing::new(Vec::with_capacity(size + Sha1::output_size()));
    while derived.len() < size {
        let mut hash = Sha1::new_with_prefix([purpose; BLOCK]);
        hash.update(&*input);
        let mut digest = hash.finalize();
        for _ in 1..rounds {
            digest = Sha1::digest(digest);
        }
        derived.extend_from_slice(&digest);
        for block in input.chunks_mut(BLOCK) {
            add(block, &digest);
        }
        digest.zeroize();
    }
    derived.truncate(size);
    derived
}

/// Returns whole blocks of a repeated text; nothing for an empty one.
fn filled(text: &[u8]) -> Secret {
    let size = text.len().div_ceil(BLOCK) * BLOCK;
    Zeroizing::new(text.iter().copied().cycle().take(size).collect())
}

/// Adds the repeated digest and one to a block, as big-endian numbers.
fn add(block: &mut [u8], digest: &[u8]) {
    let mut repeated = Zeroizing::new([0; BLOCK]);
    for (to, from) in repeated.iter_mut().zip(digest.iter().cycle()) {
        *to = *from;
    }
    let mut carry = 1;
    for (byte, added) in block.iter_mut().zip(repeated.iter()).rev() {
        let sum = u16::from(*byte) + u16::from(*added) + carry;
        let [high, low] = sum.to_be_bytes();
        *byte = low;
        carry = u16::from(high);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One element in DER, of fewer than 128 bytes.
    fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let contents = parts.concat();
        [&[tag, u8::try_from(contents.len()).unwrap()], &contents[..]].concat()
    }

    #[test]
    fn oci_signing_24_nothing_may_stand_behind_what_is_known() {
        let known = b"\x06\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x03";
        let other = b"\x06\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x04";
        let (salt, rounds) = (element(4, &[b"saltsalt"]), element(2, &[&[8, 0]]));
        let content = element(4, &[b"encrypted"]);
        let key = |oid: &[u8], in_parameters: &[u8], in_key: &[u8]| {
            let parameters = element(0x30, &[&salt, &rounds, in_parameters]);
            element(0x30, &[&element(0x30, &[oid, &parameters]), &content, in_key])
        };
        let whole = key(known, b"", b"");
        let parsed = Encrypted::parse(&whole).unwrap();
        assert_eq!(
            (parsed.salt, parsed.rounds, parsed.content),
            (&b"saltsalt"[..], 2048, &b"encrypted"[..])
        );
        for odd in [key(other, b"", b""), key(known, &rounds, b""), key(known, b"", &rounds)] {
            assert!(Encrypted::parse(&odd).is_none(), "{odd:02x?}");
        }
    }
}
