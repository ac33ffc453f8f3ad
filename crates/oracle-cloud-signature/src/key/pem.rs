//! Finds the PEM block of a key in any text, and how OpenSSL encrypted it before PKCS#8.
//!
//! Source: docs/spec/oci-request-signing.md#private-keys.

use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use zeroize::Zeroizing;

use super::error::KeyError;
use super::foreign;
use crate::secret::{self, Secret};

/// One PEM block with a private key.
pub(super) struct Block {
    /// The text between `BEGIN` and the dashes.
    pub(super) label: String,
    /// How the content is encrypted, if the block's own header says so.
    pub(super) cipher: Option<Cipher>,
    /// The content.
    pub(super) der: Secret,
}

/// The `DEK-Info` of a block.
#[cfg_attr(not(feature = "legacy-keys"), expect(dead_code, reason = "parsed, never decrypted"))]
pub(super) struct Cipher {
    pub(super) kind: Kind,
    pub(super) vector: Vec<u8>,
}

/// The ciphers of OpenSSL's traditional format.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Aes128,
    Aes192,
    Aes256,
    TripleDes,
}

impl Block {
    /// Finds the first private key in a text of any encoding that keeps ASCII. Text around the
    /// block does not matter. Nor do its line ends: environment variables, forms and copies lose
    /// them.
    pub(super) fn find(text: &[u8]) -> Result<Self, KeyError> {
        let mended = with_line_ends(text);
        let (mut rest, mut other) = (mended.as_slice(), None);
        while let Some((label, behind)) = begin(rest) {
            if label.ends_with("PRIVATE KEY") {
                let end = format!("-----END {label}-----");
                let (body, _) = split(behind, end.as_bytes()).ok_or(KeyError::NotPem)?;
                return Self::parse(label, body);
            }
            other = other.or_else(|| foreign::classify_label(label));
            rest = behind;
        }
        Err(other.unwrap_or_else(|| foreign::classify_text(text)))
    }

    fn parse(label: &str, body: &[u8]) -> Result<Self, KeyError> {
        let (cipher, body) = match split(body, b"DEK-Info:") {
            Some((_, info)) => Cipher::parse(info).map(|(cipher, body)| (Some(cipher), body))?,
            None => (None, without_headers(body)),
        };
        // Allocated in full at once: a buffer that grows leaves copies behind.
        let mut base64 = Zeroizing::new(Vec::with_capacity(body.len()));
        base64.extend(body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()));
        let der = secret::decode(&STANDARD, &base64).ok_or(KeyError::Invalid)?;
        Ok(Self { label: label.to_owned(), cipher, der })
    }
}

impl Cipher {
    /// Returns the cipher, and the text after it. The length of the initial vector ends it, because
    /// the line end may be lost.
    ///
    /// ```text
    /// DEK-Info: AES-256-CBC,0102030405060708090A0B0C0D0E0F10
    /// ```
    fn parse(info: &[u8]) -> Result<(Self, &[u8]), KeyError> {
        let (name, rest) = split(info, b",").ok_or(KeyError::Invalid)?;
        let (kind, size) = match name.trim_ascii() {
            b"AES-128-CBC" => (Kind::Aes128, 16),
            b"AES-192-CBC" => (Kind::Aes192, 16),
            b"AES-256-CBC" => (Kind::Aes256, 16),
            b"DES-EDE3-CBC" => (Kind::TripleDes, 8),
            other => return Err(foreign::classify_cipher(other)),
        };
        let (hex, rest) =
            rest.trim_ascii_start().split_at_checked(2 * size).ok_or(KeyError::Invalid)?;
        let byte =
            |pair| std::str::from_utf8(pair).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let vector: Option<Vec<u8>> = hex.chunks(2).map(byte).collect();
        Ok((Self { kind, vector: vector.ok_or(KeyError::Invalid)? }, rest))
    }
}

/// Returns a copy of the text with line ends in place of CR and of line ends that were escaped for
/// a variable.
fn with_line_ends(text: &[u8]) -> Secret {
    let mut copy = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    loop {
        let (byte, behind) = match rest {
            [b'\\', b'n' | b'r', behind @ ..] | [b'\r', behind @ ..] => (b'\n', behind),
            [byte, behind @ ..] => (*byte, behind),
            [] => return copy,
        };
        copy.push(byte);
        rest = behind;
    }
}

/// Returns the label of the first block in a text, and the text after it.
fn begin(text: &[u8]) -> Option<(&str, &[u8])> {
    let (_, text) = split(text, b"-----BEGIN ")?;
    let (label, behind) = split(text, b"-----")?;
    Some((std::str::from_utf8(label).unwrap_or("a label that is not text"), behind))
}

/// Returns the text after the headers of a block.
fn without_headers(mut body: &[u8]) -> &[u8] {
    while let Some((line, behind)) = split(body, b"\n")
        && (line.trim_ascii().is_empty() || line.contains(&b':'))
    {
        body = behind;
    }
    body
}

/// Splits a text at the first `mark`.
fn split<'a>(text: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memmem::find(text, mark)?;
    Some((text.get(..at)?, text.get(at + mark.len()..)?))
}
