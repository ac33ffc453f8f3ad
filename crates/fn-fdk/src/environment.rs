//! The environment of the process; nothing else reads it.

use std::env;

/// Returns the value of a variable, without surrounding blanks. An empty variable counts as absent.
/// The error is a value that is not UTF-8.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(super) fn var(name: &str) -> Result<Option<String>, NotText> {
    match env::var(name) {
        Ok(value) => Ok(given(&value)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(NotText),
    }
}

/// Removes surrounding blanks from a value; returns `None` if nothing remains.
pub(super) fn given(value: &str) -> Option<String> {
    Some(value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// A variable whose value is not UTF-8.
pub(super) struct NotText;
