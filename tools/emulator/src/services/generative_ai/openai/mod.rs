//! The operations of `OpenAI`'s protocol, below three bases.

mod chat;
mod containers;
mod conversations;
mod files;
mod items;
mod multipart;
mod response;
mod responses;
mod search;
mod vector_store_files;

use super::memory::Memory;
use super::models;
use crate::services::answer::{Answer, Outcome};
use crate::services::call::Call;

/// The bases, the documented one first.
const BASES: [&str; 3] = ["/openai/v1", "/20231130/openai/v1", "/20231130/actions/v1"];
/// The base of older pages, where a list of models is 400 and not 404.
const OF_ACTIONS: &str = "/20231130/actions/v1";
/// The root, which has one operation.
const ROOT: &str = "/v1";

/// The target of a call in this protocol.
pub(super) struct Target<'a> {
    base: &'static str,
    segments: Vec<&'a str>,
}

impl<'a> Target<'a> {
    /// Parses the path of a call. Returns None if it is not a path of this protocol.
    pub(super) fn parse(call: &Call<'a>) -> Option<Self> {
        let bases = BASES.into_iter().chain([ROOT]);
        bases.into_iter().find_map(|base| Some(Self { base, segments: call.below(base)? }))
    }
}

/// Answers a call.
pub(super) fn answer(call: &Call<'_>, target: &Target<'_>, memory: &mut Memory) -> Outcome {
    match (call.method(), target.segments.as_slice()) {
        ("POST", ["responses"]) if target.base == ROOT => responses::create_at_root(call, memory),
        _ if target.base == ROOT => Err(Answer::unmapped()),
        ("POST", ["chat", "completions"]) => chat::create(call, memory),
        (_, ["responses", rest @ ..]) => responses::answer(call, rest, memory),
        (_, ["conversations", rest @ ..]) => conversations::answer(call, rest, memory),
        (_, ["files", rest @ ..]) => files::answer(call, rest, memory),
        (_, ["vector_stores", store, rest @ ..]) => {
            vector_store_files::answer(call, store, rest, memory)
        }
        (_, ["containers", rest @ ..]) => containers::answer(call, rest, memory),
        ("POST", ["embeddings"]) => Err(models::unsupported()),
        ("GET", ["models"]) if target.base == OF_ACTIONS => Err(models::unsupported()),
        _ => Err(Answer::unmapped()),
    }
}
