//! What can be wrong with the configured targets.

use super::endpoint::Refusal;

/// A configured target that must not be called; found at start, so that no call meets it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetsError {
    /// `MODEL_DEPLOYMENTS` is something else than an object of texts.
    #[error(
        "MODEL_DEPLOYMENTS is not a JSON object of aliases and URLs; expected `{{\"iris\": \"https://…\"}}`"
    )]
    NotAnObject,
    /// An alias that has two URLs.
    #[error("MODEL_DEPLOYMENTS has the alias `{0}` more than once")]
    AliasRepeated(String),
    /// An alias whose URL is refused.
    #[error("MODEL_DEPLOYMENTS has a URL that may not be called, that of `{0}`: {1}")]
    Alias(String, Refusal),
    /// `MODEL_DEPLOYMENT` is neither an alias nor an allowed URL.
    #[error(
        "MODEL_DEPLOYMENT is neither an alias of MODEL_DEPLOYMENTS nor a URL that may be called: {0}"
    )]
    Default(Refusal),
}
