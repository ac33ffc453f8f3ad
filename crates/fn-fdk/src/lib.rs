//! The container contract of the Fn Project and of OCI Functions: any Rust function, nothing of OCI or of predictions.
//!
//! ```text
//! agent ─ Unix socket ─▶ Listener ▶ Server ▶ Call ▶ your handler
//!         ◀──────────────────────── Reply ◀──────────┘
//! ```
//!
//! The platform starts the process with `FN_LISTENER`, waits for a socket under that name, and then sends one
//! `POST /call` at a time. [`Listener`] publishes the socket, [`Server`] turns requests into [`Call`]s and [`Reply`]s
//! into the few answers that the platform accepts. Nothing runs between calls: the container is frozen.
//!
//! Source: docs/spec/fn-container-contract.md#protocol.

mod bodies;
mod body;
mod call;
mod deadline;
mod error;
mod function;
mod listener;
mod log_frame;
mod logger;
mod platform;
mod rejection;
mod reply;
mod request_line;
mod server;
mod socket;
mod tracing;

pub use bodies::BODY_LIMIT;
pub use call::{Call, Intent};
pub use deadline::Deadline;
pub use error::{Error, error_chain};
pub use function::{Function, FunctionError};
pub use listener::{Listener, ListenerError};
pub use log_frame::LogFrame;
pub use logger::{LogFormat, Logger};
pub use platform::{Platform, PlatformError, PlatformErrors};
pub use rejection::{OnRejection, Rejection};
pub use reply::{InvalidStatus, Reply, ReservedHeader};
pub use server::Server;
pub use tracing::{TraceContext, Tracing};

/// Where the time of day comes from. The process has one: its `main` reads the clock, everything else is told.
pub type Clock = fn() -> std::time::SystemTime;
