//! Who may call: secrets and tokens that pass, and everything that must not.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and tokens have their own time"
)]

mod hostile;
mod issuer;
mod secret;
mod settings;
mod setup;
mod tokens;
