//! Other services that the operator opens.

mod calls;
mod cases;
mod failures;
mod kept;
mod refusals;
pub(crate) mod routed;
mod rule;
mod settings;
mod tokens;
mod unchanged;
pub(crate) mod world;
