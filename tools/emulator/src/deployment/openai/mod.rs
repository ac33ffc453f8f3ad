//! The paths that an `OpenAI`-compatible model server has, with the Iris model in the part of the
//! language model.
//!
//! Source: docs/spec/oci-services.md#openai-api.

mod completion;
mod embedding;
mod generation;
mod message;
mod request;
mod response;

pub(super) use completion::{chat, completions, models};
pub(super) use embedding::embeddings;
pub(crate) use embedding::letters;
pub(crate) use generation::{Generation, tokens};
pub(super) use message::messages;
pub(crate) use request::content as message_text;
pub(super) use response::responses;
