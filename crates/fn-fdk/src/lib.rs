#![doc = include_str!("../README.md")]
//!
//! # How it works
//!
//! ```text
//! agent ─ Unix socket ─▶ Listener ▶ Server ▶ Call ▶ your handler
//!         ◀──────────────────────── Reply ◀──────────┘
//! ```
//!
//! The platform starts the process with `FN_LISTENER`, waits for a socket at that path, and then
//! sends one `POST /call` at a time. [`Listener`] publishes the socket. [`Server`] turns requests
//! into [`Call`]s, and [`Reply`]s into the few answers that the platform accepts.
//!
//! Source: docs/spec/fn-container-contract.md#protocol.

mod bodies;
mod body;
mod call;
mod connection;
mod context;
mod deadline;
mod decode;
mod environment;
mod error;
mod framing;
mod function;
mod into_reply;
mod json;
mod limits;
mod listener;
mod log_frame;
mod log_line;
mod logged_call;
mod logger;
mod on_rejection;
mod platform;
mod rejection;
mod reply;
mod request_line;
mod run;
mod serve_error;
mod server;
mod service;
mod signals;
mod socket;
mod span;
mod trace;
mod unwinding;

pub use call::Call;
pub use context::{Context, Intent};
pub use deadline::Clock;
pub use error::{Error, StatusError, error_chain};
pub use function::Function;
pub use into_reply::{IntoReply, Json};
pub use json::json;
pub use limits::{BODY_LIMIT, URL_LIMIT};
pub use listener::{Listener, ListenerError};
pub use log_frame::LogFrame;
pub use log_line::{InvalidLogFormat, LogFormat};
pub use logged_call::call_id;
pub use logger::{Logger, LoggerErrors};
pub use on_rejection::OnRejection;
pub use platform::{Platform, PlatformError, PlatformErrors};
pub use rejection::Rejection;
pub use reply::Reply;
pub use run::{run, serve, serve_until};
pub use serve_error::ServeError;
pub use server::Server;
pub use service::{Body, service};
pub use trace::{TraceContext, Tracing};
