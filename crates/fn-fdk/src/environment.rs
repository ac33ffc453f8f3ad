//! The environment of the process; the one place that reads it.

use std::env;

/// The value of a variable, without the blanks around it. One that is set to nothing counts as
/// absent; the error is a value that is not text.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(super) fn var(name: &str) -> Result<Option<String>, NotText> {
    match env::var(name) {
        Ok(value) => Ok(given(&value)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(NotText),
    }
}

/// What is left of a value without the blanks around it; None if that is nothing.
pub(super) fn given(value: &str) -> Option<String> {
    Some(value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// A variable whose value is not text in UTF-8.
pub(super) struct NotText;
