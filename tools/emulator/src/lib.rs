//! The cloud around a function, on one machine: identity domain, API Gateway, Fn agent, model
//! deployment, and the services beside them.
//!
//! Each part knows the protocols from their documents, not from the function's code: that the two
//! agree is what the tests prove. The documents, as far as they are kept here, are summed up in
//! `docs/spec` of the repository; `Source:` names the place.

pub mod agent;
pub mod api_gateway;
pub mod clock;
pub mod cloud;
pub mod cluster;
pub mod collector;
pub mod deployment;
pub mod functions;
pub mod gateway;
pub mod http;
pub mod identity;
pub mod instance;
pub mod keys;
pub mod monitoring;
pub mod object_storage;
pub mod principal;
pub mod services;
pub mod signals;
pub mod streaming;
pub mod trouble;
pub mod user;
