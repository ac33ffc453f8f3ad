//! One binary, a module per question. Vectors are in `tests/vectors`, with a note on their source.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and sets its own time and environment"
)]

mod addresses;
mod agent;
mod configuration;
mod contract;
mod credentials;
mod data;
mod keys;
mod process;
mod signatures;
