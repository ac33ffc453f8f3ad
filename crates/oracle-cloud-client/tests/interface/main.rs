//! Does the client do what a caller asks of it, against services of this machine?
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bodies;
mod chain;
mod examples;
mod exchange;
mod pages;
mod requests;
mod service;
mod streams;
