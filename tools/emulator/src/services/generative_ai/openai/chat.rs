//! Chat completions.

use serde_json::Value;

use crate::deployment::Generation;
use crate::services::answer::{Answer, Outcome, invalid};
use crate::services::call::Call;
use crate::services::event::Event;
use crate::services::generative_ai::memory::Memory;
use crate::services::generative_ai::policy::Resource;
use crate::services::generative_ai::scope::{COMPARTMENT_ID, OPC_COMPARTMENT_ID, Scope};
use crate::services::generative_ai::text;
use crate::services::generative_ai::{body, models};

/// Answers with the next message of a conversation.
pub(super) fn create(call: &Call<'_>, memory: &mut Memory) -> Outcome {
    Scope::read(call, &[OPC_COMPARTMENT_ID, COMPARTMENT_ID])?;
    memory.policies.check(call.caller, Resource::Chat)?;
    let body = body::object(call)?;
    let model = models::named(&body)?;
    model.check_parameters(&body)?;
    let messages = body.get("messages").and_then(Value::as_array);
    let messages = messages
        .filter(|messages| !messages.is_empty())
        .ok_or_else(|| invalid("messages", "invalid_type", "messages is empty, or not a list"))?;
    let said = text::of_user(messages);
    let stream = body::flag(&body, "stream", false)?;
    let with_usage = body.get("stream_options").and_then(|options| options.get("include_usage"));
    let (prompt, reply) = (said.join(" "), text::reply(&said));
    let number = memory.next_number();
    let generation = Generation::message(number, call.seconds(), model.id, prompt, reply);
    if !stream {
        return Ok(Answer::json(&generation.whole()));
    }
    let generation = generation.streamed(with_usage == Some(&Value::Bool(true)));
    let chunks = generation.parts().into_iter().map(Event::Data);
    Ok(Answer::events(chunks.chain([Event::Done]).collect()))
}
