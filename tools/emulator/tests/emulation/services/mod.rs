//! The emulated services beside model deployments, asked with requests that are signed here.

mod client;
mod content;
mod errors;
mod gate;
mod language;
mod native;
mod objects;
mod queue;
mod secrets;
mod state;
mod streams;
