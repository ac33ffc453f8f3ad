//! What can be wrong with the configured targets.

use super::endpoint::Refusal;

/// A configured target that must not be called. It is found at start, before any call.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetsError {
    /// `MODEL_DEPLOYMENTS` is not an object of texts.
    #[error(
        "MODEL_DEPLOYMENTS is not a JSON object of aliases and URLs; expected `{{\"iris\": \"https://…\"}}`"
    )]
    NotAnObject,
    /// An alias that has two URLs.
    #[error("MODEL_DEPLOYMENTS has the alias `{0}` more than once")]
    AliasRepeated(String),
    /// An alias whose URL is refused.
    #[error("MODEL_DEPLOYMENTS: the URL of `{0}` may not be called: {1}")]
    Alias(String, Refusal),
    /// `MODEL_DEPLOYMENT` is neither an alias nor an allowed URL.
    #[error(
        "MODEL_DEPLOYMENT is neither an alias of MODEL_DEPLOYMENTS nor a URL that may be called: {0}"
    )]
    Default(Refusal),
}
