//! What can be wrong with the configured services.

/// A mistake in `ALLOWED_SERVICES`; found at start, so that no call meets it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ServicesError {
    /// It is something else than an object.
    #[error(
        "ALLOWED_SERVICES is not a JSON object of aliases and entries; expected `{{\"chat\": {{\"service\": …, \"open\": […]}}}}`"
    )]
    NotAnObject,
    /// No entry, or too many.
    #[error("ALLOWED_SERVICES has no entry, or more than {0}")]
    Count(usize),
    /// The entry of this number has no alias.
    #[error(
        "ALLOWED_SERVICES: the alias of entry {0} is not 1 to 32 of a-z, 0-9 and `-`, with a letter or a digit first"
    )]
    Alias(usize),
    /// An alias that has two entries.
    #[error("ALLOWED_SERVICES has the alias `{0}` more than once")]
    AliasRepeated(String),
    /// What is wrong with the entry of this alias.
    #[error("ALLOWED_SERVICES: `{0}`: {1}")]
    Entry(String, String),
}
