//! Is the Terraform module right, as far as can be told without Terraform? Its names are held
//! against the provider's schema; what Terraform makes of it, in `tests/terraform/plan.json`,
//! against `mdfn gateway-spec`, `mdfn policy`, the grammar of policies and the documentation. The
//! rest is told by the module's own tests, `deploy/terraform/tests`: `.ci/terraform` runs them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and is told by a variable where the parser is"
)]

mod alarms;
mod canonical;
mod check;
mod names;
mod plan;
mod policies;
mod rendering;
mod specification;
