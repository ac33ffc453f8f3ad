//! Signs requests to Oracle Cloud: signature version 1, with a user's API key or a session token.
//!
//! ```text
//! PrivateKey, KeyId | SessionToken ─▶ Credentials ┐
//!                                   http::Request ▶ sign ▶ the same request with its Authorization
//! ```
//!
//! No network, no clock, no environment. The rules: `docs/spec/oci-request-signing.md`.

mod credentials;
mod key;
mod secret;
mod signature;
mod token;

pub use credentials::{Credentials, KeyMismatch};
pub use key::{KeyError, PrivateKey, PublicKey};
pub use secret::header as sensitive_header;
pub use signature::{Content, KeyId, SignError, Signing, check_framing, sign, signing_string};
pub use token::{SessionToken, TokenError};
