//! Generative AI: models that answer, in their own protocol and in `OpenAI`'s, and what they keep
//! for whoever asks again.

mod body;
mod collection;
mod likeness;
mod management;
mod memory;
mod models;
mod native;
mod openai;
mod page;
mod policy;
mod scope;
mod text;

use std::sync::{Mutex, MutexGuard, PoisonError};

use self::memory::Memory;
use super::answer::Outcome;
use super::call::Call;

pub use self::models::ENDPOINT;
pub use self::policy::Resource;
pub use self::scope::{COMPARTMENT, OTHER_PROJECT, PROJECT};

/// What the service remembers.
#[derive(Debug, Default)]
pub(super) struct GenerativeAi(Mutex<Memory>);

impl GenerativeAi {
    pub(super) fn revoke(&self, resource: Resource) {
        self.memory().policies.revoke(resource);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers at the host of the models.
pub(super) fn inference(call: &Call<'_>, service: &GenerativeAi) -> Outcome {
    let memory = &mut service.memory();
    match openai::Target::parse(call) {
        Some(target) => openai::answer(call, &target, memory),
        None => native::answer(call, memory),
    }
}

/// Answers at the host that manages what the models need.
pub(super) fn management(call: &Call<'_>, service: &GenerativeAi) -> Outcome {
    management::answer(call, &mut service.memory())
}
