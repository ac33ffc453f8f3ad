//! What the benchmarks share: the programs, the deployment that they call, and the agent that calls them.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark ends with a panic"
)]

pub mod agent;
pub mod costs;
pub mod limits;
pub mod running;
mod upstream;
pub mod world;
