//! The services.

/// One of the emulated services. Each has a host of its own.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Service {
    /// Generative AI, the calls of models: `inference.generativeai`.
    Inference,
    /// Generative AI, the management of what they need: `generativeai`.
    GenerativeAi,
    /// Language: `language.aiservice`.
    Language,
    /// Object Storage: `objectstorage`.
    ObjectStorage,
    /// Secrets: `secrets.vaults`.
    Secrets,
    /// The messages of queues: `cell-1.queue.messaging`.
    Queue,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Inference,
        Self::GenerativeAi,
        Self::Language,
        Self::ObjectStorage,
        Self::Secrets,
        Self::Queue,
    ];
}
