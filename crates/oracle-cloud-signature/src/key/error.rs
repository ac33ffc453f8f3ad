//! Why a key cannot be used.

/// The smallest key OCI accepts.
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
    /// There is no complete PEM block with a private key in the text.
    #[error("it holds no PEM private key; expected a block from `-----BEGIN` to `-----END`")]
    NotPem,
    /// The other half of a key pair.
    #[error("it is a public key; expected the private key")]
    PublicKey,
    /// A certificate, or a request for one.
    #[error("it is a certificate; expected the private key")]
    Certificate,
    /// An elliptic curve or other key: what it is.
    #[error("it is {0}; OCI signatures are RSA only")]
    NotRsa(&'static str),
    /// A key in a form that is not read here, and the command that makes PEM of it.
    #[error("it is {0}; `{1}` makes one that is read")]
    Form(&'static str, &'static str),
    /// A key that OCI would refuse.
    #[error("it has {0} bits; OCI needs at least {MIN_KEY_BITS}")]
    TooSmall(usize),
    /// The key is encrypted and nothing was given to decrypt it.
    #[error("it is encrypted and there is no passphrase")]
    PassphraseMissing,
    /// Decryption gave no key. A broken file and a wrong passphrase look the same.
    #[error("it cannot be decrypted: the passphrase is wrong, or the key is broken")]
    InvalidKeyOrWrongPassphrase,
    /// Encrypted in a way that is not read here: which.
    #[error(
        "it is encrypted with {0}, which is not supported; `openssl pkcs8 -topk8 -v2 aes256 -in FILE -out NEW -provider legacy -provider default` encrypts it anew"
    )]
    UnsupportedEncryption(&'static str),
    /// Encrypted with more work than any tool asks for by itself.
    #[error(
        "its encryption asks for too much work; expected at most 10000000 rounds, or 256 MiB of scrypt"
    )]
    TooCostly,
    /// The block decodes to something else than a key.
    #[error("it is broken: its content is no RSA private key")]
    Invalid,
    /// No new key could be made.
    #[error("no key could be made: there is no memory or no entropy")]
    NotGenerated,
}
