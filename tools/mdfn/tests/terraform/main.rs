//! Is the Terraform module right, as far as can be told without Terraform, its provider and a
//! tenancy? Its names are held against the provider's schema, what it renders against the canonical
//! specification, its policies against a grammar of the language.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and is told by a variable where the parser is"
)]

mod canonical;
mod check;
mod format;
mod functions;
mod module;
mod monitoring;
mod mql;
mod names;
mod plan;
mod policies;
mod rendering;
mod schema;
mod setup;
mod specification;
mod validation;
mod variable;
