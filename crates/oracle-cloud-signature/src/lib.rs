#![doc = include_str!("../README.md")]

mod body;
mod credentials;
mod error;
mod key;
mod key_id;
mod params;
mod provide;
mod secret;
mod signature;
mod token;
#[cfg(feature = "tower")]
pub mod tower;

pub use body::SignableBody;
pub use credentials::{Credentials, KeyMismatch};
pub use error::SignError;
pub use key::{KeyError, PrivateKey, PublicKey};
pub use key_id::KeyId;
pub use params::{SigningParams, SigningSettings};
pub use provide::{
    CredentialsError, CredentialsErrorKind, CredentialsRequest, ProvideCredentials,
    SharedCredentials,
};
pub use secret::header as sensitive_header;
pub use signature::{check_framing, sign, signature_headers, signing_string};
pub use token::{SessionToken, TokenError};
