//! Which operations of other services than model deployments may be called, and what may be said to them.
//!
//! ```text
//! service_target ▶ entry, host, path ▶ open? ▶ query ▶ headers ▶ body ▶ Operation (checked)
//! ```
//!
//! Nothing here sends: what comes out is an address that was checked, and headers. Bodies are compared and never written.
//!
//! Source: docs/spec/oci-services.md#services.

mod access;
mod body;
mod entry;
mod events;
mod fields;
mod fold;
mod host;
mod media;
mod members;
mod node;
mod open;
mod operation;
mod operation_kind;
mod pattern;
mod pins;
mod plain;
mod presets;
mod query;
mod reach;
mod refusal;
mod retry_token;
mod rule;
mod services_error;
mod settings;
mod summary;
mod target;
mod tokens;

pub use media::Media;
pub use members::BodyError;
pub use operation::Operation;
pub use reach::Reach;
pub use refusal::{Refusal, RefusalKind};
pub use rule::{ClientUrl, Services};
pub use services_error::ServicesError;
pub use summary::Summary;
pub use tokens::Tokens;
