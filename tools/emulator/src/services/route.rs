//! Selects the service that answers a call.

use super::answer::Answer;
use super::call::Call;
use super::service::Service;
use super::state::State;
use super::{generative_ai, language, queue, secrets};
use crate::object_storage;

/// Answers a call.
pub(super) async fn answer(service: Service, call: &Call<'_>, state: &State) -> Answer {
    let outcome = match service {
        Service::Inference => generative_ai::inference(call, &state.generative_ai),
        Service::GenerativeAi => generative_ai::management(call, &state.generative_ai),
        Service::Language => language::answer(call),
        Service::Secrets => secrets::answer(call, &state.secrets),
        Service::Queue => queue::answer(call, &state.queues),
        Service::ObjectStorage => {
            let reply = object_storage::carry_out(call.request, &state.objects, call.time);
            Ok(Answer::from_reply(reply).await)
        }
    };
    outcome.unwrap_or_else(|refusal| refusal)
}
