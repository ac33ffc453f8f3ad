//! The streaming server: the function's rules behind a plain HTTP front.
//!
//! ```text
//! client ─ HTTP/1.1 ─▶ listener ▶ connection ▶ call ▶ predict: Endpoint (checked) ▶ sign ▶ forward ─ TLS ─▶ model deployment
//!        ◀──────────────── frame by frame ─────────────────────── Relay ◀───────────────────────┘
//! ```
//!
//! - [`config`] reads what the operator set, [`trust`] and [`tls`] say who may call and how.
//! - [`server`] is made of it, and serves until a signal comes.
//! - [`admin`] and [`metrics`] are for the operator.
//!
//! Which addresses may be called, which headers pass and what is tried again is
//! [`model_deployment_fn::predict`]'s, as for the function.

pub mod admin;
mod alias;
mod bodies;
mod call;
pub mod config;
mod connection;
mod drain;
mod listener;
pub mod metrics;
mod observer;
mod refused;
pub mod server;
mod shared;
pub mod tls;
pub mod trust;
mod watched;

pub use drain::Signals;
