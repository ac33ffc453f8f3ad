//! One binary, a module per question. Vectors are in `tests/vectors`, with a note on their source.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::similar_names,
    clippy::string_slice,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and sets its own time and environment"
)]

mod addresses;
mod agent;
mod codes;
mod configuration;
mod contract;
mod data;
mod dependencies;
mod end_to_end;
mod examples;
mod from_others;
mod gateway;
mod interop;
mod memory;
mod oci;
mod pages;
mod peers;
mod predict;
mod process;
mod properties;
mod services;
mod setup;
mod shown;
mod sources;
mod verifier;
