//! Why a line or an entry of a log is skipped.

use std::fmt;

/// What is not about a call, or cannot be read.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Skipped {
    /// The function wrote something else.
    NoCall,
    /// A call without the two values that make it one.
    NoNumbers,
    /// Somebody else's words.
    NoForm,
    /// JSON that breaks off, is none, or has no end within what a line may have.
    Broken,
}

impl fmt::Display for Skipped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NoCall => "of the function, but about no call",
            Self::NoNumbers => "of a call whose `status` or `ms` cannot be read",
            Self::NoForm => "in none of the forms that `mdfn logs --help` lists",
            Self::Broken => "JSON that breaks off, is not valid or has an entry of more than 1 MiB",
        })
    }
}
