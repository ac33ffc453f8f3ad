//! An error's message, and those of its causes.

use std::error::Error;
use std::io;
use std::iter::successors;

/// Returns an error with its causes.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Returns the message of its last cause.
pub(crate) fn last_cause(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// Returns the first of an error and its causes that is of this type.
pub(crate) fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    causes(error).find_map(|error| {
        // An `io::Error` hides the error that it was made of from `source`.
        let hidden = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let hidden = hidden.map(|hidden| -> &(dyn Error + 'static) { hidden });
        error.downcast_ref().or_else(|| cause(hidden?))
    })
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |error| Error::source(*error))
}
