//! The emulated deployment, asked over TLS with requests that are signed here, and the collector,
//! with spans that are written here.

pub(crate) mod client;
mod collector;
mod connections;
mod endpoints;
mod failures;
mod mcp;
mod openai;
mod pace;
