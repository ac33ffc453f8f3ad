//! The cloud around the function, on one machine, and the commands of `mdfn`.
//!
//! Each part knows the protocols from their documents, not from the function's code: that the two agree is what the
//! tests prove. Only [`doctor`], and [`gateway_spec`] of a target, ask the function's own library.
//! The documents, as far as they are kept here, are summed up in `docs/spec` of the repository; `Source:` names the place.

pub mod agent;
mod cause;
mod client;
pub mod clock;
pub mod cluster;
pub mod collector;
pub mod conformance;
pub mod deployment;
pub mod doctor;
pub mod gateway;
pub mod gateway_spec;
mod http;
pub mod identity;
mod input;
pub mod instance;
pub mod invoke;
pub mod jwk;
pub mod keys;
pub mod local;
pub mod logs;
pub mod monitoring;
pub mod object_storage;
pub mod policy;
pub mod predict;
pub mod principal;
mod proxy;
pub mod sign;
mod terminal;
pub mod token;
pub mod trouble;
