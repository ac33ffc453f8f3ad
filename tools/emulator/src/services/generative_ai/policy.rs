//! The policies of resource principals.

use std::collections::BTreeSet;

use crate::deployment::Verified;
use crate::services::answer::Answer;

/// A resource type in policies.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Resource {
    /// `generative-ai-chat`.
    Chat,
    /// `generative-ai-text-embedding`.
    TextEmbedding,
    /// `generative-ai-text-rerank`.
    TextRerank,
    /// `generative-ai-response`, which is not part of the family.
    Response,
    /// `generative-ai-conversation`, which is not part of the family either.
    Conversation,
    /// `generative-ai-file`.
    File,
    /// `generative-ai-vector-store`.
    VectorStore,
    /// `generative-ai-vectorstore-file`.
    VectorStoreFile,
    /// `generative-ai-container`.
    Container,
    /// `generative-ai-model`.
    Model,
}

/// The resource types without a policy for principals.
#[derive(Debug, Default)]
pub(super) struct Policies(BTreeSet<Resource>);

impl Policies {
    pub(super) fn revoke(&mut self, resource: Resource) {
        self.0.insert(resource);
    }

    /// Refuses a principal without a policy, as if the resource did not exist.
    pub(super) fn check(&self, caller: &Verified, resource: Resource) -> Result<(), Answer> {
        let is_user = caller.resource.starts_with("ocid1.user.");
        if is_user || !self.0.contains(&resource) { Ok(()) } else { Err(Answer::hidden()) }
    }
}
