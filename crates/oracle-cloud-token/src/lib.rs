#![doc = include_str!("../README.md")]

mod domain;
mod fault;
mod issuer;
mod key_set;
mod rule;
mod source;

pub use domain::is_identity_domain;
pub use fault::TokenFault;
pub use issuer::Issuer;
pub use key_set::{KeySet, NotAKeySet};
pub use rule::TokenRule;
pub use source::KeySource;
