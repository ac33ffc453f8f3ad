//! The parts of the emulated cloud, each against what its service's documents say. One binary, a
//! module a part.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and reads what a script or cargo set"
)]

mod agent;
mod deployment;
mod gateway;
mod http_backend;
mod image;
mod init_image;
mod services;
