//! The commands of `mdfn`, a module each, and what several of them need.
//!
//! Only [`doctor`], [`deploy`] of settings, and [`gateway_spec`] of a target, ask the function's own
//! library; all else knows the services from their documents. `Source:` names the place in `docs/spec` of the
//! repository.

mod access;
mod application;
mod archive;
mod ask;
mod cargo;
mod cause;
mod client;
pub mod deploy;
pub mod doctor;
mod error_chain;
pub mod gateway_spec;
mod input;
pub mod invoke;
pub mod jwk;
pub mod local;
pub mod logs;
mod loopback;
pub mod new;
pub mod package;
pub mod policy;
pub mod predict;
pub mod probe;
mod proxy;
mod resolver;
pub mod sign;
mod stopwatch;
mod terminal;
pub mod token;
