//! Who we are in Oracle Cloud, and how a request is signed: any OCI service, nothing of Fn or of predictions.
//!
//! ```text
//! environment ─▶ Principal ▶ Credentials ┐
//!                              http::Request ▶ sign ▶ the same request with its Authorization
//! ```

mod clock;
mod key;
mod principal;
pub mod region;
mod signature;
mod token;

pub use clock::ServiceClock;
pub use key::{KeyError, PrivateKey, PublicKey};
pub use principal::{Credentials, Principal, PrincipalError};
pub use signature::{Content, KeyId, SignError, Signing, sign, signing_string};
pub use token::{SessionToken, TokenError};

/// Where the environment comes from. The process has one place that reads it; everything else is told.
pub type Vars<'a> = &'a dyn Fn(&str) -> Option<String>;
