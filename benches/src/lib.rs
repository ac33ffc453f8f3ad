//! What the benchmarks share: the programs, the deployment that they call, and the agent that calls them.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a benchmark ends with a panic and reads the environment itself"
)]

pub mod agent;
mod upstream;
pub mod world;
