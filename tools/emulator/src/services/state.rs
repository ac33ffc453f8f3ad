//! The state of the services.

use super::generative_ai::GenerativeAi;
use super::queue::Queues;
use super::secrets::Secrets;
use crate::object_storage::Objects;

/// The state of each service.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) generative_ai: GenerativeAi,
    pub(super) objects: Objects,
    pub(super) secrets: Secrets,
    pub(super) queues: Queues,
}
