//! Recognises files without an RSA key in a supported form, so that the error can say what to do.
//!
//! Source: docs/spec/oci-request-signing.md#item-24.

use memchr::memmem;
use rsa::pkcs1::der::asn1::{AnyRef, ObjectIdentifier};
use rsa::pkcs1::der::{Decode, Reader, SliceReader};

use super::error::KeyError;

const OPENSSH: KeyError = KeyError::Form("in OpenSSH's own format", "ssh-keygen -p -m PEM -f FILE");
const PKCS12: KeyError = KeyError::Form("PKCS#12", "openssl pkcs12 -in FILE -nocerts -out NEW");
const DER: KeyError =
    KeyError::Form("DER, not PEM", "openssl pkcs8 -topk8 -inform DER -in FILE -out NEW");
const PUTTY: KeyError =
    KeyError::Form("in PuTTY's format", "puttygen FILE -O private-openssh -o NEW");
const UTF16: KeyError = KeyError::Form("a text in UTF-16", "iconv -f UTF-16 -t UTF-8 FILE > NEW");
/// The DER of `id-data`, the kind of content that PKCS#12 has.
const DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";

/// Returns what a PEM block is by its label, if the label is known and the block has no private
/// key.
pub(super) fn classify_label(label: &str) -> Option<KeyError> {
    match label {
        label if label.contains("CERTIFICATE") => Some(KeyError::Certificate),
        "PKCS12" => Some(PKCS12),
        label if label.ends_with("PUBLIC KEY") => Some(KeyError::PublicKey),
        _ => None,
    }
}

/// Returns what a block with a private key is, by its label and content. It is called for none of
/// the supported forms.
pub(super) fn classify_block(label: &str, content: &[u8]) -> KeyError {
    match label {
        "EC PRIVATE KEY" => KeyError::NotRsa("an EC key"),
        "DSA PRIVATE KEY" => KeyError::NotRsa("a DSA key"),
        "OPENSSH PRIVATE KEY" => classify_openssh(content),
        _ => KeyError::NotRsa("a key of an unknown kind"),
    }
}

/// Returns what a text without any known PEM block is.
pub(super) fn classify_text(text: &[u8]) -> KeyError {
    let public = ["ssh-", "ecdsa-sha2-", "---- BEGIN SSH2 PUBLIC KEY ----"];
    let starts = |word: &str| text.trim_ascii_start().starts_with(word.as_bytes());
    match text {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, b'-', ..] | [b'-', 0, ..] => UTF16,
        [0x30, 0x80..=0x84, ..] if memmem::find(text, DATA).is_some() => PKCS12,
        [0x30, 0x80..=0x84, ..] => DER,
        _ if public.into_iter().any(starts) => KeyError::PublicKey,
        _ if starts("PuTTY-User-Key-File-") => PUTTY,
        _ if starts("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----") => OPENSSH,
        _ => KeyError::NotPem,
    }
}

/// Returns what a PKCS#8 key is, by the identifier of its algorithm.
pub(super) fn classify_algorithm(oid: ObjectIdentifier) -> KeyError {
    KeyError::NotRsa(match oid.to_string().as_str() {
        "1.2.840.10045.2.1" => "an EC key",
        "1.2.840.10040.4.1" => "a DSA key",
        "1.2.840.113549.1.1.10" => "a key for RSA-PSS only",
        "1.2.840.113549.1.3.1" => "a Diffie-Hellman key",
        "1.3.101.110" | "1.3.101.111" => "an X25519 or X448 key",
        "1.3.101.112" => "an Ed25519 key",
        "1.3.101.113" => "an Ed448 key",
        _ => "a key of an unknown kind",
    })
}

/// Returns which unsupported encryption a PKCS#8 has; `Invalid` if it has none.
pub(super) fn classify_scheme(der: &[u8]) -> KeyError {
    let Some(oid) = scheme(der) else { return KeyError::Invalid };
    KeyError::UnsupportedEncryption(match oid.to_string().as_str() {
        "1.2.840.113549.1.5.1" => "PBE-MD2-DES",
        "1.2.840.113549.1.5.3" => "PBE-MD5-DES",
        "1.2.840.113549.1.5.4" => "PBE-MD2-RC2-64",
        "1.2.840.113549.1.5.6" => "PBE-MD5-RC2-64",
        "1.2.840.113549.1.5.10" => "PBE-SHA1-DES",
        "1.2.840.113549.1.5.11" => "PBE-SHA1-RC2-64",
        "1.2.840.113549.1.12.1.1" => "PBE-SHA1-RC4-128",
        "1.2.840.113549.1.12.1.2" => "PBE-SHA1-RC4-40",
        "1.2.840.113549.1.12.1.3" => "PBE-SHA1-3DES (without the feature `legacy-keys`)",
        "1.2.840.113549.1.12.1.4" => "PBE-SHA1-2DES",
        "1.2.840.113549.1.12.1.5" => "PBE-SHA1-RC2-128",
        "1.2.840.113549.1.12.1.6" => "PBE-SHA1-RC2-40",
        "1.2.840.113549.1.5.13" => "PBES2 with an unusual cipher or derivation",
        _ => "an unknown scheme",
    })
}

/// Returns which unsupported encryption a key in OpenSSL's traditional format has.
pub(super) fn classify_cipher(name: &[u8]) -> KeyError {
    const KNOWN: [&str; 9] = [
        "DES-CBC",
        "DES-EDE-CBC",
        "RC2-CBC",
        "BF-CBC",
        "CAST5-CBC",
        "SEED-CBC",
        "CAMELLIA-128-CBC",
        "CAMELLIA-192-CBC",
        "CAMELLIA-256-CBC",
    ];
    let known = KNOWN.into_iter().find(|known| known.as_bytes() == name);
    KeyError::UnsupportedEncryption(known.unwrap_or("an unknown cipher"))
}

/// ```text
/// SEQUENCE { SEQUENCE { oid, parameters }, content }
/// ```
fn scheme(der: &[u8]) -> Option<ObjectIdentifier> {
    let mut outer = SliceReader::new(AnyRef::from_der(der).ok()?.value()).ok()?;
    let algorithm = AnyRef::decode(&mut outer).ok()?.value();
    let mut algorithm = SliceReader::new(algorithm).ok()?;
    let oid = ObjectIdentifier::decode(&mut algorithm).ok()?;
    (!outer.is_finished()).then_some(oid)
}

/// ```text
/// "openssh-key-v1\0", cipher, derivation, its options, number of keys, public key { type, ... }
/// ```
fn classify_openssh(content: &[u8]) -> KeyError {
    match openssh_type(content) {
        Some(b"ssh-ed25519") => KeyError::NotRsa("an Ed25519 key"),
        Some(b"ssh-dss") => KeyError::NotRsa("a DSA key"),
        Some(name) if name.starts_with(b"ecdsa-") => KeyError::NotRsa("an EC key"),
        _ => OPENSSH,
    }
}

fn openssh_type(content: &[u8]) -> Option<&[u8]> {
    fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
        let (length, rest) = bytes.split_first_chunk()?;
        rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
    }
    let mut rest = content.strip_prefix(b"openssh-key-v1\0")?;
    for _ in ["cipher", "derivation", "options"] {
        (_, rest) = string(rest)?;
    }
    let (public, _) = string(rest.get(4..)?)?;
    Some(string(public)?.0)
}
