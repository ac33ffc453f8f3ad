//! Does the real server relay what a deployment writes, within its bounds, until it is told to stop?
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bounds;
mod callers;
mod client;
mod faults;
mod server;
mod services;
mod shown;
mod stops;
mod streams;
mod upstream;
