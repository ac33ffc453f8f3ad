//! Why a key cannot be used.

/// The smallest key that OCI accepts.
pub(super) const MIN_KEY_BITS: usize = 2048;

/// A key that cannot be used. No message contains any of its text.
///
/// ```
/// use oracle_cloud_signature::{KeyError, PrivateKey};
///
/// let pem = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
/// assert_eq!(PrivateKey::from_pem(pem.as_bytes(), None).unwrap_err(), KeyError::PublicKey);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text has no complete PEM block with a private key.
    #[error("it has no PEM private key; expected a block from `-----BEGIN` to `-----END`")]
    NotPem,
    /// The text is the other half of a key pair.
    #[error("it is a public key; expected the private key")]
    PublicKey,
    /// The text is a certificate, or a request for one.
    #[error("it is a certificate; expected the private key")]
    Certificate,
    /// The key is of another kind, such as an elliptic curve; which one.
    #[error("it is {0}; OCI signatures are RSA only")]
    NotRsa(&'static str),
    /// The key is in a form that is not supported; which one, and the command that converts it to
    /// PEM.
    #[error("it is {0}; `{1}` converts it to a supported form")]
    Form(&'static str, &'static str),
    /// The key is too small for OCI.
    #[error("it has {0} bits; OCI needs at least {MIN_KEY_BITS}")]
    TooSmall(usize),
    /// The key is encrypted and no passphrase was given.
    #[error("it is encrypted, and no passphrase was given")]
    PassphraseMissing,
    /// Decryption gave no key. A broken file and a wrong passphrase look the same.
    #[error("it cannot be decrypted: the passphrase is wrong, or the key is broken")]
    InvalidKeyOrWrongPassphrase,
    /// The encryption is not supported; which one.
    #[error(
        "it is encrypted with {0}, which is not supported; `openssl pkcs8 -topk8 -v2 aes256 -in FILE -out NEW -provider legacy -provider default` encrypts it again"
    )]
    UnsupportedEncryption(&'static str),
    /// The encryption needs more work than any tool asks for by default.
    #[error(
        "its encryption needs too much work; expected at most 10000000 rounds, or 256 MiB of scrypt"
    )]
    TooCostly,
    /// The block decodes to something else than a key.
    #[error("it is broken: its content is not an RSA private key")]
    Invalid,
    /// No new key could be generated.
    #[error("no key could be generated: there is not enough memory or entropy")]
    NotGenerated,
}
