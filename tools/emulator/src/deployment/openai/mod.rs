//! The paths that an `OpenAI`-compatible model server has, with the Iris model in the part of the
//! language model.
//!
//! Source: docs/spec/oci-services.md#openai-api.

mod completion;
mod embedding;
mod generation;
mod message;
mod request;

pub(super) use completion::{chat, completions, models};
pub(super) use embedding::embeddings;
pub(super) use message::messages;
