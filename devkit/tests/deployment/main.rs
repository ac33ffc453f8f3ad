//! The emulated deployment, asked over TLS with requests that are signed here.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod client;
mod connections;
mod endpoints;
mod failures;
mod openai;
