//! The cloud around the function, on one machine, and the commands of `mdfn`.
//!
//! Each part knows the protocols from their documents, not from the function's code: that the two agree is what the
//! tests prove.

pub mod agent;
pub mod clock;
pub mod cluster;
pub mod conformance;
pub mod deployment;
pub mod gateway;
mod http;
pub mod identity;
pub mod instance;
pub mod invoke;
pub mod keys;
pub mod local;
pub mod object_storage;
pub mod principal;
pub mod sign;
mod terminal;
